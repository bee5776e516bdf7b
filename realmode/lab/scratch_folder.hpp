// SPDX-License-Identifier: GPL-2.0-only
/// A folder for what a run needs on disk while it lasts.
#pragma once

#include <filesystem>

namespace lvslab::lab {

/// A new folder among the temporary ones; goes with the object, and all in it. What killed
/// processes left is taken away first: whoever lives holds a lock on its folder.
class ScratchFolder {
public:
    /// Throws std::system_error.
    ScratchFolder();
    ~ScratchFolder();
    ScratchFolder(const ScratchFolder&) = delete;
    ScratchFolder& operator=(const ScratchFolder&) = delete;

    const std::filesystem::path& path() const { return path_; }

private:
    std::filesystem::path path_;
    int lock_ = -1;
};

}  // namespace lvslab::lab
