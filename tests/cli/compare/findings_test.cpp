// SPDX-License-Identifier: GPL-2.0-only
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sim/cli/compare_findings.hpp"
#include "sim/cli/compare_progress.hpp"

using namespace lvslab;
using namespace lvslab::cli;
using testing::HasSubstr;

namespace {

using Kind = Finding::Kind;

/// Two servers of a service that one workload uses.
scenario::Scenario pair_of_servers(std::int32_t weight1, std::int32_t weight2) {
    scenario::Scenario s;
    config::VirtualServer service;
    service.name = "shop";
    service.active = true;
    service.address = *Address::parse("192.168.26.10");
    for (const auto& [name, weight] : {std::pair{"web1", weight1}, std::pair{"web2", weight2}}) {
        scenario::Server host;
        host.name = name;
        host.interface = *Network::parse(host.name == "web1" ? "10.0.0.1/24" : "10.0.0.2/24");
        host.service = scenario::Exponential{0.1};
        s.servers.push_back(host);
        config::RealServer real;
        real.name = name;
        real.address = host.interface.address;
        real.active = true;
        real.weight = Weight{weight};
        real.port = Port{80};
        service.servers.push_back(real);
    }
    s.config.virtual_servers.push_back(service);
    scenario::ClientGroup clients;
    clients.count = 1000;
    clients.network = *Network::parse("172.16.0.0/16");
    s.clients.push_back(clients);
    scenario::Workload workload;
    workload.to = {service.address, Port{80}};
    workload.arrivals = scenario::PoissonArrivals{80};
    workload.length = std::chrono::seconds(10);
    s.workloads.push_back(workload);
    return s;
}

std::string all_texts(const std::vector<Finding>& findings) {
    std::string text;
    for (const auto& finding : findings) {
        text += finding.text + '\n';
    }
    return text;
}

/// p95 of each repetition; every connection served unless `served` says otherwise.
SchedulerResult scheduler(const std::string& name, const std::vector<double>& p95,
                          double served = 100) {
    SchedulerResult s;
    s.name = name;
    for (std::size_t i = 0; i < p95.size(); ++i) {
        RunResult run;
        run.job.scheduler = name;
        run.job.seed = i + 1;
        run.values = {
            {"response_time_p95", p95[i]}, {"connections", 100}, {"timed_out", 100 - served}};
        run.connections = 100;
        run.served = served;
        s.runs.push_back(run);
    }
    return s;
}

std::string verdict(const std::vector<SchedulerResult>& schedulers) {
    for (const auto& finding : result_findings(compare(schedulers))) {
        if (finding.kind == Kind::verdict) {
            return finding.text;
        }
    }
    return {};
}

}  // namespace

TEST(ScenarioFindings, EqualWeightsMakeWeightedAlgorithmsPlain) {
    const std::vector<std::string> schedulers{"rr", "wrr", "lc", "wlc"};
    EXPECT_THAT(all_texts(scenario_findings(pair_of_servers(3, 3), schedulers)),
                AllOf(HasSubstr("wrr is rr here"), HasSubstr("wlc is lc here")));
    EXPECT_THAT(all_texts(scenario_findings(pair_of_servers(1, 2), schedulers)),
                Not(HasSubstr("weights are equal")));
    EXPECT_THAT(all_texts(scenario_findings(pair_of_servers(3, 3), {"wrr", "wlc"})),
                Not(HasSubstr("weights are equal")));
}

TEST(ScenarioFindings, OneVirtualAddressLeavesDestinationHashingNoChoice) {
    auto s = pair_of_servers(1, 1);
    EXPECT_THAT(all_texts(scenario_findings(s, {"dh", "lblc", "lblcr"})),
                AllOf(HasSubstr("dh chooses by the destination address alone"),
                      HasSubstr("every connection lands on the same server"),
                      HasSubstr("lblc and lblcr remember")));
    // A proxy cache's clients ask for 254 addresses, through a firewall mark.
    s.config.virtual_servers[0].fwmark = Fwmark{7};
    s.workloads[0].destinations = {*Network::parse("203.0.113.0/24"), Port{80}, 1};
    s.workloads[0].to = {scenario::destination_address(*s.workloads[0].destinations, 0), Port{80}};
    scenario::MarkRule rule;
    rule.mark = Fwmark{7};
    s.marks.push_back(rule);
    ASSERT_NE(
        s.service_for(Protocol::tcp, scenario::client_address(s.clients[0], 0), s.workloads[0].to),
        nullptr);
    EXPECT_THAT(all_texts(scenario_findings(s, {"dh", "lblc", "lblcr"})),
                Not(HasSubstr("destination address")));
}

TEST(ScenarioFindings, FewClientsAreUnevenUnderSourceHashing) {
    auto s = pair_of_servers(1, 1);
    EXPECT_THAT(all_texts(scenario_findings(s, {"sh"})), Not(HasSubstr("client's address")));
    s.clients[0].count = 4;
    EXPECT_THAT(all_texts(scenario_findings(s, {"sh", "mh"})),
                AllOf(HasSubstr("sh and mh choose by the client's address alone"),
                      HasSubstr("4 client addresses for 2 real servers"), HasSubstr("50 %")));
}

TEST(ScenarioFindings, LoadIsHeldAgainstCapacity) {
    // 80 requests/s; 2 servers * 8 workers / 0.1 s = 160 requests/s.
    auto s = pair_of_servers(1, 1);
    EXPECT_THAT(all_texts(scenario_findings(s, {"rr"})),
                HasSubstr("80 requests/s against 160 requests/s"));
    s.workloads[0].requests = 3;
    EXPECT_THAT(all_texts(scenario_findings(s, {"rr"})), HasSubstr("No algorithm can serve all"));
    s.workloads[0].arrivals = scenario::ConstantArrivals{1};
    EXPECT_THAT(all_texts(scenario_findings(s, {"rr"})), HasSubstr("mostly idle"));
}

TEST(ScenarioFindings, WeightsThatDoNotFollowCapacityAreTold) {
    auto s = pair_of_servers(1, 1);
    s.servers[1].speed = 3;
    EXPECT_THAT(all_texts(scenario_findings(s, {"wrr"})),
                HasSubstr("web1 50 % of the weight and 25 % of the capacity"));
}

TEST(ResultFindings, TheQuickestIsBestOnlyIfItServesAsMany) {
    EXPECT_THAT(
        verdict({scheduler("rr", {0.20, 0.21, 0.22}), scheduler("wlc", {0.10, 0.11, 0.12})}),
        AllOf(HasSubstr("wlc serves this load best"), HasSubstr("within 110 ms"),
              HasSubstr("Every other algorithm is significantly worse"),
              HasSubstr("Last comes rr with 210 ms")));
    // dh answers quickly because it answers few.
    EXPECT_THAT(
        verdict({scheduler("rr", {0.2, 0.21, 0.22}), scheduler("dh", {0.1, 0.11, 0.12}, 50)}),
        AllOf(HasSubstr("rr serves this load best"), HasSubstr("Last comes dh"),
              HasSubstr("serving 50.0 % of the connections")));
}

TEST(ResultFindings, WhatMayBeChanceIsNotCalledADifference) {
    const auto text = verdict(
        {scheduler("lc", {0.10, 0.14, 0.11, 0.13}), scheduler("wlc", {0.11, 0.12, 0.13, 0.11})});
    EXPECT_THAT(text, HasSubstr("No algorithm serves this load significantly better"));
    const auto one = verdict({scheduler("lc", {0.1}), scheduler("rr", {5})});
    EXPECT_THAT(one, AllOf(HasSubstr("one repetition"), Not(HasSubstr("significant"))));
}

TEST(ResultFindings, IdenticalRunsAreOne) {
    const auto c = compare(
        {scheduler("lc", {0.1, 0.2}), scheduler("wlc", {0.1, 0.2}), scheduler("rr", {1, 2})});
    EXPECT_TRUE(c.between(0, 1)->identical);
    EXPECT_FALSE(c.between(0, 2)->identical);
    EXPECT_THAT(all_texts(result_findings(c)), AllOf(HasSubstr("lc and wlc serve this load best"),
                                                     HasSubstr("lc and wlc behaved identically")));
}

TEST(ResultFindings, PairsAreCorrectedForTheirNumber) {
    // Two that differ at p = 0.017 by themselves do not among six pairs.
    const std::vector<double> a{0.100, 0.100, 0.100, 0.100}, b{0.103, 0.104, 0.108, 0.106};
    const auto two = compare({scheduler("a", a), scheduler("b", b)});
    EXPECT_TRUE(two.between(0, 1)->significant());
    const auto four =
        compare({scheduler("a", a), scheduler("b", b), scheduler("c", {0.1, 0.11, 0.09, 0.1}),
                 scheduler("d", {0.1, 0.09, 0.12, 0.11})});
    EXPECT_FALSE(four.between(0, 1)->significant());
}

TEST(Progress, EstimatesFromTheRunsThatEnded) {
    // 4 runs took 40 s in all; 8 are left, 2 at one time, 10 s of them done.
    EXPECT_EQ(time_left(4, 40, 8, 2, 10), "about 35 s left");
    EXPECT_EQ(time_left(4, 4000, 8, 2, 0), "about 67 min left");
    EXPECT_EQ(time_left(0, 0, 8, 2, 10), "");
    EXPECT_EQ(time_left(4, 40, 1, 8, 60), "about 0 s left");
}

TEST(Seconds, ReadAsPeopleSayThem) {
    EXPECT_EQ(readable_seconds(0.2119), "212 ms");
    EXPECT_EQ(readable_seconds(1.944), "1.94 s");
    EXPECT_EQ(readable_seconds(0.9999), "1.00 s");
    EXPECT_EQ(readable_seconds(0.000012), "12.0 us");
}
