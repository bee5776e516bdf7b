// SPDX-License-Identifier: GPL-2.0-only
/// Faults: what breaks in a run, when, and for how long.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/diagnostic.hpp"
#include "core/base/time.hpp"
#include "core/config/lvs_config.hpp"
#include "core/journal/moment.hpp"
#include "core/scenario/link.hpp"

namespace lvslab::scenario {

enum class FaultKind : std::uint8_t {
    crash,      ///< the machine dies without a word
    restart,    ///< the machine boots: daemons and applications start, what is not at_boot is lost
    hang,       ///< the machine stands still, kernel included
    resume,     ///< a machine that hangs, or daemons that are suspended, go on
    stop,       ///< the application of a server ends: connections are reset, ports refuse
    start,      ///< the application of a server, or the daemons of a router, start again
    slow,       ///< a server works `amount` times as slow; 1 = as before
    suspend,    ///< SIGSTOP to a router's daemons: the kernel goes on forwarding
    kill,       ///< a router's lvsd dies by itself
    cut,        ///< a link carries nothing
    heal,       ///< a link is whole again: no cut, loss or delay of a fault
    loss,       ///< a link loses the share `amount` of its packets
    delay,      ///< a link takes `delay` longer
    release,    ///< an operator hands the service to the partner
    reload,     ///< a router reads its lvs.cf again (SIGHUP), `config` if given
    terminate,  ///< a router's daemons end in good order (SIGTERM)
};
std::string_view name_of(FaultKind kind);

/// What a fault strikes.
struct FaultTarget {
    enum class Kind : std::uint8_t {
        router,
        active_router,   ///< whoever is active when the fault strikes; the first if there are two
        standby_router,  ///< whoever is not
        server,
        data_server,
        gateway,
        heartbeat,  ///< the heartbeats alone, on the path `side` or on both
    };

    Kind kind = Kind::router;
    unsigned index = 0;    ///< of router, server and data_server: into the scenario's vector
    bool standby = false;  ///< of a data server or the gateway: its pair's second node
    std::optional<NetworkSide> side;  ///< where a link is meant; unset = all links of the node
};

struct Fault {
    /// Which way packets that a link loses go, seen from the target; a heartbeat's paths have none.
    enum class Way : std::uint8_t { both, in, out };

    FaultKind kind = FaultKind::crash;
    FaultTarget target;
    std::optional<Time> at;                ///< else `after`
    std::optional<journal::Moment> after;  ///< each time that it happens
    Duration wait{};                       ///< after the moment
    std::optional<Duration> length;        ///< undone after it
    std::optional<Duration> every;         ///< strikes again so long after it struck ...
    std::optional<unsigned> times;         ///< ... so often in all; unset = to the run's end
    Way way = Way::both;
    double amount = 0;        ///< slow: factor; loss: probability
    Duration delay{};         ///< delay: how much longer, each way that `way` names
    std::string config_path;  ///< reload: as written in the scenario
    std::shared_ptr<const config::LvsConfig> config;  ///< reload: null = the router's own again
    std::string what;                                 ///< "crash lvs1", "cut lvs1 public out"
    SourceLocation location;
};

/// What undoes a fault after its `length`; nothing for a fault that has no length. (slow is undone
/// by slow with amount 1, loss and delay by heal.)
std::optional<FaultKind> undone_by(FaultKind kind);

/// What undoing it is called: "restart lvs1" of "crash lvs1", "heal lvs1 public" of "cut lvs1
/// public"; empty if there is no such thing.
std::string undone_what(const Fault& fault);

}  // namespace lvslab::scenario
