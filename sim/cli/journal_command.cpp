// SPDX-License-Identifier: GPL-2.0-only
#include "sim/cli/commands.hpp"

namespace lvslab::cli {

void add_journal_command(CLI::App&, int&) {}

}  // namespace lvslab::cli
