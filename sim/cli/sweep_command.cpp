// SPDX-License-Identifier: GPL-2.0-only
// lvslab sweep: the Python package does it (bindings/lvslab/sweeps); this starts it with this very
// program as the one that it runs.
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "sim/cli/commands.hpp"
#include "sim/cli/report_page.hpp"

namespace lvslab::cli {
namespace {

namespace fs = std::filesystem;

/// The folder of the package beside this program's folder; empty: wherever Python has it.
fs::path package_folder() {
    const auto folder = own_program().parent_path().parent_path() / "share/lvslab";
    return fs::exists(folder / "lvslab_sweeps/__main__.py") ? folder : fs::path();
}

[[noreturn]] void become_python(const std::vector<std::string>& arguments) {
    setenv("PYTHONDONTWRITEBYTECODE", "1", 1);
    setenv("LVSLAB", own_program().c_str(), 1);
    const auto folder = package_folder();
    if (!folder.empty()) {
        const char* before = std::getenv("PYTHONPATH");
        const auto path =
            before == nullptr || *before == '\0' ? folder.string() : folder.string() + ":" + before;
        setenv("PYTHONPATH", path.c_str(), 1);
    }
    std::vector<std::string> words{LVSLAB_PYTHON, "-m",
                                   folder.empty() ? "lvslab.sweeps" : "lvslab_sweeps"};
    words.insert(words.end(), arguments.begin(), arguments.end());
    std::vector<char*> argv;
    for (auto& word : words) {
        argv.push_back(word.data());
    }
    argv.push_back(nullptr);
    // Debian's own first: that is where its dask is.
    execv(LVSLAB_PYTHON, argv.data());
    execvp("python3", argv.data());
    fmt::print(stderr, "lvslab sweep: python3 cannot be run: {}\n", std::strerror(errno));
    _exit(bad_input);
}

}  // namespace

void add_sweep_command(CLI::App& app, int& exit_code) {
    auto* command = app.add_subcommand(
        "sweep", "Run a scenario at many points of its parameters, on many processors or machines");
    command->prefix_command();
    command->set_help_flag();  // Python's, which knows the options
    command->callback([command, &exit_code] {
        std::fflush(stdout);
        exit_code = bad_input;
        // No process in between: signals reach Python, and its exit code is this program's.
        become_python(command->remaining());
    });
}

}  // namespace lvslab::cli
