// SPDX-License-Identifier: GPL-2.0-only
#include "tests/real/dataplane/kernel_world.hpp"

#include <sched.h>

#include <cerrno>
#include <stdexcept>
#include <system_error>

namespace lvslab {
namespace {

oracle::DirectorLink link_of_new_namespace() {
    if (unshare(CLONE_NEWNET) != 0) {
        throw std::system_error(errno, std::generic_category(), "no network namespace");
    }
    return oracle::DirectorLink();
}

oracle::Endpoint plain(const Endpoint& e) {
    return {e.address, e.port.value()};
}

Endpoint strong(const Address& address, std::uint16_t port) {
    return {address, Port{port}};
}

}  // namespace

KernelWorld::KernelWorld(const realmode::NetlinkSocket::Options& options)
    : link_(link_of_new_namespace()) {
    auto opened = realmode::KernelIpvs::open(
        [this](std::string note) { notes_ += std::move(note) + "\n"; }, options);
    if (!opened) {
        throw std::runtime_error(opened.diagnostics.to_string());
    }
    kernel_ = std::move(*opened);
}

/// Real servers are neighbours on the link, each with its own station.
void KernelWorld::know_servers() {
    const auto table = kernel_->dump();
    if (!table) {
        throw std::runtime_error(table.diagnostics.to_string());
    }
    for (const auto& service : table->services) {
        for (const auto& d : service.destinations) {
            link_.know_server(d.server.address);
        }
    }
}

std::optional<Endpoint> KernelWorld::open_connection(Protocol protocol, const Endpoint& client,
                                                     const Endpoint& to) {
    know_servers();
    const bool udp = protocol == Protocol::udp;
    const auto syn = udp ? std::uint8_t{0} : *oracle::tcp_flags_of("S");
    for (const auto& frame : link_.exchange({plain(client), plain(to), udp, syn})) {
        if (frame.kind == oracle::SeenFrame::Kind::icmp || frame.source == plain(to)) {
            continue;
        }
        if (frame.tunnel) {
            return strong(*frame.tunnel, frame.destination.port);
        }
        if (frame.destination == plain(to)) {
            const auto server = link_.server_at(frame.next_hop);
            return server ? std::optional{strong(*server, frame.destination.port)} : std::nullopt;
        }
        return strong(frame.destination.address, frame.destination.port);
    }
    return std::nullopt;
}

}  // namespace lvslab
