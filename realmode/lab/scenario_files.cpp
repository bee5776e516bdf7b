// SPDX-License-Identifier: GPL-2.0-only
#include "realmode/lab/scenario_files.hpp"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>

#include <fmt/format.h>

#include "core/router/check_settings.hpp"
#include "core/scenario/reader.hpp"

namespace lvslab::lab {
namespace {

std::optional<std::string> whole_file(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    // A directory opens, and fails when it is read.
    if (!file || std::filesystem::is_directory(path)) {
        return std::nullopt;
    }
    return std::string(std::istreambuf_iterator<char>(file), {});
}

}  // namespace

ScenarioFiles read_scenario_files(const std::string& path) {
    ScenarioFiles files;
    errno = 0;
    const auto text = whole_file(path);
    if (!text) {
        files.scenario.diagnostics.error(
            {path, 0, 0},
            fmt::format("cannot be read: {}", std::strerror(errno != 0 ? errno : EISDIR)));
        return files;
    }
    files.read.push_back(path);
    const auto folder = std::filesystem::path(path).parent_path();
    files.scenario = scenario::read_scenario(
        *text, path,
        [&](const std::string& named) {
            const auto file = (folder / named).string();
            auto found = whole_file(file);
            if (found) {
                files.read.push_back(file);
            }
            return found;
        },
        router::check_probes);
    return files;
}

}  // namespace lvslab::lab
