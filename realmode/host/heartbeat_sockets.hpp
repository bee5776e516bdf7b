// SPDX-License-Identifier: GPL-2.0-only
/// A router's heartbeats as UDP datagrams of this host.
#pragma once

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

namespace lvslab::realmode {

/// The key, and the file of HeartbeatNumbers: so a restart opens no door to what was recorded.
struct HeartbeatAuthentication {
    HeartbeatKey key;
    std::string numbers_file;
};

/// Bound to heartbeat_port on this node's address of each path; speaks to the partner's address
/// and that port. Datagrams of others are counted, noted once a minute at most, and dropped; with
/// a key also those that it did not make, and those that were heard before.
///
/// An address that no interface carries yet, or a port that a reload finds in use, is one note and
/// is tried again each second.
class HeartbeatSockets final : public ports::HeartbeatLink {
public:
    using Heard = std::function<void(pulse::Path, std::span<const std::uint8_t>)>;
    using Note = std::function<void(std::string)>;

    /// Datagrams that are handed in at a time, of each socket: as many as a socket keeps for a
    /// process that is held up (net.core.rmem_default). A flood does not keep the loop longer.
    static constexpr int most_at_a_time = 256;

    /// An error for each address whose port is in use or may not be bound; a warning for one that
    /// is not there. `links` tells which addresses are this node's, and outlives the sockets.
    /// `heard` is called from the loop or from read(), and calls no function here but send().
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

    /// What was dropped since the start.
    struct Dropped {
        std::uint64_t of_strangers = 0;  ///< from other addresses or ports than the partner's
        std::uint64_t forged = 0;        ///< not made with the key for this way
        std::uint64_t replayed = 0;      ///< made with the key, and not newer than what was heard
        friend bool operator==(const Dropped&, const Dropped&) = default;
    };
    Dropped dropped() const;

private:
    class Sockets;
    explicit HeartbeatSockets(std::shared_ptr<Sockets> sockets);
    std::shared_ptr<Sockets> sockets_;  ///< calls of Asio that come after the end hold it
};

}  // namespace lvslab::realmode
