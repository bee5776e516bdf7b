// SPDX-License-Identifier: GPL-2.0-only
/// `ipvs_oracle SCRIPT RECORDING [SCRIPT RECORDING ...]`: plays each script in a network namespace
/// of its own (IPVS is empty in a new one) and writes its recording.
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <fmt/format.h>

#include "tests/real/oracle/player.hpp"

namespace {

using lvslab::oracle::Player;
using lvslab::oracle::ScriptError;
using lvslab::oracle::split_script;

int play(const std::string& script, const std::string& recording) {
    std::ifstream in(script);
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    std::ofstream out(recording);
    if (!in || !out) {
        fmt::print(stderr, "{}: cannot read it, or cannot write {}\n", script, recording);
        return 2;
    }
    if (unshare(CLONE_NEWNET) != 0) {
        fmt::print(stderr, "{}: no network namespace\n", script);
        return 2;
    }
    try {
        Player player(out, std::filesystem::path(script).stem().string());
        player.play(split_script(text));
    } catch (const ScriptError& error) {
        fmt::print(stderr, "{}:{}: {}\n", script, error.line, error.message);
        return 2;
    } catch (const std::exception& error) {
        fmt::print(stderr, "{}: {}\n", script, error.what());
        return 2;
    }
    return out.flush() ? 0 : 2;
}

}  // namespace

int main(int argc, char** argv) {
    int worst = 0;
    for (int i = 1; i + 1 < argc; i += 2) {
        const pid_t child = fork();
        if (child == 0) {
            std::exit(play(argv[i], argv[i + 1]));
        }
        int status = 0;
        if (child < 0 || waitpid(child, &status, 0) < 0) {
            return 2;
        }
        worst = std::max(worst, WIFEXITED(status) ? WEXITSTATUS(status) : 2);
    }
    return worst;
}
