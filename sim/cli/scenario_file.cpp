// SPDX-License-Identifier: GPL-2.0-only
#include "sim/cli/scenario_file.hpp"

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <memory>

#include <fmt/format.h>

#include "core/router/check_settings.hpp"
#include "core/scenario/reader.hpp"

namespace lvslab::cli {

std::optional<std::string> read_whole_file(const std::string& path, std::string& reason) {
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"),
                                                               std::fclose);
    std::string text;
    if (file) {
        std::array<char, 65536> block;
        while (const std::size_t n = std::fread(block.data(), 1, block.size(), file.get())) {
            text.append(block.data(), n);
        }
    }
    // A directory opens, and fails when it is read.
    if (!file || std::ferror(file.get()) != 0) {
        reason = std::strerror(errno);
        return std::nullopt;
    }
    return text;
}

Checked<scenario::Scenario> load_scenario(const std::string& path) {
    std::string reason;
    const auto text = read_whole_file(path, reason);
    if (!text) {
        Checked<scenario::Scenario> unread;
        unread.diagnostics.error({path, 0, 0}, fmt::format("cannot be read: {}", reason));
        return unread;
    }
    const auto folder = std::filesystem::path(path).parent_path();
    return scenario::read_scenario(
        *text, path,
        [&](const std::string& named) {
            std::string ignored;
            return read_whole_file((folder / named).string(), ignored);
        },
        router::check_probes);
}

}  // namespace lvslab::cli
