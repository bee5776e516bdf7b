// SPDX-License-Identifier: GPL-2.0-only
#include "realmode/lab/router_programs.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <stdexcept>

#include <fmt/format.h>

namespace lvslab::lab {
namespace {

namespace fs = std::filesystem;

/// One word of sh(1), whatever is in it.
std::string quoted(const std::string& text) {
    std::string word = "'";
    for (const char c : text) {
        word += c == '\'' ? std::string("'\\''") : std::string(1, c);
    }
    return word + "'";
}

void write_script(const std::string& path, const std::string& about, const std::string& words) {
    std::ofstream out(path, std::ios::trunc);
    out << fmt::format("#!/bin/sh\n# {}\nexec {} {} \"$@\"\n", about,
                       quoted(fs::read_symlink("/proc/self/exe").string()), words);
    out.close();
    if (!out) {
        throw std::runtime_error(fmt::format("{} cannot be written", path));
    }
    fs::permissions(path, fs::perms::owner_all);
}

}  // namespace

void put_programs_in_place(const scenario::Scenario& scenario, const std::string& folder,
                           config::LvsConfig& config) {
    for (std::size_t i = 0; i < scenario.programs.size(); ++i) {
        const auto& program = scenario.programs[i];
        const auto path = fmt::format("{}/check-program-{}", folder, i);
        write_script(path, "A check program, as the scenario tells of it",
                     fmt::format("check-program --round-trips {} --duration-us {} --exit-status {} "
                                 "--output {}",
                                 program.round_trips, program.duration.count() / 1000,
                                 program.exit_status, quoted(program.output)));
        for (auto& service : config.virtual_servers) {
            const auto named = service.send_program.value_or("");
            const auto first = named.find_first_not_of(' ');
            if (first != std::string::npos &&
                named.substr(first, named.find(' ', first) - first) == program.path) {
                service.send_program =
                    fmt::format("{} %h %p {}", path, to_string(service.protocol));
            }
        }
    }
    const auto remote_shell = folder + "/remote-shell";
    write_script(remote_shell, "rsh ADDRESS COMMAND", "remote-shell");
    config.rsh_command = remote_shell;
}

}  // namespace lvslab::lab
