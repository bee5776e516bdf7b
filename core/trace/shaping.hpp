// SPDX-License-Identifier: GPL-2.0-only
/// What of the extracted connections becomes a trace, and how.
#pragma once

#include <functional>
#include <optional>

#include "core/trace/trace.hpp"

namespace lvslab::trace {

struct Shaping {
    Duration from{};                   ///< what begins earlier is left out; the trace begins here
    std::optional<Duration> length{};  ///< what begins later than this behind `from` is left out
    double speed = 1;      ///< arrivals and pauses come this many times as fast; positive
    bool service = false;  ///< the server's answer times are told
    std::function<Address(const Address&)> anonymise{};  ///< of clients, if set
};

/// The connection as the trace has it; nothing if it began outside.
std::optional<TracedConnection> shaped(TracedConnection connection, const Shaping& shaping);

}  // namespace lvslab::trace
