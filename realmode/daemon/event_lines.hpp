// SPDX-License-Identifier: GPL-2.0-only
/// What a router did, as lines of JSON: for `lvsrouter run --events`, `lvsrouter watch`, the lab.
#pragma once

#include <string>
#include <string_view>

#include "core/base/diagnostic.hpp"
#include "core/base/time.hpp"
#include "core/ports/router_log.hpp"

namespace lvslab::realmode {

/// An event and when it was told: nanoseconds of the monotonic clock.
struct TimedEvent {
    Time time{};
    ports::RouterEvent event;
    friend bool operator==(const TimedEvent&, const TimedEvent&) = default;
};

/// One line without its newline: {"time":12345,"event":"role_changed","active":true,...}. The
/// members of an event are named as its type's are; words are those that the log uses. Bytes that
/// are no UTF-8 are replaced.
std::string event_line(const TimedEvent& event);

/// Reads such a line back. Members that it does not know are passed over; what is missing or wrong
/// is one error without a place.
Checked<TimedEvent> parse_event_line(std::string_view line);

}  // namespace lvslab::realmode
