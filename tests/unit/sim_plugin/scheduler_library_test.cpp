// SPDX-License-Identifier: GPL-2.0-only
#include "sim/plugin/scheduler_library.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "core/base/random.hpp"
#include "core/base/scheduler_names.hpp"
#include "core/ipvs/schedulers.hpp"
#include "tests/flow/scenario_run.hpp"
#include "tests/unit/ipvs/ipvs_story.hpp"

namespace lvslab::plugin {
namespace {

using ipvs::Story;
using ipvs::syn;
using testing::HasSubstr;

std::string built(const std::string& name) {
    return std::string(LVSLAB_TEST_PLUGINS) + "/plugin_" + name + ".so";
}

/// What the loader says of a file that is none.
std::string refusal(const std::string& path) {
    try {
        const SchedulerLibrary library(path);
        return "taken for a plug-in";
    } catch (const std::runtime_error& error) {
        return error.what();
    }
}

std::string server(std::uint64_t number) {
    return "10.1.0." + std::to_string(10 + number) + ":80";
}

/// What two services with the same history decide: between connections a server comes, goes, is
/// quiesced, meets its threshold or comes back.
void expect_same_decisions(const std::string& one, const std::string& other, std::uint64_t seed) {
    Story a, b;
    a.service(one);
    b.service(other);
    RandomStream random(seed, "history");
    std::vector<bool> listed(8);
    for (int step = 0; step < 400; ++step) {
        const auto n = random.below(8);
        ipvs::DestinationSettings settings;
        settings.weight = Weight{static_cast<std::int32_t>(random.below(3))};
        settings.upper_threshold = random.below(4) == 0 ? 2 : 0;
        const auto kind = random.below(12);
        if (kind == 0 && listed[n]) {
            a.remove(server(n));
            b.remove(server(n));
            listed[n] = false;
        } else if (kind == 1 && listed[n]) {
            a.edit(server(n), settings);
            b.edit(server(n), settings);
        } else if (kind <= 2 && !listed[n]) {
            a.server(server(n), settings);
            b.server(server(n), settings);
            listed[n] = true;
        } else if (kind == 3) {
            a.wait(Duration(std::chrono::seconds(30)));
            b.wait(Duration(std::chrono::seconds(30)));
        }
        const auto client = "172.16.0.1:" + std::to_string(2000 + step);
        ASSERT_EQ(a.goes(client, syn), b.goes(client, syn)) << "step " << step;
    }
}

TEST(SchedulerLibrary, IsFoundByItsNameForAsLongAsItLives) {
    {
        const SchedulerLibrary library(built("round_robin"));
        EXPECT_EQ(library.name(), "round-robin");
        EXPECT_EQ(library.rule(), "round robin once more");
        EXPECT_NE(ipvs::find_scheduler("round-robin"), nullptr);
        EXPECT_TRUE(is_own_scheduler("round-robin"));
        EXPECT_EQ(ipvs::scheduler_names().back(), "round-robin");
    }
    EXPECT_EQ(ipvs::find_scheduler("round-robin"), nullptr);
    EXPECT_FALSE(is_own_scheduler("round-robin"));
}

TEST(SchedulerLibrary, DecidesAsRoundRobinWhereItDoesTheSame) {
    const SchedulerLibrary library(built("round_robin"));
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        expect_same_decisions("rr", "round-robin", seed);
    }
}

TEST(SchedulerLibrary, RunsInTheFlowWorldAsRoundRobinDoes) {
    using flow_world::testing::Recorder;
    const SchedulerLibrary library(built("round_robin"));
    const auto scenario = flow_world::testing::shipped("published-shape/scenario.yaml");
    const auto decisions = [&](const std::string& scheduler) {
        Recorder events;
        flow_world::run(scenario, {.seed = 3, .scheduler = scheduler}, events);
        std::vector<std::pair<std::string, std::uint32_t>> chosen;
        for (const auto& d : events.all<journal::Decision>()) {
            chosen.emplace_back(d.client.to_string(), d.server);
        }
        return chosen;
    };
    const auto kernels = decisions("rr");
    EXPECT_GT(kernels.size(), 1000U);
    EXPECT_EQ(decisions("round-robin"), kernels);
}

TEST(SchedulerLibrary, FilesThatAreNoPluginAreRefusedWithTheReason) {
    EXPECT_THAT(refusal("nowhere.so"), HasSubstr("nowhere.so: cannot open"));
    EXPECT_THAT(refusal("/proc/self/exe"), HasSubstr("/proc/self/exe: "));
    EXPECT_THAT(refusal(built("other_version")),
                HasSubstr("plugin_other_version.so: speaks version 77 of the interface, lvslab "
                          "version 1"));
    EXPECT_THAT(refusal(built("taken_name")), HasSubstr("there is a scheduler \"wlc\" already"));
    EXPECT_THAT(refusal(built("no_name")), HasSubstr("\"a b\" is no scheduler's name"));
    const SchedulerLibrary first(built("round_robin"));
    EXPECT_THAT(refusal(built("round_robin")),
                HasSubstr("there is a scheduler \"round-robin\" already"));
}

TEST(SchedulerLibrary, AServerThatIsNotThereEndsTheRun) {
    const SchedulerLibrary library(built("no_such_server"));
    Story s;
    s.service("faulty");
    s.server("10.1.0.10:80");
    try {
        s.from_client("172.16.0.1:1", syn);
        FAIL() << "it was believed";
    } catch (const std::runtime_error& error) {
        EXPECT_THAT(error.what(), HasSubstr("scheduler faulty of tcp 10.255.0.1:80: schedule() "
                                            "returned place 7, but there are 1 real servers"));
    }
}

TEST(SchedulerLibrary, ASchedulerThatIsNotMadeEndsTheRun) {
    const SchedulerLibrary library(built("nothing_made"));
    Story s;
    ipvs::ServiceSettings settings;
    settings.scheduler = "faulty";
    EXPECT_THROW(s.ipvs.add_service(s.key, settings, s.now), std::runtime_error);
}

}  // namespace
}  // namespace lvslab::plugin
