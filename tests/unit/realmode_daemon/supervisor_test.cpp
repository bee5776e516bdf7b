// SPDX-License-Identifier: GPL-2.0-only
// The supervisor's process, over daemons of the test's: real forks, real signals, nothing of this
// host touched. Each supervisor is a child, so that signals and its end are its own.
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <fstream>
#include <functional>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "realmode/daemon/lifeline.hpp"
#include "realmode/daemon/process_log.hpp"
#include "realmode/daemon/supervisor.hpp"
#include "tests/unit/realmode_daemon/temporary_folder.hpp"

namespace lvslab::realmode {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

Time now() {
    return Time(std::chrono::steady_clock::now().time_since_epoch());
}

const Address vip = Address::v4(0x0A000001);

class SupervisorProcess : public testing::Test {
protected:
    using DaemonBody = std::function<int(Lifeline& lifeline, bool again)>;

    void supervises(DaemonBody body) {
        supervisor = ::fork();
        if (supervisor != 0) {
            return;
        }
        ::close(STDERR_FILENO);
        open_log("test");
        Supervised supervised;
        supervised.daemon = [&](int socket, bool again, bool after_active) {
            Lifeline lifeline(socket);
            tell(!again ? "starts" : after_active ? "starts again, was active" : "starts again");
            return body(lifeline, again);
        };
        supervised.clean_up = [&](const Holdings& told, const CleanUp& order) {
            tell(std::string("cleans") + (told.addresses.contains(vip) ? " vip" : "") +
                 (order.keep_services ? " keeps services" : "") +
                 (order.daemon_dies ? " as it dies" : ""));
            return told.addresses.contains(vip);
        };
        const int code = supervise(supervised);
        ::_exit(code);
    }

    int exit_code() {
        int status = 0;
        EXPECT_EQ(::waitpid(supervisor, &status, 0), supervisor);
        EXPECT_TRUE(WIFEXITED(status));
        return WEXITSTATUS(status);
    }

    /// Waits for what a process of the story has told, in whatever time this machine needs.
    void wait_for(const std::string& line) const {
        while (!testing::Value(story(), testing::Contains(line))) {
            std::this_thread::sleep_for(1ms);
        }
    }
    void tell(const std::string& line) const {
        std::ofstream(file, std::ios::app) << line + "\n" << std::flush;
    }
    std::vector<std::string> story() const {
        std::ifstream in(file);
        std::vector<std::string> lines;
        for (std::string line; std::getline(in, line);) {
            lines.push_back(line);
        }
        return lines;
    }

    TemporaryFolder folder;
    std::string file = folder.path() + "/story";
    pid_t supervisor = -1;
};

/// Until a signal comes.
int live(Lifeline& lifeline, Duration interval) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, nullptr);
    const timespec pause{0, interval.count()};
    while (sigtimedwait(&set, nullptr, &pause) != SIGTERM) {
        lifeline.send(SignOfLife{now()});
    }
    lifeline.send(EndsInOrder{true});
    return 0;
}

TEST_F(SupervisorProcess, EndsWithADaemonThatEndsInOrder) {
    supervises([](Lifeline& lifeline, bool) {
        lifeline.send(EndsInOrder{true});
        return 0;
    });
    EXPECT_EQ(exit_code(), 0);
    EXPECT_THAT(story(), ElementsAre("starts", "cleans keeps services"));
}

TEST_F(SupervisorProcess, PassesOnTheExitCodeOfADaemonThatCannotBegin) {
    supervises([](Lifeline&, bool) { return 2; });
    EXPECT_EQ(exit_code(), 2);
}

TEST_F(SupervisorProcess, ClearsWhatAKilledDaemonHeldAndStartsAnother) {
    supervises([](Lifeline& lifeline, bool again) {
        lifeline.send(BecameReady{});
        if (!again) {
            lifeline.send(HoldingsChange{true, vip});
            ::kill(::getpid(), SIGKILL);
        }
        lifeline.send(EndsInOrder{});
        return 0;
    });
    EXPECT_EQ(exit_code(), 0);
    EXPECT_THAT(story(), ElementsAre("starts", "cleans vip", "starts again, was active", "cleans"));
}

TEST_F(SupervisorProcess, KillsADaemonThatIsStopped) {
    supervises([](Lifeline& lifeline, bool again) {
        lifeline.send(WatchedSo{{20ms, 60ms}});
        lifeline.send(BecameReady{});
        if (!again) {
            lifeline.send(HoldingsChange{true, vip});
            ::kill(::getpid(), SIGSTOP);
        }
        lifeline.send(EndsInOrder{});
        return 0;
    });
    EXPECT_EQ(exit_code(), 0);
    EXPECT_THAT(story(), ElementsAre("starts", "cleans vip as it dies", "cleans vip",
                                     "starts again, was active", "cleans"));
}

TEST_F(SupervisorProcess, AsksTheDaemonToEndWhenItIsAsked) {
    supervises([this](Lifeline& lifeline, bool) {
        lifeline.send(WatchedSo{{100ms, 100s}});
        lifeline.send(BecameReady{});
        tell("ready");
        return live(lifeline, 100ms);
    });
    wait_for("ready");
    ::kill(supervisor, SIGTERM);
    EXPECT_EQ(exit_code(), 0);
    EXPECT_THAT(story(), ElementsAre("starts", "ready", "cleans keeps services"));
}

TEST_F(SupervisorProcess, SurvivesADaemonsGarbage) {
    supervises([](Lifeline& lifeline, bool) {
        const std::string garbage(5000, '{');
        for (int i = 0; i < 100; ++i) {
            static_cast<void>(::write(lifeline.descriptor(), garbage.data(), garbage.size()));
            static_cast<void>(::write(lifeline.descriptor(), "{\"alive\":\"x\"}", 13));
            static_cast<void>(::write(lifeline.descriptor(), "[1", 2));
        }
        lifeline.send(EndsInOrder{});
        return 0;
    });
    EXPECT_EQ(exit_code(), 0);
    EXPECT_THAT(story(), ElementsAre("starts", "cleans"));
}

TEST_F(SupervisorProcess, LetsADaemonThatLosesItKnow) {
    supervises([this](Lifeline& lifeline, bool) {
        tell("ready");
        char nothing = 0;
        while (::read(lifeline.descriptor(), &nothing, 1) > 0) {
        }
        tell("alone");
        return 0;
    });
    wait_for("ready");
    ::kill(supervisor, SIGKILL);
    int status = 0;
    ::waitpid(supervisor, &status, 0);
    wait_for("alone");
}

TEST(Lifeline, ReadsEveryMessageThatItWrites) {
    const auto round_trip = [](const LifelineMessage& message) {
        const auto text = to_message(message);
        EXPECT_LE(text.size(), longest_message);
        const auto read = parse_message(text);
        EXPECT_TRUE(read) << text;
        return read && read->index() == message.index() && to_message(*read) == text;
    };
    EXPECT_TRUE(round_trip(SignOfLife{Time(123456789ns)}));
    EXPECT_TRUE(round_trip(WatchedSo{{250ms, 750ms}}));
    EXPECT_TRUE(round_trip(BecameReady{}));
    EXPECT_TRUE(round_trip(Reloading{}));
    EXPECT_TRUE(round_trip(EndsInOrder{true}));
    EXPECT_TRUE(round_trip(HoldingsChange{true, vip}));
    EXPECT_TRUE(round_trip(HoldingsChange{
        false, Address::v6({0xfd, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15})}));
    EXPECT_TRUE(round_trip(HoldingsChange{true, HeldSync{}}));
}

}  // namespace
}  // namespace lvslab::realmode
