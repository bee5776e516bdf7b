// SPDX-License-Identifier: GPL-2.0-only
#include "realmode/lab/scratch_folder.hpp"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <string>
#include <system_error>

namespace lvslab::lab {

namespace {

namespace fs = std::filesystem;

constexpr const char* prefix = "lvslab-lab.";

/// The folder's lock; -1 if somebody lives in it, or it is not ours.
int lock_of(const fs::path& folder) {
    const int lock = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (lock >= 0 && ::flock(lock, LOCK_EX | LOCK_NB) != 0) {
        ::close(lock);
        return -1;
    }
    return lock;
}

void remove_left_folders() {
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(fs::temp_directory_path(), ignored)) {
        if (!entry.path().filename().string().starts_with(prefix)) {
            continue;
        }
        if (const int lock = lock_of(entry.path()); lock >= 0) {
            fs::remove_all(entry.path(), ignored);
            ::close(lock);
        }
    }
}

}  // namespace

ScratchFolder::ScratchFolder() {
    remove_left_folders();
    // Another process may take a new one for a left one before its lock is there.
    while (lock_ < 0 || !fs::exists(path_)) {
        if (lock_ >= 0) {
            ::close(lock_);
        }
        auto pattern = (fs::temp_directory_path() / (std::string(prefix) + "XXXXXX")).string();
        if (::mkdtemp(pattern.data()) == nullptr) {
            throw std::system_error(errno, std::generic_category(), pattern);
        }
        path_ = pattern;
        lock_ = lock_of(path_);
    }
}

ScratchFolder::~ScratchFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
    ::close(lock_);
}

}  // namespace lvslab::lab
