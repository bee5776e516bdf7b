// SPDX-License-Identifier: GPL-2.0-only
#include "realmode/probes/role_scripts.hpp"

#include <sstream>
#include <utility>

#include <fmt/format.h>

namespace lvslab::realmode {

ScriptRunner::ScriptRunner(EventLoop& loop, Note note) : loop_(loop), note_(std::move(note)) {}

void ScriptRunner::run(const std::string& command) {
    Program program;
    std::istringstream words(command);
    for (std::string word; std::getline(words, word, ' ');) {
        if (!word.empty()) {
            program.arguments.push_back(word);
        }
    }
    program.search_path = false;
    program.group_ends_with_it = false;
    program.keep_errors = true;
    const auto id = ++last_;
    scripts_[id] = std::make_unique<ProgramRun>(
        loop_, program, [this, id, command](const ProgramEnd& how) { ended(id, command, how); });
}

void ScriptRunner::ended(std::uint64_t id, const std::string& command, const ProgramEnd& how) {
    std::istringstream output(how.result.output);
    std::size_t lines = 0;
    for (std::string line; std::getline(output, line);) {
        if (++lines <= lines_noted) {
            note_(fmt::format("{}: {}", command, line));
        }
    }
    if (lines > lines_noted) {
        note_(fmt::format("{}: {} more lines", command, lines - lines_noted));
    }
    if (!how.trouble.empty()) {
        note_(how.trouble);
    } else if (how.result.exit_status != 0) {
        note_(fmt::format("{}: ended with status {}", command, how.result.exit_status));
    }
    scripts_.erase(id);
}

}  // namespace lvslab::realmode
