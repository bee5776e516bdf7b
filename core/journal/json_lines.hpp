// SPDX-License-Identifier: GPL-2.0-only
/// Events as JSON, one a line, with names in the place of indices.
#pragma once

#include <string>
#include <string_view>

#include "core/journal/event.hpp"

namespace lvslab::journal {

/// The event kind's name ("decision").
std::string_view kind_name(const Event& event);

/// Appends one line without a newline: {"time":1.500000000,"event":"decision",...}. Times are
/// seconds with nine decimals, exact; names come from `run`.
void append_json_line(std::string& out, const Event& event, const RunStarted& run);

}  // namespace lvslab::journal
