// SPDX-License-Identifier: GPL-2.0-only
#include "tests/real/oracle/netlink.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>

namespace lvslab::oracle {
namespace {

constexpr std::size_t message_header = sizeof(nlmsghdr);
constexpr std::size_t attribute_header = sizeof(nlattr);

constexpr std::size_t aligned(std::size_t length) {
    return (length + 3) & ~std::size_t{3};
}

[[noreturn]] void fail(const char* what) {
    throw std::system_error(errno, std::generic_category(), what);
}

}  // namespace

NetlinkRequest::NetlinkRequest(std::uint16_t type, std::uint16_t flags) {
    nlmsghdr h{};
    h.nlmsg_type = type;
    h.nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | flags);
    header({reinterpret_cast<const std::uint8_t*>(&h), sizeof h});
}

void NetlinkRequest::pad() {
    bytes_.resize(aligned(bytes_.size()));
}

void NetlinkRequest::header(std::span<const std::uint8_t> bytes) {
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
    pad();
}

void NetlinkRequest::attribute(int type, std::span<const std::uint8_t> value) {
    nlattr a{};
    a.nla_type = static_cast<std::uint16_t>(type);
    a.nla_len = static_cast<std::uint16_t>(attribute_header + value.size());
    const auto* raw = reinterpret_cast<const std::uint8_t*>(&a);
    bytes_.insert(bytes_.end(), raw, raw + sizeof a);
    bytes_.insert(bytes_.end(), value.begin(), value.end());
    pad();
}

void NetlinkRequest::text(int type, std::string_view value) {
    std::vector<std::uint8_t> terminated(value.begin(), value.end());
    terminated.push_back(0);
    attribute(type, terminated);
}

std::size_t NetlinkRequest::begin_nest(int type) {
    const auto place = bytes_.size();
    attribute(type | NLA_F_NESTED, {});
    return place;
}

void NetlinkRequest::end_nest(std::size_t place) {
    const auto length = static_cast<std::uint16_t>(bytes_.size() - place);
    std::memcpy(bytes_.data() + place, &length, sizeof length);
}

std::span<const std::uint8_t> NetlinkRequest::finish() {
    const auto length = static_cast<std::uint32_t>(bytes_.size());
    std::memcpy(bytes_.data(), &length, sizeof length);
    return bytes_;
}

Attributes attributes_of(std::span<const std::uint8_t> bytes) {
    Attributes found;
    while (bytes.size() >= attribute_header) {
        nlattr a{};
        std::memcpy(&a, bytes.data(), sizeof a);
        if (a.nla_len < attribute_header || a.nla_len > bytes.size()) {
            break;
        }
        found[a.nla_type & NLA_TYPE_MASK] =
            bytes.subspan(attribute_header, a.nla_len - attribute_header);
        bytes = bytes.subspan(std::min(aligned(a.nla_len), bytes.size()));
    }
    return found;
}

NetlinkSocket::NetlinkSocket(int protocol)
    : socket_(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol)) {
    if (socket_ < 0) {
        fail("netlink socket");
    }
}

NetlinkSocket::~NetlinkSocket() {
    close(socket_);
}

int NetlinkSocket::ask(NetlinkRequest& request,
                       const std::function<void(std::span<const std::uint8_t>)>& answer) {
    const auto bytes = request.finish();
    if (send(socket_, bytes.data(), bytes.size(), 0) < 0) {
        fail("netlink send");
    }
    std::vector<std::uint8_t> buffer(65536);
    for (;;) {
        const ssize_t got = recv(socket_, buffer.data(), buffer.size(), 0);
        if (got < 0) {
            fail("netlink receive");
        }
        std::span<const std::uint8_t> rest(buffer.data(), static_cast<std::size_t>(got));
        while (rest.size() >= message_header) {
            nlmsghdr h{};
            std::memcpy(&h, rest.data(), sizeof h);
            const auto payload = rest.subspan(message_header, h.nlmsg_len - message_header);
            if (h.nlmsg_type == NLMSG_ERROR || h.nlmsg_type == NLMSG_DONE) {
                int error = 0;
                if (payload.size() >= sizeof error) {
                    std::memcpy(&error, payload.data(), sizeof error);
                }
                return -error;
            }
            if (answer) {
                answer(payload);
            }
            rest = rest.subspan(std::min(aligned(h.nlmsg_len), rest.size()));
        }
    }
}

}  // namespace lvslab::oracle
