// SPDX-License-Identifier: GPL-2.0-only
/// Reads the committed recordings.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <zlib.h>

namespace lvslab::conformance {

inline std::filesystem::path recordings_folder() {
    return std::filesystem::path(LVSLAB_SOURCE_DIR) / "tests/data/kernel-traces";
}

inline std::string unpacked(const std::filesystem::path& path) {
    std::string text;
    std::vector<char> buffer(1U << 16);
    gzFile file = gzopen(path.c_str(), "rb");
    for (int got = 1; file != nullptr && got > 0;) {
        got = gzread(file, buffer.data(), static_cast<unsigned>(buffer.size()));
        text.append(buffer.data(), static_cast<std::size_t>(got > 0 ? got : 0));
    }
    gzclose(file);
    return text;
}

}  // namespace lvslab::conformance
