// SPDX-License-Identifier: GPL-2.0-only
/// What pulse hears and what it wants done: plain values, so that every world can play them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "core/base/time.hpp"
#include "core/pulse/settings.hpp"
#include "core/pulse/words.hpp"

namespace lvslab::pulse {

/// The two ways a heartbeat takes. Each node sends on both and listens on both.
enum class Path { public_net, private_net };
std::string_view to_string(Path path);

// ---- events ----

/// How a node begins.
enum class Start {
    cold,            ///< as the program starts: inactive, and nobody was heard yet
    settled_active,  ///< in the middle of its work, active for long
    settled_backup,  ///< the same, standing by beside an active partner
    /// Cold, but this node was active when its program died, and what it held is cleared up: its
    /// partner's deadline is running, or the partner has the service already.
    after_active,
};
/// The node begins. The first event of a machine, and no other before it.
struct Started {
    Start how = Start::cold;
    /// From now to the first heartbeat; unset = keepalive. After_active says its own at once.
    std::optional<Duration> first_heartbeat{};
    Duration heard_ago{};  ///< settled: since the partner's last word
};
/// The configuration changed while the node runs. Throws as the constructor does.
struct Reconfigured {
    Settings settings;
};
/// The active node has new addresses beside the old ones: all are announced again.
struct AddressesRaised {};
/// A datagram came from one of the partner's heartbeat addresses (others are the world's to drop).
struct Heard {
    Path path = Path::public_net;
    ReadWord word = Word::stopped;
};
/// The time that next_deadline() gave has come, or is long gone if the node was held up.
struct Woken {};
/// The router process (Piranha's lvsd) ended by itself.
struct RouterDied {};
/// The state of the node's own heartbeat links: up means every one of them has carrier.
struct LinksAre {
    bool up = true;
};
/// An operator hands the service to the partner.
struct Released {};
/// The node is shut down in good order (SIGTERM). The machine does nothing from then on.
struct Terminated {};

using Event = std::variant<Started, Reconfigured, AddressesRaised, Heard, Woken, RouterDied,
                           LinksAre, Released, Terminated>;

// ---- actions ----

/// Why a node became active or inactive.
enum class Reason {
    settled,          ///< active when the run begins
    forced,           ///< active from the start (pulse --forceactive)
    partner_silent,   ///< no word for deadtime
    partner_stopped,  ///< the partner says that it is inactive
    failback,         ///< the primary takes back what is its own (failback = primary)
    partner_running,  ///< both were active, and the backup yields
    router_died,      ///< local fault: the router process ended
    links_down,       ///< local fault: a monitored link lost its carrier
    released,         ///< handed over on purpose
    terminated,       ///< shut down
};
std::string_view to_string(Reason reason);

/// The role changed. Comes first of the actions that make it so.
struct RoleChanged {
    bool active = false;
    Reason reason = Reason::partner_silent;
    friend bool operator==(const RoleChanged&, const RoleChanged&) = default;
};
/// Send one datagram to the partner's address on this path.
struct SendHeartbeat {
    Path path = Path::public_net;
    Word word = Word::stopped;
    friend bool operator==(const SendHeartbeat&, const SendHeartbeat&) = default;
};
/// Run active_cmd or inactive_cmd; nobody waits for its end.
struct RunScript {
    std::string command;
    friend bool operator==(const RunScript&, const RunScript&) = default;
};
/// Start the router: services, checks, real servers.
struct StartRouter {
    friend bool operator==(const StartRouter&, const StartRouter&) = default;
};
/// Stop the router, or clear what a dead one left behind.
struct StopRouter {
    friend bool operator==(const StopRouter&, const StopRouter&) = default;
};
enum class SyncRole { master, backup };
/// Restart the kernel's connection synchronisation in this role.
struct SetSyncRole {
    SyncRole role = SyncRole::backup;
    friend bool operator==(const SetSyncRole&, const SetSyncRole&) = default;
};
/// Raise every floating address: each VIP once, and the NAT router's address under NAT.
struct RaiseAddresses {
    friend bool operator==(const RaiseAddresses&, const RaiseAddresses&) = default;
};
struct LowerAddresses {
    friend bool operator==(const LowerAddresses&, const LowerAddresses&) = default;
};
/// Send one gratuitous ARP for each floating address; `nth` counts from 1 to 5.
struct AnnounceAddresses {
    int nth = 1;
    friend bool operator==(const AnnounceAddresses&, const AnnounceAddresses&) = default;
};

/// Things worth a line in a log that change no role.
enum class Notice {
    word_refused,      ///< detail: what was found
    both_active,       ///< the primary hears "running" while it is active, and announces again
    announced,         ///< the five announcements are out
    fault_cleared,     ///< the partner runs, so a dead router no longer bars this node
    links_up,          ///< the links are back: the node takes part again
    links_down,        ///< a link is down: the node stays out
    no_backup_wanted,  ///< this is the backup node and backup_active is 0: it ends
};
std::string_view to_string(Notice notice);

struct Note {
    Notice what = Notice::announced;
    std::string detail;
    friend bool operator==(const Note&, const Note&) = default;
};

using Action = std::variant<RoleChanged, SendHeartbeat, RunScript, StartRouter, StopRouter,
                            SetSyncRole, RaiseAddresses, LowerAddresses, AnnounceAddresses, Note>;

}  // namespace lvslab::pulse
