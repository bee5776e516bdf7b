// SPDX-License-Identifier: GPL-2.0-only
/// One run on the terminal.
#pragma once

#include <string>

#include "core/journal/metrics.hpp"

namespace lvslab::cli {

/// Connections, response times, each server's part, and balance, as a table of plain text.
std::string run_table(const journal::Summary& summary);

}  // namespace lvslab::cli
