// SPDX-License-Identifier: GPL-2.0-only
#include "realmode/host/announcer.hpp"

#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <span>

#include "realmode/host/neighbour_advertisement.hpp"

namespace lvslab::realmode {
namespace {

/// As the kernel's own advertisements have it (ndisc.c, ndisc_send_na).
bool forwards(const std::string& interface) {
    std::ifstream file("/proc/sys/net/ipv6/conf/" + interface + "/forwarding");
    int value = 0;
    return file >> value && value != 0;
}

}  // namespace

// Protocol 0: this socket is handed nothing that arrives.
Announcer::Announcer() : socket_(::socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
    if (socket_ < 0) {
        throw std::system_error(errno, std::generic_category(),
                                "packet socket for gratuitous ARP (CAP_NET_RAW)");
    }
}

Announcer::~Announcer() {
    ::close(socket_);
}

std::error_code Announcer::announce(const Address& address, const Interface& interface) {
    if (!interface.hardware_address) {
        return {};
    }
    const auto send = [&](std::span<const std::uint8_t> frame) -> std::error_code {
        sockaddr_ll to{};
        to.sll_family = AF_PACKET;
        to.sll_ifindex = interface.index;
        to.sll_protocol = htons(address.is_v4() ? ETHERTYPE_ARP : ETHERTYPE_IPV6);
        const auto sent = ::sendto(socket_, frame.data(), frame.size(), 0,
                                   reinterpret_cast<const sockaddr*>(&to), sizeof to);
        return sent < 0 ? std::error_code{errno, std::generic_category()} : std::error_code{};
    };
    const auto& owner = *interface.hardware_address;
    return address.is_v4()
               ? send(gratuitous_arp(address, owner))
               : send(unsolicited_advertisement(address, owner, forwards(interface.name)));
}

}  // namespace lvslab::realmode
