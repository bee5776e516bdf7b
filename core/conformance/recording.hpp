// SPDX-License-Identifier: GPL-2.0-only
/// What a real kernel did, as text: one JSON object a line. The format is told in
/// tests/data/kernel-traces/README.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/diagnostic.hpp"
#include "core/ipvs/ipvs.hpp"

namespace lvslab::conformance {

/// The counters of one real server: a row of `cnt`.
struct ServerCounters {
    Endpoint server;
    std::int64_t weight = 0;
    std::int64_t active = 0;
    std::int64_t inactive = 0;
    std::int64_t persistent = 0;
    friend bool operator==(const ServerCounters&, const ServerCounters&) = default;
};

/// One entry of /proc/net/ip_vs_conn: a row of `conns`.
struct ListedConnection {
    std::string protocol;  ///< "TCP", "UDP", "IP"
    std::string client;
    std::string virtual_endpoint;
    std::string server;
    std::string state;
    std::int64_t seconds_left = 0;
};

/// A rule that marks packets: of an `sh` line.
struct MarkRule {
    std::optional<Network> destination;
    std::optional<Protocol> protocol;
    std::optional<Port> port;
    Fwmark mark;
};

enum class Op : std::uint8_t {
    env,
    timeout,
    sysctl,
    add_service,
    edit_service,
    remove_service,
    add_server,
    edit_server,
    remove_server,
    in,
    rs,
    shell,
    sleep,
    counters_on,
    counters,
    connections,
};

/// One line. What a line of its kind does not have is empty.
struct Event {
    Op op = Op::env;
    unsigned line = 0;
    Time time;
    Time end;          ///< of a sleep, or of the reading of a list
    std::string text;  ///< the line itself, for reports

    std::string service_name;
    std::optional<ipvs::ServiceKey> key;  ///< svc+ and svc= with their command
    std::optional<ipvs::ServiceSettings> settings;
    std::string scheduler;  ///< svc= without a command
    Endpoint server;
    ipvs::DestinationSettings server_settings;
    ipvs::Timeouts timeouts;
    std::optional<int> error;  ///< errno of a change, positive

    ipvs::TcpFlags flags = ipvs::TcpFlags::none;
    Protocol protocol = Protocol::tcp;
    Endpoint client;
    Endpoint virtual_endpoint;
    std::optional<Fwmark> mark;  ///< of a packet; unset = what the rules say
    bool unseen = false;         ///< nobody saw what became of the packet: played, not compared
    std::optional<Endpoint> to;
    std::optional<ipvs::ForwardingMethod> method;
    bool has_icmp = false;
    int icmp_type = 0;
    int icmp_code = 0;
    std::string reply;  ///< flags of the director's own answer
    bool ok = false;

    std::optional<std::vector<ServerCounters>> counters;
    std::vector<ListedConnection> connections;
    std::vector<MarkRule> mark_rules;
    std::string sysctl;
    std::int64_t sysctl_value = 0;
    bool on = false;
};

/// A whole recording.
struct Recording {
    std::string name;
    /// Its entries go at their time: a model's recording. A kernel's goes by its timer wheel.
    bool exact_timers = false;
    /// Of that wheel, if the recording tells how its ticks fall (ipvs::Wheel::phase).
    std::optional<Duration> wheel_phase{};
    std::vector<Event> events;
};

/// Reads a recording. Every line that is not understood is an error with its place: a recording
/// with an unknown operation is refused, since what comes after it could not be judged.
Checked<Recording> read_recording(std::string_view text, const std::string& name);

}  // namespace lvslab::conformance
