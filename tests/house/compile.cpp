// SPDX-License-Identifier: GPL-2.0-only
// Rules that other programs judge: the compiler and clang-format.
#include <cstdio>
#include <memory>
#include <regex>
#include <sstream>

#include <fmt/format.h>

#include "tests/house/rules.hpp"

namespace lvslab::house {
namespace {

/// Standard output and error of a shell command.
std::string output_of(const std::string& command) {
    struct Close {
        void operator()(std::FILE* pipe) const { pclose(pipe); }
    };
    const std::unique_ptr<std::FILE, Close> pipe(popen((command + " 2>&1").c_str(), "r"));
    std::string text;
    if (!pipe) {
        return "cannot run: " + command;
    }
    char buffer[4096];
    for (std::size_t n = 0; (n = std::fread(buffer, 1, sizeof buffer, pipe.get())) > 0;) {
        text.append(buffer, n);
    }
    return text;
}

}  // namespace

std::string compile_alone(const std::string& command, const std::string& header) {
    return output_of(fmt::format(
        R"(printf '#include "%s"\n#include "%s"\n' '{0}' '{0}' | ({1} -fsyntax-only -x c++ -))",
        header, command));
}

Diagnostics check_layout(const std::string& clang_format, const std::vector<std::string>& files) {
    std::string command = clang_format + " --dry-run --style=file";
    for (const auto& file : files) {
        command += fmt::format(" '{}'", file);
    }
    static const std::regex finding(R"(([^:]+):(\d+):(\d+): (?:warning|error): (.*))");
    Diagnostics found;
    std::istringstream text(output_of(command));
    for (std::string line; std::getline(text, line);) {
        std::smatch match;
        if (std::regex_match(line, match, finding)) {
            found.error({match[1], static_cast<unsigned>(std::stoul(match[2])),
                         static_cast<unsigned>(std::stoul(match[3]))},
                        match[4]);
        } else if (line.starts_with("Error") || line.find("not found") != std::string::npos) {
            found.error({"clang-format"}, line);
        }
    }
    return found;
}

}  // namespace lvslab::house
