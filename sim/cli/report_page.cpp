// SPDX-License-Identifier: GPL-2.0-only
#include "sim/cli/report_page.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <fmt/format.h>

namespace lvslab::cli {
namespace {

namespace fs = std::filesystem;

/// Where the page's program is: beside this program's folder.
fs::path page_program() {
    return own_program().parent_path().parent_path() / "share/lvslab/lvslab_report";
}

}  // namespace

fs::path own_program() {
    return fs::read_symlink("/proc/self/exe");
}

bool make_page(const fs::path& folder) {
    const auto page = page_program().string();
    const auto results = folder.string();
    std::fflush(stdout);
    const auto child = fork();
    if (child == 0) {
        setenv("PYTHONDONTWRITEBYTECODE", "1", 1);
        // Debian's own first: that is where its matplotlib is.
        execl(LVSLAB_PYTHON, LVSLAB_PYTHON, page.c_str(), results.c_str(),
              static_cast<char*>(nullptr));
        execlp("python3", "python3", page.c_str(), results.c_str(), static_cast<char*>(nullptr));
        fmt::print(stderr, "python3 cannot be run: {}\n", std::strerror(errno));
        _exit(127);
    }
    int status = 0;
    while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    const bool made = child > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
    if (!made) {
        fmt::print(stderr, "The page {}/index.html could not be made; the numbers are all there.\n",
                   results);
    }
    return made;
}

}  // namespace lvslab::cli
