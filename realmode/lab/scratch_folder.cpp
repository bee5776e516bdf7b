// SPDX-License-Identifier: GPL-2.0-only
#include "realmode/lab/scratch_folder.hpp"

#include <stdlib.h>

#include <cerrno>
#include <string>
#include <system_error>

namespace lvslab::lab {

ScratchFolder::ScratchFolder() {
    std::string pattern = std::filesystem::temp_directory_path() / "lvslab-lab.XXXXXX";
    if (::mkdtemp(pattern.data()) == nullptr) {
        throw std::system_error(errno, std::generic_category(), pattern);
    }
    path_ = pattern;
}

ScratchFolder::~ScratchFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
}

}  // namespace lvslab::lab
