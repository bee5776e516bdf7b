// SPDX-License-Identifier: GPL-2.0-only
/// What the model did, in the words of recordings and reports.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "core/conformance/recording.hpp"
#include "core/ipvs/ipvs.hpp"

namespace lvslab::conformance {

using ipvs::ControlResult;
using ipvs::Segment;

/// The kernel's errno of a change (positive, 0 = fine).
inline int errno_of(ControlResult result) {
    switch (result) {
        case ControlResult::ok:
            return 0;
        case ControlResult::exists:
            return 17;  // EEXIST
        case ControlResult::no_such_service:
            return 3;  // ESRCH
        case ControlResult::no_such_destination:
        case ControlResult::unknown_scheduler:
            return 2;  // ENOENT
        case ControlResult::out_of_range:
            return 34;  // ERANGE
        case ControlResult::invalid:
            return 22;  // EINVAL
        case ControlResult::not_permitted:
            return 1;  // EPERM
        case ControlResult::failed:
            break;
    }
    return -1;
}

/// A forwarding method as recordings spell it.
inline std::string_view name_of(ipvs::ForwardingMethod method) {
    switch (method) {
        case ipvs::ForwardingMethod::nat:
            return "nat";
        case ipvs::ForwardingMethod::local:
            return "local";
        case ipvs::ForwardingMethod::tunnel:
            return "tun";
        case ipvs::ForwardingMethod::direct:
            return "dr";
        case ipvs::ForwardingMethod::bypass:
            return "bypass";
    }
    return "?";
}

/// Counters as they are shown.
inline std::string text_of(const std::vector<ServerCounters>& rows) {
    std::string text;
    for (const auto& row : rows) {
        text +=
            fmt::format("[{} w {} active {} inactive {} persistent {}] ", row.server.to_string(),
                        row.weight, row.active, row.inactive, row.persistent);
    }
    return text.empty() ? "no servers" : text;
}

/// A line as it is shown: a list of connections can be of 20 kB.
inline std::string shortened(const std::string& line) {
    constexpr std::size_t longest = 300;
    return line.size() <= longest ? line : line.substr(0, longest) + "...";
}

/// The flags of the host's own answer to a segment that nobody listens for (RFC 9293, 3.10.7.1).
inline std::string stack_answer(const Segment& segment) {
    if (segment.protocol != Protocol::tcp || has(segment.flags, ipvs::TcpFlags::rst)) {
        return "";
    }
    return has(segment.flags, ipvs::TcpFlags::ack) ? "R" : "AR";
}

/// Where a packet went, or the director's own answer to it. The order of `reply`'s flags is
/// nothing.
inline std::string outcome_text(const std::optional<Endpoint>& to, std::string_view method,
                                bool icmp, int type, int code, std::string reply) {
    std::ranges::sort(reply);
    return fmt::format("to {}{}{}{}", to ? to->to_string() : "nobody",
                       method.empty() ? "" : fmt::format(" by {}", method),
                       icmp ? fmt::format(", ICMP {}/{}", type, code) : "",
                       reply.empty() ? "" : fmt::format(", the director answers {}", reply));
}

/// Whether the rule marks such a packet.
inline bool fits(const MarkRule& rule, const Segment& segment) {
    return (!rule.destination || rule.destination->contains(segment.destination.address)) &&
           (!rule.protocol || *rule.protocol == segment.protocol) &&
           (!rule.port || *rule.port == segment.destination.port);
}

}  // namespace lvslab::conformance
