// SPDX-License-Identifier: GPL-2.0-only
/// A folder for what a command keeps while it works.
#pragma once

#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <system_error>

#include <fmt/format.h>

namespace lvslab::cli {

/// Gone, with all that is in it, when it goes.
class TemporaryFolder {
public:
    /// lvslab-PURPOSE-XXXXXX where temporary files go. Throws std::runtime_error.
    explicit TemporaryFolder(const std::string& purpose) {
        auto name =
            (std::filesystem::temp_directory_path() / ("lvslab-" + purpose + "-XXXXXX")).string();
        if (mkdtemp(name.data()) == nullptr) {
            throw std::runtime_error(
                fmt::format("no temporary folder {}: {}", name, std::strerror(errno)));
        }
        path_ = name;
    }
    ~TemporaryFolder() {
        std::error_code ignored;
        std::filesystem::remove_all(path_, ignored);
    }
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    const std::filesystem::path& path() const { return path_; }

private:
    std::filesystem::path path_;
};

}  // namespace lvslab::cli
