// SPDX-License-Identifier: GPL-2.0-only
/// `lvslab run` as a user meets it: the program, its files, its messages, its exit codes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "core/journal/reader.hpp"

namespace lvslab {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

constexpr auto lvs_cf = R"(serial_no = 1
primary = 192.168.26.9
service = lvs
network = nat
nat_router = 10.11.12.10 eth1:1
virtual shop {
     active = 1
     address = 192.168.26.10 eth0:1
     port = 80
     scheduler = rr
     protocol = tcp
     server web1 {
         address = 10.11.12.1
         active = 1
         weight = 1
     }
     server web2 {
         address = 10.11.12.2
         active = 1
         weight = 1
     }
}
)";

constexpr auto small_scenario = R"(scenario: small
about: Forty connections to two servers.
config: lvs.cf
routers:
  lvs1: { public: 192.168.26.9/24, private: 10.11.12.9/24 }
servers:
  web1: { address: 10.11.12.1/24, workers: 2, service: exponential 10ms }
  web2: { address: 10.11.12.2/24, workers: 2, service: exponential 10ms }
clients:
  office: { count: 5, network: 172.16.0.0/16, link: { rate: 100Mbps, delay: 5ms } }
workload:
  shop:
    from: office
    to: 192.168.26.10:80
    arrivals: constant 20/s
    for: 2s
    request: 400B
    response: 2KiB
drain: 3s
)";

std::string text_of(const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
}

struct Ended {
    int exit_code = -1;
    std::string out, err;
};

/// A folder of its own with the small scenario in it, gone after the test.
class RunCommand : public testing::Test {
protected:
    void SetUp() override {
        std::string pattern = (fs::temp_directory_path() / "lvslab-run-XXXXXX").string();
        ASSERT_NE(mkdtemp(pattern.data()), nullptr);
        folder_ = pattern;
        put("lvs.cf", lvs_cf);
        put("small.yaml", small_scenario);
    }
    void TearDown() override { fs::remove_all(folder_); }

    void put(const std::string& name, const std::string& text) const {
        std::ofstream(folder_ / name, std::ios::binary) << text;
    }

    /// Starts `lvslab run ARGUMENTS` in the folder; `progress` becomes its file descriptor 3.
    pid_t start(std::vector<std::string> arguments, int progress = -1) const {
        arguments.insert(arguments.begin(), {LVSLAB_PROGRAM, "run"});
        std::vector<char*> argv;
        for (auto& argument : arguments) {
            argv.push_back(argument.data());
        }
        argv.push_back(nullptr);
        const pid_t child = fork();
        if (child == 0) {
            const bool ready = chdir(folder_.c_str()) == 0 &&
                               std::freopen("out.txt", "w", stdout) != nullptr &&
                               std::freopen("err.txt", "w", stderr) != nullptr &&
                               (progress < 0 || dup2(progress, 3) == 3);
            if (ready) {
                execv(argv[0], argv.data());
            }
            _exit(127);
        }
        return child;
    }
    Ended wait(pid_t child) const {
        int status = 0;
        EXPECT_EQ(waitpid(child, &status, 0), child);
        EXPECT_TRUE(WIFEXITED(status)) << "signal " << WTERMSIG(status);
        return {WEXITSTATUS(status), text_of(folder_ / "out.txt"), text_of(folder_ / "err.txt")};
    }
    Ended run(const std::vector<std::string>& arguments) const { return wait(start(arguments)); }

    std::set<std::string> files(const std::string& of) const {
        std::set<std::string> names;
        for (const auto& entry : fs::directory_iterator(folder_ / of)) {
            names.insert(entry.path().filename().string());
        }
        return names;
    }

    fs::path folder_;
};

TEST_F(RunCommand, LeavesAWholeResultAndATable) {
    const auto ended = run({"small.yaml", "--output", "out"});
    ASSERT_EQ(ended.exit_code, 0) << ended.err;
    EXPECT_THAT(ended.err, IsEmpty());
    EXPECT_THAT(ended.out, HasSubstr("shop"));
    EXPECT_THAT(ended.out, HasSubstr("web2"));
    const auto summary = json::parse(text_of(folder_ / "out/summary.json"));
    EXPECT_EQ(summary["scenario"], "small");
    EXPECT_EQ(summary["world"], "packet");
    EXPECT_EQ(summary["total"]["connections"], 40);
    EXPECT_EQ(summary["total"]["served"], 40);
    EXPECT_THAT(files("out"), testing::IsSupersetOf({"summary.json", "journal.lvsj", "servers.csv",
                                                     "clients.csv", "load.csv"}));
    for (const auto& name : files("out")) {
        EXPECT_THAT(name, Not(StartsWith(".")));
    }
}

TEST_F(RunCommand, WritesBesideTheCallerUnderResultsByDefault) {
    ASSERT_EQ(run({"small.yaml", "--seed", "7", "--scheduler", "wlc"}).exit_code, 0);
    const auto summary = json::parse(text_of(folder_ / "results/small/wlc-7/summary.json"));
    EXPECT_EQ(summary["seed"], 7);
    EXPECT_EQ(summary["scheduler"], "wlc");
}

TEST_F(RunCommand, SameSeedLeavesTheSameBytes) {
    ASSERT_EQ(run({"small.yaml", "--output", "a"}).exit_code, 0);
    ASSERT_EQ(run({"small.yaml", "--output", "b"}).exit_code, 0);
    ASSERT_EQ(run({"small.yaml", "--output", "c", "--seed", "2"}).exit_code, 0);
    for (const auto& name : files("a")) {
        EXPECT_EQ(text_of(folder_ / "a" / name), text_of(folder_ / "b" / name)) << name;
    }
    EXPECT_NE(text_of(folder_ / "a/journal.lvsj"), text_of(folder_ / "c/journal.lvsj"));
}

TEST_F(RunCommand, JournalKeepsWhatIsAskedFor) {
    const auto kinds = [&](const std::string& level) {
        EXPECT_EQ(run({"small.yaml", "--output", level, "--journal", level}).exit_code, 0);
        std::ifstream in(folder_ / level / "journal.lvsj", std::ios::binary);
        journal::Reader reader([&](char* buffer, std::size_t capacity) {
            in.read(buffer, static_cast<std::streamsize>(capacity));
            return static_cast<std::size_t>(in.gcount());
        });
        std::map<std::size_t, unsigned> counts;
        while (const auto event = reader.next()) {
            ++counts[event->payload.index()];
        }
        EXPECT_FALSE(reader.error()) << reader.error()->message;
        return counts;
    };
    constexpr auto opened = journal::Payload(journal::ConnectionOpened{}).index();
    constexpr auto closed = journal::Payload(journal::ConnectionClosed{}).index();
    auto all = kinds("all");
    auto decisions = kinds("decisions");
    EXPECT_EQ(all[opened], 40U);
    EXPECT_EQ(decisions[opened], 0U);
    EXPECT_EQ(decisions[closed], 40U);
    ASSERT_EQ(run({"small.yaml", "--output", "none", "--journal", "none"}).exit_code, 0);
    EXPECT_THAT(files("none"), Not(testing::Contains("journal.lvsj")));
    EXPECT_EQ(text_of(folder_ / "none/summary.json"), text_of(folder_ / "all/summary.json"));
}

TEST_F(RunCommand, CapturesTheNodesThatAreNamed) {
    const auto ended = run({"small.yaml", "--output", "out", "--pcap", "web1", "--quiet"});
    ASSERT_EQ(ended.exit_code, 0) << ended.err;
    EXPECT_THAT(ended.out, IsEmpty());
    unsigned captures = 0;
    for (const auto& entry : fs::directory_iterator(folder_ / "out/pcap")) {
        EXPECT_THAT(entry.path().filename().string(), StartsWith("web1"));
        const auto bytes = text_of(entry.path());
        ASSERT_GT(bytes.size(), 24U);
        EXPECT_TRUE(bytes.substr(0, 4) == "\xD4\xC3\xB2\xA1" ||
                    bytes.substr(0, 4) == "\xA1\xB2\xC3\xD4");
        ++captures;
    }
    EXPECT_GT(captures, 0U);
}

TEST_F(RunCommand, SameSeedCapturesTheSameBytes) {
    for (const std::string output : {"a", "b"}) {
        ASSERT_EQ(run({"small.yaml", "--output", output, "--pcap", "all"}).exit_code, 0);
    }
    EXPECT_EQ(files("a/pcap"), files("b/pcap"));
    for (const auto& name : files("a/pcap")) {
        EXPECT_TRUE(text_of(folder_ / "a/pcap" / name) == text_of(folder_ / "b/pcap" / name))
            << name;
    }
}

TEST_F(RunCommand, EveryErrorOfTheScenarioIsToldAndNothingIsWritten) {
    std::string broken = small_scenario;
    broken.replace(broken.find("rate: 100Mbps"), 13, "rate: 100M");
    broken.replace(broken.find("from: office"), 12, "from: nobody");
    put("broken.yaml", broken);
    const auto ended = run({"broken.yaml", "--output", "out"});
    EXPECT_EQ(ended.exit_code, 2);
    EXPECT_THAT(ended.err, HasSubstr("broken.yaml:10:"));
    EXPECT_THAT(ended.err, HasSubstr("broken.yaml:13:"));
    EXPECT_FALSE(fs::exists(folder_ / "out"));
}

TEST_F(RunCommand, MissingFilesAreNamed) {
    auto ended = run({"absent.yaml"});
    EXPECT_EQ(ended.exit_code, 2);
    EXPECT_THAT(ended.err, HasSubstr("absent.yaml: cannot be read: No such file"));
    fs::remove(folder_ / "lvs.cf");
    ended = run({"small.yaml"});
    EXPECT_EQ(ended.exit_code, 2);
    EXPECT_THAT(ended.err, HasSubstr("small.yaml:3:"));
    EXPECT_THAT(ended.err, HasSubstr("lvs.cf"));
    EXPECT_FALSE(fs::exists(folder_ / "results"));
}

TEST_F(RunCommand, WhatAWorldDoesNotHaveAndUnknownWordsAreRefused) {
    const auto flow = run({"small.yaml", "--world", "flow", "--pcap", "all", "--output", "out"});
    EXPECT_EQ(flow.exit_code, 2);
    EXPECT_THAT(flow.err, HasSubstr("the flow world has no packets"));
    const auto virtual_time = run({"small.yaml", "--virtual-time", "--output", "out"});
    EXPECT_EQ(virtual_time.exit_code, 2);
    EXPECT_THAT(virtual_time.err, HasSubstr("--virtual-time is of the kernel world"));
    EXPECT_EQ(run({"small.yaml", "--world", "moon"}).exit_code, 2);
    EXPECT_EQ(run({"small.yaml", "--journal", "some"}).exit_code, 2);
    const auto ended = run({"small.yaml", "--scheduler", "best", "--output", "out"});
    EXPECT_EQ(ended.exit_code, 2);
    EXPECT_THAT(ended.err, HasSubstr("best"));
    EXPECT_THAT(ended.err, HasSubstr("wlc"));
    EXPECT_EQ(run({"small.yaml", "--pcap", "nobody", "--output", "out"}).exit_code, 2);
    EXPECT_FALSE(fs::exists(folder_ / "out"));
}

TEST_F(RunCommand, ReplacesItsOwnResultOnly) {
    ASSERT_EQ(run({"small.yaml", "--output", "out", "--pcap", "all"}).exit_code, 0);
    ASSERT_EQ(run({"small.yaml", "--output", "out", "--seed", "3"}).exit_code, 0);
    EXPECT_EQ(json::parse(text_of(folder_ / "out/summary.json"))["seed"], 3);
    EXPECT_FALSE(fs::exists(folder_ / "out/pcap")) << "what the earlier run left";

    fs::create_directory(folder_ / "mine");
    put("mine/thesis.tex", "years of work");
    auto ended = run({"small.yaml", "--output", "mine"});
    EXPECT_EQ(ended.exit_code, 2);
    EXPECT_THAT(ended.err, HasSubstr("thesis.tex"));
    EXPECT_EQ(files("mine"), std::set<std::string>{"thesis.tex"});
    ASSERT_EQ(run({"small.yaml", "--output", "mine", "--force"}).exit_code, 0);
    EXPECT_EQ(text_of(folder_ / "mine/thesis.tex"), "years of work");
    EXPECT_TRUE(fs::exists(folder_ / "mine/summary.json"));

    ended = run({"small.yaml", "--output", "lvs.cf"});
    EXPECT_EQ(ended.exit_code, 2);
    EXPECT_THAT(ended.err, HasSubstr("not a folder"));
}

TEST_F(RunCommand, TakesNoOtherProgramsFilesForItsOwn) {
    fs::create_directory(folder_ / "mine");
    put("mine/summary.json", "{}");
    put("mine/data.csv", "years of work");
    EXPECT_EQ(run({"small.yaml", "--output", "mine"}).exit_code, 2);
    EXPECT_EQ(text_of(folder_ / "mine/summary.json"), "{}");
    ASSERT_EQ(run({"small.yaml", "--output", "mine", "--force"}).exit_code, 0);
    EXPECT_EQ(text_of(folder_ / "mine/data.csv"), "years of work");
    EXPECT_EQ(run({"small.yaml", "--output", "mine"}).exit_code, 2) << "data.csv is there still";
    EXPECT_EQ(text_of(folder_ / "mine/data.csv"), "years of work");
}

TEST_F(RunCommand, SizesThatItsWorldCannotSendAreToldWithTheirPlace) {
    std::string tiny = small_scenario;
    tiny.replace(tiny.find("request: 400B"), 13, "request: 1B");
    put("tiny.yaml", tiny);
    auto ended = run({"tiny.yaml", "--output", "out"});
    EXPECT_EQ(ended.exit_code, 2);
    EXPECT_THAT(ended.err, StartsWith("tiny.yaml:17:14: 100 % of the requests of shop"));
    EXPECT_FALSE(fs::exists(folder_ / "out"));
    tiny.replace(tiny.find("request: 1B"), 11, "request: exponential 400B");
    put("tiny.yaml", tiny);
    ended = run({"tiny.yaml", "--output", "out"});
    EXPECT_EQ(ended.exit_code, 0);
    EXPECT_THAT(ended.err, StartsWith("tiny.yaml:17:14: warning: 9.4 % of the requests of shop"));
}

TEST_F(RunCommand, PlaceThatCannotBeWrittenIsToldBeforeTheRun) {
    const auto ended = run({"small.yaml", "--output", "/proc/lvslab/out"});
    EXPECT_EQ(ended.exit_code, 2);
    EXPECT_THAT(ended.err, HasSubstr("/proc/lvslab/out: cannot be written"));
}

TEST_F(RunCommand, ProgressIsALineForEachPercent) {
    std::array<int, 2> ends{};
    ASSERT_EQ(pipe(ends.data()), 0);
    const auto child = start({"small.yaml", "--output", "out", "--progress-fd", "3"}, ends[1]);
    close(ends[1]);
    std::string text;
    std::array<char, 4096> block;
    for (ssize_t n = 0; (n = read(ends[0], block.data(), block.size())) > 0;) {
        text.append(block.data(), static_cast<std::size_t>(n));
    }
    close(ends[0]);
    ASSERT_EQ(wait(child).exit_code, 0);
    std::istringstream lines(text);
    int expected = 0;
    int percent = 0;
    double at = 0;
    double end = 0;
    while (lines >> percent >> at >> end) {
        EXPECT_EQ(percent, expected++);
        EXPECT_DOUBLE_EQ(end, 5.0);
        EXPECT_LE(at, end);
    }
    EXPECT_EQ(expected, 101);
}

TEST_F(RunCommand, ReaderOfTheProgressMayGo) {
    std::array<int, 2> ends{};
    ASSERT_EQ(pipe(ends.data()), 0);
    close(ends[0]);
    const auto child = start({"small.yaml", "--output", "out", "--progress-fd", "3"}, ends[1]);
    close(ends[1]);
    EXPECT_EQ(wait(child).exit_code, 0);
}

TEST_F(RunCommand, InterruptLeavesNothingBehind) {
    std::string endless = small_scenario;
    endless.replace(endless.find("for: 2s"), 7, "for: 9h");
    put("endless.yaml", endless);
    std::array<int, 2> ends{};
    ASSERT_EQ(pipe(ends.data()), 0);
    const auto child =
        start({"endless.yaml", "--output", "deep/out", "--quiet", "--progress-fd", "3"}, ends[1]);
    close(ends[1]);
    // The first line tells that the run is under way.
    std::array<char, 1> first{};
    ASSERT_EQ(read(ends[0], first.data(), 1), 1);
    EXPECT_FALSE(files("deep/out").empty());
    ASSERT_EQ(kill(child, SIGINT), 0);
    const auto ended = wait(child);
    close(ends[0]);
    EXPECT_EQ(ended.exit_code, 130);
    EXPECT_THAT(ended.err, HasSubstr("stopped at"));
    EXPECT_FALSE(fs::exists(folder_ / "deep"));
}

}  // namespace
}  // namespace lvslab
