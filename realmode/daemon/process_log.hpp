// SPDX-License-Identifier: GPL-2.0-only
/// The process's log: standard error, which under systemd is the journal.
#pragma once

#include <cstdint>
#include <string_view>

namespace lvslab::realmode {

enum class LogLevel : std::uint8_t { error, warning, info };

/// Lines begin with syslog's level ("<6>") if standard error is the journal's, else with time,
/// `name` and process. Nothing here waits or fails: a line that standard error does not take (a
/// full disk, a reader who hangs, no reader) is lost, and the next that arrives says how many were.
void open_log(std::string_view name);

void log(LogLevel level, std::string_view text);

}  // namespace lvslab::realmode
