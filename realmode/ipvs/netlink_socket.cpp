// SPDX-License-Identifier: GPL-2.0-only
#include "realmode/ipvs/netlink_socket.hpp"

#include <linux/netlink.h>
#include <netlink/attr.h>
#include <netlink/errno.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <system_error>
#include <utility>

#include <fmt/format.h>

namespace lvslab::realmode {
namespace {

/// One system call's worth of requests: they fit into libnl's send buffer, and all of their
/// refusals into the receive buffer.
constexpr std::size_t chunk_bytes = 32 * 1024;
constexpr std::size_t chunk_messages = 512;
constexpr int most_dumps = 10;
/// The kernel fills dumps up to 32 KiB a read, if the reader has room for them (netlink_dump).
constexpr std::size_t read_bytes = 32 * 1024;
constexpr int largest_receive_buffer = 1 << 28;

nlmsghdr header_of(const std::uint8_t* message) {
    nlmsghdr header{};
    std::memcpy(&header, message, sizeof header);
    return header;
}

void append(std::vector<std::uint8_t>& bytes, const NetlinkMessage& message, std::uint32_t sequence,
            std::uint16_t more_flags) {
    const auto at = bytes.size();
    bytes.insert(bytes.end(), message.begin(), message.end());
    bytes.resize(at + NLMSG_ALIGN(message.size()));
    auto header = header_of(message.data());
    header.nlmsg_seq = sequence;
    header.nlmsg_flags = static_cast<std::uint16_t>(header.nlmsg_flags | more_flags);
    std::memcpy(bytes.data() + at, &header, sizeof header);
}

/// What stands behind the header that the kernel sends back of a request (NETLINK_EXT_ACK).
std::string extended_text(nlmsghdr* header) {
    const auto* error = static_cast<const nlmsgerr*>(nlmsg_data(header));
    if ((header->nlmsg_flags & NLM_F_ACK_TLVS) == 0) {
        return {};
    }
    const bool capped = (header->nlmsg_flags & NLM_F_CAPPED) != 0;
    const auto skipped = NLMSG_ALIGN(capped ? sizeof *error : sizeof(int) + error->msg.nlmsg_len);
    if (header->nlmsg_len < NLMSG_HDRLEN + skipped) {
        return {};
    }
    nlattr* found = nlmsg_find_attr(header, static_cast<int>(skipped), NLMSGERR_ATTR_MSG);
    return found == nullptr ? std::string{} : std::string(nla_get_string(found));
}

NetlinkAnswer answer_in(nlmsghdr* header) {
    if (nlmsg_datalen(header) < static_cast<int>(sizeof(nlmsgerr))) {
        return {EBADMSG, {}};
    }
    const auto* error = static_cast<const nlmsgerr*>(nlmsg_data(header));
    return {-error->error, error->error == 0 ? std::string{} : extended_text(header)};
}

/// libnl's numbers of errors of the socket itself; those of the kernel's answers never come here.
int errno_of(int libnl_error) {
    switch (-libnl_error) {
        case NLE_NOMEM:  // ENOMEM and ENOBUFS
            return ENOBUFS;
        case NLE_AGAIN:
            return EAGAIN;
        case NLE_PERM:
        case NLE_NOACCESS:
            return EPERM;
        case NLE_MSG_TRUNC:
        case NLE_MSGSIZE:
            return EMSGSIZE;
        default:
            return EIO;
    }
}

/// What one read brought.
struct Read {
    std::unique_ptr<unsigned char, decltype(&std::free)> bytes{nullptr, &std::free};
    int size = 0;  ///< < 0: a number of libnl

    /// Calls for each message; stops, and says so, when `visit` returns false.
    template <class Visit>
    bool each(Visit visit) const {
        auto* message = reinterpret_cast<nlmsghdr*>(bytes.get());
        for (int rest = size; nlmsg_ok(message, rest) != 0; message = nlmsg_next(message, &rest)) {
            if (!visit(message)) {
                return false;
            }
        }
        return true;
    }
};

Read read_from(nl_sock* socket) {
    Read read;
    sockaddr_nl from{};
    unsigned char* bytes = nullptr;
    do {
        read.size = nl_recv(socket, &from, &bytes, nullptr);
    } while (read.size > 0 && from.nl_pid != 0 && (std::free(bytes), true));
    if (read.size > 0) {
        read.bytes.reset(bytes);
    }
    return read;
}

/// Whatever still waits to be read is of no request that anybody waits for.
void drain(nl_sock* socket) {
    std::vector<std::uint8_t> nowhere(read_bytes);
    const int fd = nl_socket_get_fd(socket);
    while (recv(fd, nowhere.data(), nowhere.size(), MSG_DONTWAIT) >= 0 || errno == ENOBUFS ||
           errno == EINTR) {
    }
}

}  // namespace

std::string NetlinkAnswer::to_string() const {
    const auto words = std::generic_category().message(error);
    return text.empty() ? words : fmt::format("{}: {}", words, text);
}

void NetlinkSocket::Free::operator()(nl_sock* socket) const {
    nl_socket_free(socket);
}

NetlinkSocket::NetlinkSocket(NetlinkSocket&&) noexcept = default;
NetlinkSocket& NetlinkSocket::operator=(NetlinkSocket&&) noexcept = default;
NetlinkSocket::~NetlinkSocket() = default;

Checked<NetlinkSocket> NetlinkSocket::open(const Options& options) {
    Checked<NetlinkSocket> opened;
    NetlinkSocket socket(nl_socket_alloc());
    const int error = socket.socket_ ? genl_connect(socket.socket_.get()) : -NLE_NOMEM;
    if (error < 0) {
        opened.diagnostics.error({"netlink"}, fmt::format("no socket: {}", nl_geterror(-error)));
        return opened;
    }
    const int fd = nl_socket_get_fd(socket.socket_.get());
    const int on = 1;
    // Kernels that know neither answer in more bytes and fewer words.
    setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof on);
    setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof on);
    nl_socket_disable_msg_peek(socket.socket_.get());
    // What has not been said when a send returns will never be said.
    if (const int failed = nl_socket_set_nonblocking(socket.socket_.get()); failed < 0) {
        opened.diagnostics.error({"netlink"}, fmt::format("no socket: {}", nl_geterror(-failed)));
        return opened;
    }
    nl_socket_set_msg_buf_size(socket.socket_.get(), read_bytes);
    socket.set_receive_buffer(options.receive_buffer);
    opened.value = std::move(socket);
    return opened;
}

/// Beyond net.core.rmem_max where that is allowed (CAP_NET_ADMIN).
void NetlinkSocket::set_receive_buffer(int bytes) {
    receive_buffer_ = bytes;
    const int fd = nl_socket_get_fd(socket_.get());
    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes) != 0) {
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
    }
}

void NetlinkSocket::overrun() {
    ++overruns_;
    drain(socket_.get());
    set_receive_buffer(std::min(largest_receive_buffer, std::max(receive_buffer_, 1 << 14) * 2));
}

std::optional<std::uint16_t> NetlinkSocket::family(const char* name) {
    const int found = genl_ctrl_resolve(socket_.get(), name);
    return found > 0 ? std::optional{static_cast<std::uint16_t>(found)} : std::nullopt;
}

NetlinkAnswer NetlinkSocket::send(std::vector<std::uint8_t>& bytes) {
    const int sent = nl_sendto(socket_.get(), bytes.data(), bytes.size());
    return sent < 0 ? NetlinkAnswer{errno_of(sent), {}} : NetlinkAnswer{};
}

NetlinkAnswer NetlinkSocket::ask(const NetlinkMessage& request) {
    const auto answers = ask_all({&request, 1});
    return answers[0].value_or(NetlinkAnswer{ENOBUFS, {}});
}

std::vector<std::optional<NetlinkAnswer>> NetlinkSocket::ask_all(
    std::span<const NetlinkMessage> requests) {
    std::vector<std::optional<NetlinkAnswer>> answers(requests.size());
    for (std::size_t begin = 0; begin < requests.size();) {
        std::size_t end = begin;
        for (std::size_t bytes = 0; end < requests.size() && end - begin < chunk_messages; ++end) {
            bytes += NLMSG_ALIGN(requests[end].size());
            if (bytes > chunk_bytes && end > begin) {
                break;
            }
        }
        ask_chunk(requests.subspan(begin, end - begin),
                  Answers(answers).subspan(begin, end - begin));
        begin = end;
    }
    return answers;
}

/// Only the last one asks for an acknowledgement: the kernel takes them one after the other, and
/// says nothing of the others but refusals.
void NetlinkSocket::ask_chunk(std::span<const NetlinkMessage> requests, Answers answers) {
    std::vector<std::uint8_t> bytes;
    const auto first = sequence_ + 1;
    for (std::size_t i = 0; i < requests.size(); ++i) {
        const bool last = i + 1 == requests.size();
        append(bytes, requests[i], ++sequence_, last ? std::uint16_t{NLM_F_ACK} : std::uint16_t{0});
    }
    sent_ += requests.size();
    if (const auto sent = send(bytes); !sent.ok()) {
        std::ranges::fill(answers, std::optional{sent});
        return;
    }
    if (!take_answers(first, answers)) {
        overrun();
        return;
    }
    // netlink_rcv_skb acknowledges all but what ended with EINTR.
    if (!answers.back()) {
        answers.back() = NetlinkAnswer{EINTR, {}};
    }
    for (auto& answer : answers) {
        if (!answer) {
            answer = NetlinkAnswer{};
        }
    }
}

/// Up to the answer to the last request, or until there is no more; false if any may have been
/// lost.
bool NetlinkSocket::take_answers(std::uint32_t first, Answers answers) {
    for (bool all = false; !all;) {
        const auto read = read_from(socket_.get());
        if (read.size == -NLE_AGAIN) {
            return true;
        }
        if (read.size <= 0) {
            return false;
        }
        read.each([&](nlmsghdr* header) {
            const auto nth = header->nlmsg_seq - first;
            if (header->nlmsg_type == NLMSG_ERROR && nth < answers.size()) {
                answers[nth] = answer_in(header);
                all = all || nth + 1 == answers.size();
            }
            return true;
        });
    }
    return true;
}

NetlinkDump NetlinkSocket::dump(const NetlinkMessage& request) {
    return listed(request, NLM_F_DUMP);
}

NetlinkDump NetlinkSocket::get(const NetlinkMessage& request) {
    return listed(request, NLM_F_ACK);
}

NetlinkDump NetlinkSocket::listed(const NetlinkMessage& request, std::uint16_t flags) {
    NetlinkDump dump;
    for (int i = 0; i < most_dumps; ++i) {
        dump = {};
        const auto pass = list_once(request, flags, dump);
        if (pass == Pass::whole || pass == Pass::failed) {
            return dump;
        }
        if (pass == Pass::overrun) {
            overrun();
            dump.answer = {ENOBUFS, {}};
        } else {
            dump.answer = {EINTR, "it changes faster than it can be listed"};
        }
    }
    dump.messages.clear();
    return dump;
}

NetlinkSocket::Pass NetlinkSocket::list_once(const NetlinkMessage& request, std::uint16_t flags,
                                             NetlinkDump& dump) {
    std::vector<std::uint8_t> bytes;
    append(bytes, request, ++sequence_, flags);
    ++sent_;
    dump.answer = send(bytes);
    if (!dump.answer.ok()) {
        return Pass::failed;
    }
    bool interrupted = false;
    for (bool done = false; !done;) {
        const auto read = read_from(socket_.get());
        if (read.size <= 0) {
            dump.answer = {read.size == 0 ? EIO : errno_of(read.size), {}};
            return dump.answer.error == ENOBUFS ? Pass::overrun : Pass::failed;
        }
        read.each([&](nlmsghdr* header) {
            if (header->nlmsg_seq != sequence_) {
                return true;
            }
            interrupted = interrupted || (header->nlmsg_flags & NLM_F_DUMP_INTR) != 0;
            if (header->nlmsg_type == NLMSG_ERROR) {
                dump.answer = answer_in(header);
            } else if (header->nlmsg_type == NLMSG_DONE) {
                int error = 0;
                if (nlmsg_datalen(header) >= static_cast<int>(sizeof error)) {
                    std::memcpy(&error, nlmsg_data(header), sizeof error);
                }
                dump.answer = {error < 0 ? -error : 0, {}};
            } else {
                const auto* begin = reinterpret_cast<const std::uint8_t*>(header);
                dump.messages.emplace_back(begin, begin + header->nlmsg_len);
                return true;
            }
            done = true;
            return false;
        });
    }
    if (!dump.answer.ok()) {
        return Pass::failed;
    }
    return interrupted ? Pass::interrupted : Pass::whole;
}

}  // namespace lvslab::realmode
