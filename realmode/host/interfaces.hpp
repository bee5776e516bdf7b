// SPDX-License-Identifier: GPL-2.0-only
/// This host's interfaces: their carrier and addresses, as the kernel tells of changes.
#pragma once

#include <boost/asio/posix/stream_descriptor.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/config/lvs_config.hpp"
#include "core/ports/link_state.hpp"
#include "realmode/host/event_loop.hpp"
#include "realmode/host/route_socket.hpp"

namespace lvslab::realmode {

/// Reads all interfaces at its start and again after every message of rtnetlink, or after their
/// loss (ENOBUFS). Until watch() is called no link counts as down.
class Interfaces final : public ports::LinkState {
public:
    /// Throws std::system_error if the kernel gives no sockets. Needs no capability.
    explicit Interfaces(EventLoop& loop);
    ~Interfaces() override;
    Interfaces(const Interfaces&) = delete;
    Interfaces& operator=(const Interfaces&) = delete;

    /// Looks from now on at the interfaces that carry this node's heartbeat addresses in `config`
    /// (pulse.c, check_links), and calls when links_up() has changed; never from within watch().
    /// For a new configuration it is called again.
    void watch(const config::LvsConfig& config, std::function<void(bool up)> changed);
    /// Called after any change of an interface or its addresses.
    void on_change(std::function<void()> changed) { any_change_ = std::move(changed); }

    /// Each of the watched interfaces is up and has carrier. An address that no interface carried
    /// yet has no interface to look at; one whose interface has gone is down.
    bool links_up() const override { return up_; }
    bool is_local(const Address& address) const override;

private:
    void wait();
    void read_messages();
    void read_again();
    void find_watched();
    bool all_have_carrier() const;

    struct Watched {
        Address address;
        int device = 0;  ///< as it was seen last
    };

    RouteSocket route_;
    RouteSocket changes_;
    boost::asio::posix::stream_descriptor readable_;
    std::vector<Interface> interfaces_;
    std::vector<InterfaceAddress> addresses_;
    std::optional<config::LvsConfig> config_;
    std::vector<Watched> watched_;
    std::function<void(bool)> changed_;
    std::function<void()> any_change_;
    bool up_ = true;
    std::shared_ptr<char> alive_;
};

}  // namespace lvslab::realmode
