// SPDX-License-Identifier: GPL-2.0-only
/// One probe under way: a conversation over a TCP connection or by datagrams, and who holds it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "core/health/probe.hpp"
#include "core/ports/timers.hpp"
#include "core/scenario/scenario.hpp"
#include "sim/packet/ns3.hpp"

namespace lvslab::packet_world {

/// What a probe needs of its prober.
class ProbeOwner {
public:
    virtual ~ProbeOwner() = default;
    /// An alarm of the node that does nothing if the probe is gone by then.
    virtual ports::TimerId at(std::uint64_t probe, Time when, std::function<void()> call) = 0;
    virtual void cancel(ports::TimerId timer) = 0;
    virtual Time now() const = 0;
    /// The verdict; the probe is destroyed by a later alarm.
    virtual void finished(std::uint64_t probe, bool up) = 0;
};

/// What happens on a line to a server.
class LineUser {
public:
    virtual ~LineUser() = default;
    virtual void connected() = 0;
    virtual void heard(std::string_view bytes) = 0;
    /// The other side has ended its stream in order.
    virtual void ended() = 0;
    /// Reset, or unreachable.
    virtual void broken() = 0;
};

/// A TCP connection, or a UDP socket that is connected. Tells its user only from alarms of the
/// node. Its destructor closes it in order if it stands, and else without a word.
class Line {
public:
    virtual ~Line() = default;
    virtual void say(std::string_view bytes) = 0;
    /// The machine has died: not even a FIN.
    virtual void drop() = 0;
};

/// `defer` calls what it is given from an alarm of the node, unless the line is gone.
using Defer = std::function<void(std::function<void()>)>;
std::unique_ptr<Line> make_line(const ns3::Ptr<ns3::Node>& node, Protocol protocol,
                                const Endpoint& server, LineUser& user, Defer defer);

/// A probe under way.
class ProbeRun {
public:
    virtual ~ProbeRun() = default;
    virtual void begin() = 0;
    virtual void drop() = 0;
};

/// The probe as a run on this node. A program does what the scenario declares.
std::unique_ptr<ProbeRun> make_probe_run(ProbeOwner& owner, std::uint64_t id,
                                         const health::Probe& probe,
                                         const ns3::Ptr<ns3::Node>& node,
                                         const scenario::Scenario& scenario);

}  // namespace lvslab::packet_world
