// SPDX-License-Identifier: GPL-2.0-only
/// One router for each state folder and control socket.
#pragma once

#include <string>

#include "core/base/diagnostic.hpp"

namespace lvslab::realmode {

/// A lock of flock(2). Children of fork(2) share it: it is free when the last of them is gone.
/// Programs that they start do not.
class LockFile {
public:
    /// An error that names the file and, if it is taken, the process that has it.
    static Checked<LockFile> take(const std::string& file);
    LockFile(LockFile&& other) noexcept;
    LockFile& operator=(LockFile&& other) noexcept;
    ~LockFile();

private:
    explicit LockFile(int descriptor) : descriptor_(descriptor) {}
    int descriptor_;
};

/// Makes the folder (0700) and those above it (0755) if they are not there.
Diagnostics make_folder(const std::string& folder);

}  // namespace lvslab::realmode
