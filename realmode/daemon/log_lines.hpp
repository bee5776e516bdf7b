// SPDX-License-Identifier: GPL-2.0-only
/// What a router did, as lines of its log.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/ports/router_log.hpp"
#include "realmode/daemon/process_log.hpp"
#include "realmode/host/rare_note.hpp"

namespace lvslab::realmode {

/// Who a note is from.
enum class NoteFrom : std::uint8_t {
    router,   ///< core/router
    hand,     ///< what reaches the kernel and the network: it tells of trouble, and of its end
    script,   ///< a program's output, and how it ended
    refusal,  ///< a configuration that is not taken
};

struct LogLine {
    LogLevel level = LogLevel::info;
    std::string text;
    friend bool operator==(const LogLine&, const LogLine&) = default;
};

/// A line for a person, with the level by which the journal finds it; nothing for what happens all
/// the time. `from` counts for notes alone.
std::optional<LogLine> log_line(const ports::RouterEvent& event, NoteFrom from);

/// The same for all events of a router in turn: of heartbeats that are no words, which others can
/// send by the thousand, one line a minute with their number.
class LogLines {
public:
    std::optional<LogLine> line(const ports::RouterEvent& event, NoteFrom from,
                                RareNote::Clock::time_point now);

private:
    RareNote refused_heartbeats_;
};

}  // namespace lvslab::realmode
