// SPDX-License-Identifier: GPL-2.0-only
#include "realmode/lab/server_datagrams.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <vector>

namespace lvslab::lab {

void tell_where_datagrams_came(int socket) {
    const int on = 1;
    ::setsockopt(socket, IPPROTO_IP, IP_PKTINFO, &on, sizeof on);
}

std::optional<std::size_t> receive_datagram(int socket, std::span<std::uint8_t> block,
                                            DatagramWay& way) {
    iovec part{block.data(), block.size()};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(in_pktinfo))> control{};
    msghdr message{};
    message.msg_name = &way.from;
    message.msg_namelen = sizeof way.from;
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    const auto size = ::recvmsg(socket, &message, 0);
    if (size < 0) {
        return std::nullopt;
    }
    for (auto* c = CMSG_FIRSTHDR(&message); c != nullptr; c = CMSG_NXTHDR(&message, c)) {
        if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
            in_pktinfo info{};
            std::memcpy(&info, CMSG_DATA(c), sizeof info);
            way.to = info.ipi_addr;
        }
    }
    return static_cast<std::size_t>(size);
}

void send_datagram(int socket, const DatagramWay& way, std::span<const std::uint8_t> head,
                   std::uint64_t size) {
    std::vector<std::uint8_t> bytes(static_cast<std::size_t>(size));
    std::copy_n(head.begin(), std::min(head.size(), bytes.size()), bytes.begin());
    iovec part{bytes.data(), bytes.size()};
    auto to = way.from;
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(in_pktinfo))> control{};
    msghdr message{};
    message.msg_name = &to;
    message.msg_namelen = sizeof to;
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    auto* c = CMSG_FIRSTHDR(&message);
    c->cmsg_level = IPPROTO_IP;
    c->cmsg_type = IP_PKTINFO;
    c->cmsg_len = CMSG_LEN(sizeof(in_pktinfo));
    in_pktinfo info{};
    info.ipi_spec_dst = way.to;
    std::memcpy(CMSG_DATA(c), &info, sizeof info);
    ::sendmsg(socket, &message, MSG_NOSIGNAL);
}

}  // namespace lvslab::lab
