// SPDX-License-Identifier: GPL-2.0-only
// Programs that check servers, and the scripts of roles: how they start, end, and are ended.
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <fstream>

#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "realmode/probes/prober.hpp"
#include "realmode/probes/program_run.hpp"
#include "realmode/probes/role_scripts.hpp"
#include "tests/unit/realmode_probes/loopback.hpp"

namespace lvslab::realmode {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr Duration long_limit = 60s;

class ProgramTest : public testing::Test {
protected:
    ProgramEnd run(Program program) {
        std::optional<ProgramEnd> how;
        const ProgramRun running(loop_, program, [&](ProgramEnd end) { how = std::move(end); });
        EXPECT_FALSE(how.has_value()) << "the end came from within";
        return run_until(loop_, how);
    }
    ProgramEnd run(std::vector<std::string> arguments, Duration limit = long_limit) {
        Program program;
        program.arguments = std::move(arguments);
        program.limit = limit;
        return run(program);
    }
    ProgramEnd shell(const std::string& text, Duration limit = long_limit) {
        return run({"sh", "-c", text}, limit);
    }
    bool says_up(const std::string& text, std::optional<std::string> expect) {
        health::ProgramProbe probe;
        probe.arguments = {"sh", "-c", text};
        probe.expect = std::move(expect);
        std::optional<bool> verdict;
        prober_.start(probe, [&](bool up) { verdict = up; });
        return run_until(loop_, verdict);
    }

    EventLoop loop_;
    std::vector<std::string> notes_;
    AsioProber prober_{loop_, [this](std::string note) { notes_.push_back(std::move(note)); }};
};

/// A named pipe in the file system.
class NamedPipe {
public:
    explicit NamedPipe(const std::string& name, int mode)
        : path_(std::filesystem::temp_directory_path() /
                fmt::format("lvslab-{}-{}", getpid(), name)) {
        std::filesystem::remove(path_);
        EXPECT_EQ(mkfifo(path_.c_str(), 0600), 0);
        descriptor_ = open(path_.c_str(), mode | O_NONBLOCK | O_CLOEXEC);
        fcntl(descriptor_, F_SETFL, 0);
    }
    ~NamedPipe() {
        close(descriptor_);
        std::filesystem::remove(path_);
    }
    NamedPipe(const NamedPipe&) = delete;
    NamedPipe& operator=(const NamedPipe&) = delete;
    std::string path() const { return path_.string(); }
    int descriptor() const { return descriptor_; }

private:
    std::filesystem::path path_;
    int descriptor_ = -1;
};

/// A pipe that programs hold: it ends when the last process that holds it is gone.
class LastWord {
public:
    /// For a shell: it says "begun", and whoever it starts holds the pipe.
    std::string held() const { return "exec 9>" + pipe_.path() + "; echo begun >&9; "; }
    /// Blocks until a program has begun.
    void await_begin() {
        std::array<char, 6> begun{};
        pollfd written{pipe_.descriptor(), POLLIN, 0};
        while (poll(&written, 1, -1) >= 0 && (written.revents & POLLIN) == 0) {
        }
        EXPECT_EQ(read(pipe_.descriptor(), begun.data(), begun.size()), 6);
    }
    /// Blocks until nobody holds the pipe, and gives what was written.
    std::string read_all() {
        std::string text;
        std::array<char, 256> piece{};
        for (ssize_t size = 0; (size = read(pipe_.descriptor(), piece.data(), piece.size())) > 0;) {
            text.append(piece.data(), static_cast<std::size_t>(size));
        }
        return text;
    }

private:
    NamedPipe pipe_{"last-word", O_RDONLY};
};

/// Where a script waits until it is let go.
class Gate {
public:
    std::string wait() const { return "read go <" + pipe_.path() + "; "; }
    void open() { EXPECT_EQ(write(pipe_.descriptor(), "\n", 1), 1); }

private:
    NamedPipe pipe_{"gate", O_RDWR};
};

using ProgramRunTest = ProgramTest;
using ProgramCheck = ProgramTest;

TEST_F(ProgramRunTest, GivesOutputAndStatus) {
    const auto how = shell("echo well; echo ill >&2; exit 3");
    EXPECT_EQ(how.result.output, "well\n");
    EXPECT_EQ(how.result.exit_status, 3);
    EXPECT_FALSE(how.result.timed_out);
    EXPECT_EQ(how.trouble, "");
}

TEST_F(ProgramRunTest, ADeathByASignalIsAFailure) {
    EXPECT_EQ(shell("kill -TERM $$").result.exit_status, 128 + SIGTERM);
}

TEST_F(ProgramRunTest, PassesArgumentsWithoutAShell) {
    EXPECT_EQ(run({"printf", "%s|", "a b", "$HOME", "*", ";id"}).result.output, "a b|$HOME|*|;id|");
}

TEST_F(ProgramRunTest, AMissingProgramFailsWithItsName) {
    const auto how = run({"/no/such/program"});
    EXPECT_EQ(how.result.exit_status, not_started);
    EXPECT_EQ(how.trouble, "cannot run \"/no/such/program\": No such file or directory");
    EXPECT_EQ(run(std::vector<std::string>{}).result.exit_status, not_started);
}

TEST_F(ProgramRunTest, HasAnEmptyInputAndNoOtherDescriptors) {
    const int leaked = open("/dev/null", O_RDONLY);  // without O_CLOEXEC
    EXPECT_EQ(run({"cat"}).result.output, "");
    EXPECT_EQ(run({"ls", "-v", "/proc/self/fd"}).result.output, "0\n1\n2\n3\n") << "3 is ls's own";
    close(leaked);
}

TEST_F(ProgramRunTest, HasNoBlockedAndNoIgnoredSignal) {
    sigset_t all, before;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &before);
    const auto old = std::signal(SIGPIPE, SIG_IGN);
    const auto how = run({"sed", "-n", "s/Sig\\(Blk\\|Ign\\):\\t0*//p", "/proc/self/status"});
    std::signal(SIGPIPE, old);
    sigprocmask(SIG_SETMASK, &before, nullptr);
    // The two that glibc keeps for its threads (32 and 33) are its own affair.
    EXPECT_EQ(how.result.output, "\n180000000\n");
}

TEST_F(ProgramRunTest, KeepsTheBeginningOfMuchOutput) {
    const auto how = shell("head -c 3000000 /dev/zero | tr '\\0' x; echo done >&2");
    EXPECT_EQ(how.result.output, std::string(longest_program_output, 'x'));
    EXPECT_EQ(how.result.exit_status, 0);
}

TEST_F(ProgramRunTest, EndsTheWholeGroupAtTheDeadline) {
    LastWord word;
    std::string said;
    // On a busy machine a program may not have begun by a short deadline.
    for (Duration limit = 50ms; said.empty() && limit < long_limit; limit *= 2) {
        const auto how = shell(word.held() +
                                   "trap '' TERM INT; (trap '' TERM; while :; do sleep 1000; "
                                   "done) & while :; do sleep 1000; done",
                               limit);
        EXPECT_TRUE(how.result.timed_out);
        said = word.read_all();  // ends only when all that it started are gone
    }
    EXPECT_EQ(said, "begun\n");
}

TEST_F(ProgramRunTest, OutputWithoutEndDoesNotOutliveTheDeadline) {
    LastWord word;
    std::size_t kept = 0;
    for (Duration limit = 50ms; kept < longest_program_output && limit < long_limit; limit *= 2) {
        const auto how = shell(word.held() + "yes", limit);
        EXPECT_TRUE(how.result.timed_out);
        word.read_all();
        kept = how.result.output.size();
    }
    EXPECT_EQ(kept, longest_program_output);
}

TEST_F(ProgramRunTest, IsNotHeldUpByAChildThatKeepsItsOutput) {
    LastWord word;
    const auto how = shell(word.held() + "sleep 1000 & echo up");
    EXPECT_EQ(how.result.output, "up\n");
    EXPECT_FALSE(how.result.timed_out);
    EXPECT_EQ(word.read_all(), "begun\n") << "and that child is ended";
}

TEST_F(ProgramRunTest, LeavesNoZombie) {
    while (waitpid(-1, nullptr, 0) > 0) {
        // Of other tests, whose loops ended before their programs.
    }
    shell("sleep 1000 & exit 0");
    shell("sleep 1000", 20ms);
    {
        Program program;
        program.arguments = {"sleep", "1000"};
        const ProgramRun broken_off(loop_, program, [](auto) { FAIL() << "was broken off"; });
    }
    loop_.restart();
    loop_.run();  // until the ends of all have been seen
    EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1);
    EXPECT_EQ(errno, ECHILD);
}

TEST_F(ProgramRunTest, LeavesOtherChildrenToThoseWhoWaitForThem) {
    const pid_t other = fork();
    if (other == 0) {
        _exit(7);
    }
    EXPECT_EQ(shell("exit 0").result.exit_status, 0);
    int status = 0;
    EXPECT_EQ(waitpid(other, &status, 0), other);
    EXPECT_EQ(WEXITSTATUS(status), 7);
}

TEST_F(ProgramRunTest, ItsEndMayDestroyIt) {
    std::unique_ptr<ProgramRun> running;
    std::optional<bool> ended;
    Program program;
    program.arguments = {"true"};
    running = std::make_unique<ProgramRun>(loop_, program, [&](const auto&) {
        running.reset();
        ended = true;
    });
    run_until(loop_, ended);
}

TEST_F(ProgramCheck, TheProgramsWordCounts) {
    EXPECT_TRUE(says_up("echo OK", "OK"));
    EXPECT_FALSE(says_up("echo BAD", "OK"));
    EXPECT_FALSE(says_up("echo OK; exit 1", "OK"));
    EXPECT_TRUE(says_up("exit 0", {}));
    EXPECT_FALSE(says_up("exit 1", {}));
    EXPECT_THAT(notes_, IsEmpty());
}

TEST_F(ProgramCheck, AMissingProgramIsDownAndNoted) {
    health::ProgramProbe probe;
    probe.arguments = {"/no/such/program"};
    std::optional<bool> verdict;
    prober_.start(probe, [&](bool up) { verdict = up; });
    EXPECT_FALSE(run_until(loop_, verdict));
    EXPECT_THAT(notes_, ElementsAre(HasSubstr("/no/such/program")));
}

TEST_F(ProgramCheck, OneThatIsBrokenOffIsEnded) {
    LastWord word;
    health::ProgramProbe probe;
    probe.arguments = {"sh", "-c", word.held() + "sleep 1000 & sleep 1000"};
    const auto id = prober_.start(probe, [](bool) { FAIL() << "was broken off"; });
    word.await_begin();
    prober_.cancel(id);
    EXPECT_EQ(word.read_all(), "");
}

class Scripts : public ProgramTest {
protected:
    void run_scripts() {
        loop_.restart();
        while (scripts_->under_way() > 0) {
            loop_.run_one();
        }
    }
    /// An executable file with this text.
    std::string script(const std::string& text) {
        const auto path = std::filesystem::temp_directory_path() /
                          ("lvslab-" + std::to_string(getpid()) + "-script.sh");
        std::ofstream(path) << "#!/bin/sh\n" << text << "\n";
        std::filesystem::permissions(path, std::filesystem::perms::owner_all);
        return path;
    }
    void TearDown() override { std::filesystem::remove(script("")); }

    std::unique_ptr<ScriptRunner> scripts_ = std::make_unique<ScriptRunner>(
        loop_, [this](std::string note) { notes_.push_back(std::move(note)); });
};

TEST_F(Scripts, AreRunByTheirPathWithTheirWords) {
    const auto path = script("echo \"$# $2\"; echo ill >&2; exit 4");
    scripts_->run(path + "  a b*");
    run_scripts();
    EXPECT_THAT(notes_, ElementsAre(path + "  a b*: 2 b*", path + "  a b*: ill",
                                    path + "  a b*: ended with status 4"));
}

TEST_F(Scripts, AreNotLookedForInPath) {
    scripts_->run("true");
    run_scripts();
    EXPECT_THAT(notes_, ElementsAre("cannot run \"true\": No such file or directory"));
}

TEST_F(Scripts, HaveTheRestOfALongOutputCounted) {
    const auto path = script("seq 25");
    scripts_->run(path);
    run_scripts();
    EXPECT_EQ(notes_.size(), ScriptRunner::lines_noted + 1);
    EXPECT_EQ(notes_.back(), path + ": 5 more lines");
}

TEST_F(Scripts, LeaveWhatTheyStartedRunning) {
    LastWord word;
    Gate gate;
    scripts_->run(script(word.held() + "(" + gate.wait() + "echo alive >&9) &"));
    run_scripts();
    word.await_begin();
    gate.open();
    EXPECT_EQ(word.read_all(), "alive\n");
}

TEST_F(Scripts, OutliveTheirRunnerAndTheReaderOfTheirOutput) {
    LastWord word;
    Gate gate;
    scripts_->run(script(word.held() + gate.wait() + "echo into the void; echo alive >&9"));
    word.await_begin();
    scripts_.reset();
    gate.open();
    EXPECT_EQ(word.read_all(), "alive\n");
    EXPECT_THAT(notes_, IsEmpty());
}

}  // namespace
}  // namespace lvslab::realmode
