// SPDX-License-Identifier: GPL-2.0-only
#include "realmode/daemon/lock_file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include <fmt/format.h>

namespace lvslab::realmode {
namespace {

std::string holder_of(int descriptor) {
    std::array<char, 32> text{};
    const auto n = ::pread(descriptor, text.data(), text.size() - 1, 0);
    return n > 0
               ? fmt::format(" (process {})", std::string(text.data(), static_cast<std::size_t>(n)))
               : std::string();
}

}  // namespace

Checked<LockFile> LockFile::take(const std::string& file) {
    Checked<LockFile> result;
    const int descriptor = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (descriptor < 0) {
        result.diagnostics.error({file}, fmt::format("cannot be opened: {}", std::strerror(errno)));
        return result;
    }
    LockFile lock(descriptor);
    if (::flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
        result.diagnostics.error(
            {file}, errno == EWOULDBLOCK
                        ? fmt::format("another lvsrouter runs here{}: stop it, or give this one "
                                      "another --state and --control",
                                      holder_of(descriptor))
                        : fmt::format("cannot be locked: {}", std::strerror(errno)));
        return result;
    }
    const auto process = fmt::format("{}", ::getpid());
    if (::ftruncate(descriptor, 0) != 0 ||
        ::pwrite(descriptor, process.data(), process.size(), 0) < 0) {
        result.diagnostics.warning({file},
                                   fmt::format("cannot be written: {}", std::strerror(errno)));
    }
    result.value = std::move(lock);
    return result;
}

LockFile::LockFile(LockFile&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

LockFile& LockFile::operator=(LockFile&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
}

LockFile::~LockFile() {
    if (descriptor_ >= 0) {
        ::close(descriptor_);
    }
}

Diagnostics make_folder(const std::string& folder) {
    Diagnostics found;
    std::error_code error;
    const std::filesystem::path path(folder);
    if (path.has_parent_path()) {
        std::filesystem::create_directories(path.parent_path(), error);
    }
    if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) {
        found.error({folder}, fmt::format("cannot be made: {}", std::strerror(errno)));
    } else if (!std::filesystem::is_directory(path, error)) {
        found.error({folder}, "is no folder");
    }
    return found;
}

}  // namespace lvslab::realmode
