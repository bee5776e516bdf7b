// SPDX-License-Identifier: GPL-2.0-only
/// A router's heartbeats as UDP datagrams of this host.
#pragma once

#include <boost/asio/ip/udp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/base/diagnostic.hpp"
#include "core/config/lvs_config.hpp"
#include "core/ports/heartbeat_link.hpp"
#include "core/ports/link_state.hpp"
#include "realmode/host/event_loop.hpp"
#include "realmode/host/heartbeat_key.hpp"
#include "realmode/host/heartbeat_numbers.hpp"

namespace lvslab::realmode {

/// The key and the file that outlives the process, so that a restart opens no door to replays.
struct HeartbeatAuthentication {
    HeartbeatKey key;
    std::string numbers_file;
};

/// Bound to heartbeat_port on this node's address of each path; speaks to the partner's address
/// and that port. Datagrams of others are counted, noted once a minute at most, and dropped; with
/// a key those that it did not make, or that were heard before, too.
///
/// An address that no interface carries yet, or a port that is in use after a reload, is one note
/// and is tried again each second.
class HeartbeatSockets final : public ports::HeartbeatLink {
public:
    using Heard = std::function<void(pulse::Path, std::span<const std::uint8_t>)>;
    using Note = std::function<void(std::string)>;

    /// An error if the port is in use or may not be bound; a warning for an address that is not
    /// there. `links` tells which addresses are this node's, and outlives the sockets. `heard` is
    /// called from the loop or from read(), never from within another function here.
    static Checked<std::unique_ptr<HeartbeatSockets>> open(
        EventLoop& loop, const config::LvsConfig& config, const ports::LinkState& links,
        std::optional<HeartbeatAuthentication> authentication, Heard heard, Note note);

    ~HeartbeatSockets() override;
    HeartbeatSockets(const HeartbeatSockets&) = delete;
    HeartbeatSockets& operator=(const HeartbeatSockets&) = delete;

    void send(pulse::Path path, const pulse::WireWord& payload) override;

    /// Other addresses or another port; what did not change stays open.
    void reconfigure(const config::LvsConfig& config);
    /// Hands in what waits in the sockets: before due alarms (LoopTimers::read_first).
    void read();

    /// Datagrams that were dropped since the start.
    std::uint64_t strangers() const;
    std::uint64_t forged_or_replayed() const;

private:
    class Sockets;
    explicit HeartbeatSockets(std::shared_ptr<Sockets> sockets);
    std::shared_ptr<Sockets> sockets_;
};

}  // namespace lvslab::realmode
