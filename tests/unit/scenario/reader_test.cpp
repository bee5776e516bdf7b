// SPDX-License-Identifier: GPL-2.0-only
#include "core/scenario/reader.hpp"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

#include "tests/unit/scenario/sources.hpp"

namespace lvslab::scenario {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;

YAML::Node table(const std::string& name) {
    return YAML::LoadFile(LVSLAB_SOURCE_DIR "/tests/data/scenario/" + name);
}

std::string text(const YAML::Node& node, const std::string& fallback = "") {
    return node.as<std::string>(fallback);
}

TEST(Reader, SaysWhatIsWrongAndWhereForEveryBadInput) {
    const auto cases = table("bad_inputs.yaml");
    ASSERT_GT(cases.size(), 100U);
    for (const auto& c : cases) {
        auto sources = base_sources();
        replace(sources, text(c["file"], "base.yaml"), text(c["replace"]), text(c["by"]));
        std::string expected;
        for (const auto& line : c["says"]) {
            expected += text(line) + '\n';
        }
        const auto result = read(sources);
        EXPECT_FALSE(result) << text(c["name"]);
        EXPECT_EQ(result.diagnostics.to_string(), expected) << text(c["name"]);
    }
}

TEST(Reader, AcceptsEveryWayToWriteWhatIsRight) {
    for (const auto& c : table("good_inputs.yaml")) {
        auto sources = base_sources();
        replace(sources, "base.yaml", text(c["replace"]), text(c["by"]));
        if (c["also_replace"]) {
            replace(sources, "base.yaml", text(c["also_replace"]), text(c["also_by"]));
        }
        const auto result = read(sources);
        EXPECT_TRUE(result) << text(c["name"]);
        EXPECT_EQ(result.diagnostics.to_string(), "") << text(c["name"]);
    }
}

TEST(Reader, KeepsWhatTheFileSays) {
    const auto s = changed("seed: 42", "seed: 42");
    EXPECT_EQ(s.name, "base");
    EXPECT_EQ(s.config_path, "base.cf");
    EXPECT_EQ(s.config.virtual_servers.size(), 4U);
    ASSERT_EQ(s.routers.size(), 2U);
    EXPECT_EQ(s.routers[0].name, "lvs1");
    EXPECT_EQ(s.routers[0].public_interface, Network::parse("192.168.26.9/24"));
    EXPECT_EQ(s.routers[1].private_interface, Network::parse("10.11.12.8/24"));
    EXPECT_EQ(s.gateway, Address::parse("192.168.26.254"));

    ASSERT_EQ(s.servers.size(), 2U);
    EXPECT_EQ(s.servers[0].workers, 8U);
    EXPECT_EQ(s.servers[0].queue, std::nullopt);
    EXPECT_DOUBLE_EQ(std::get<Exponential>(s.servers[0].service).mean, 0.04);
    EXPECT_EQ(s.servers[0].link.delay, std::chrono::microseconds(100));
    EXPECT_EQ(s.servers[1].queue, 64U);
    EXPECT_DOUBLE_EQ(std::get<Constant>(s.servers[1].service).value, 0.08);
    EXPECT_DOUBLE_EQ(s.servers[1].speed, 0.5);

    ASSERT_EQ(s.clients.size(), 2U);
    EXPECT_EQ(s.clients[0].count, 200U);
    EXPECT_EQ(s.clients[0].link.rate, BitRate{100'000'000});
    EXPECT_DOUBLE_EQ(s.clients[0].link.loss, 0.001);
    EXPECT_EQ(client_address(s.clients[0], 0), Address::parse("172.16.0.2"));
    EXPECT_EQ(client_address(s.clients[0], 199), Address::parse("172.16.0.201"));

    ASSERT_EQ(s.workloads.size(), 3U);
    const auto& shop = s.workloads[0];
    EXPECT_EQ(shop.to, Endpoint::parse("192.168.26.10:80"));
    EXPECT_EQ(shop.protocol, Protocol::tcp);
    EXPECT_DOUBLE_EQ(std::get<PoissonArrivals>(shop.arrivals).per_second, 120);
    EXPECT_EQ(shop.length, seconds(60));
    EXPECT_DOUBLE_EQ(std::get<LogNormal>(shop.response).mean, 12288);
    EXPECT_DOUBLE_EQ(std::get<LogNormal>(shop.response).sigma, 1.2);
    EXPECT_EQ(shop.requests, 3U);
    EXPECT_DOUBLE_EQ(std::get<Uniform>(shop.think).high, 2);
    EXPECT_EQ(shop.timeout, seconds(20));
    EXPECT_EQ(s.workloads[1].protocol, Protocol::udp);  // from the virtual service
    EXPECT_EQ(s.workloads[1].start, seconds(5));
    EXPECT_THAT(std::get<ListedArrivals>(s.workloads[2].arrivals).at,
                ElementsAre(seconds(0), milliseconds(100), milliseconds(2500)));

    ASSERT_EQ(s.changes.size(), 2U);
    EXPECT_EQ(s.changes[0].kind, MembershipChange::Kind::leave);
    EXPECT_EQ(s.changes[1].at, Time{seconds(40)});
    EXPECT_THAT(s.compare.schedulers, ElementsAre("rr", "wrr", "lc", "wlc"));
    EXPECT_EQ(s.compare.seeds, 10U);
    EXPECT_EQ(s.outputs.journal, Outputs::Journal::all);
    EXPECT_EQ(s.outputs.sample, milliseconds(250));
    EXPECT_THAT(s.outputs.pcap, ElementsAre("lvs1", "web1"));
    EXPECT_EQ(s.seed, 42U);
    EXPECT_EQ(s.end(), Time{seconds(60 + 15 + 5)});  // "names" begins at 5 s and lasts 60 s
}

TEST(Reader, FillsInTheDocumentedDefaults) {
    const auto s = changed(
        "outputs: { journal: all, sample: 250ms, pcap: [lvs1, web1] }\n"
        "seed: 42\ndrain: 15s\n",
        "");
    EXPECT_EQ(s.outputs.journal, Outputs::Journal::decisions);
    EXPECT_EQ(s.outputs.sample, milliseconds(500));
    EXPECT_TRUE(s.outputs.pcap.empty());
    EXPECT_EQ(s.seed, 1U);
    EXPECT_EQ(s.drain, seconds(30));
    const auto& home = s.clients[1];
    EXPECT_EQ(home.count, 1U);
    EXPECT_EQ(home.link.rate, BitRate{1'000'000'000});
    const auto& names = s.workloads[1];
    EXPECT_EQ(names.length, seconds(60));
    EXPECT_EQ(names.timeout, seconds(30));
    EXPECT_DOUBLE_EQ(std::get<Constant>(names.request).value, 400);
    EXPECT_DOUBLE_EQ(std::get<Constant>(names.response).value, 10240);
    EXPECT_EQ(names.requests, 1U);
    EXPECT_EQ(s.servers[1].discipline, Discipline::fcfs);
}

TEST(Reader, AcceptsTheShapeOfTheFirstSketch) {
    auto sources = base_sources();
    sources["base.cf"] = R"(primary = 192.168.26.9
primary_private = 10.11.12.9
backup = 192.168.26.8
backup_private = 10.11.12.8
nat_router = 10.11.12.10 eth1:1
virtual shop {
  active = 1
  address = 192.168.26.10 eth0:1
  server web1 {
    address = 10.11.12.1
    active = 1
  }
  server web2 {
    address = 10.11.12.2
    active = 1
  }
}
)";
    sources["base.yaml"] = R"(scenario: nat-two-tier
about: Figure 1.3 of the manual. Which algorithm serves two unequal web servers best, and what does a client see when a server dies?
config: base.cf                     # the very file that the routers run

routers:
  lvs1: { public: 192.168.26.9/24, private: 10.11.12.9/24 }
  lvs2: { public: 192.168.26.8/24, private: 10.11.12.8/24 }
servers:
  web1: { address: 10.11.12.1/24, workers: 8, service: exponential 40ms }
  web2: { address: 10.11.12.2/24, workers: 8, service: exponential 80ms }
clients:
  office: { count: 200, network: 172.16.0.0/16, link: { rate: 100Mbps, delay: 20ms, loss: 0.1% } }

workload:
  shop:
    from: office
    to: 192.168.26.10:80
    arrivals: poisson 120/s
    for: 60s
    request: 400B
    response: lognormal { mean: 12KiB, sigma: 1.2 }

compare:
  scheduler: [rr, wrr, lc, wlc]
  seeds: 10
)";
    EXPECT_EQ(read(sources).diagnostics.to_string(), "");
    replace(sources, "base.yaml", "compare:", R"(faults:
  - { at: 20s, crash: web1 }
  - { after: web1 is taken out, wait: 10s, restart: web1 }
  - { at: 40s, crash: active router }

expect:
  - takeover <= 6.2s over all seeds
  - connections to web1 == 0 from 5s after its crash until it is put back
  - refused == 0 from 50s
  - p99(response time of shop) <= 400ms with wlc
compare:)");
    const auto result = read(sources);
    EXPECT_EQ(result.diagnostics.to_string(), "");
    ASSERT_TRUE(result);
    EXPECT_EQ(result->faults.size(), 3U);
    EXPECT_EQ(result->expectations.size(), 4U);
}

TEST(Reader, ReadsArrivalsFromAFileBesideTheScenario) {
    const auto s = changed("arrivals: poisson 120/s\n    for: 60s", "arrivals: file arrivals.txt");
    const auto& shop = s.workloads[0];
    EXPECT_THAT(std::get<ListedArrivals>(shop.arrivals).at,
                ElementsAre(seconds(0), milliseconds(1500), seconds(2)));
    EXPECT_EQ(shop.length, seconds(2));
}

TEST(Reader, NamesTheLineOfAFileOfArrivals) {
    auto sources = base_sources();
    replace(sources, "base.yaml", "arrivals: poisson 120/s", "arrivals: file arrivals.txt");
    sources["arrivals.txt"] = "1s\n  2\n# 3\n500ms\n";
    EXPECT_EQ(read(sources).diagnostics.to_string(),
              "arrivals.txt:2:3: arrival \"2\" has no unit of time; write 2s\n"
              "arrivals.txt:4:1: arrival \"500ms\" is before the one before it (1s)\n");
    sources["arrivals.txt"] = "# none\n";
    EXPECT_EQ(read(sources).diagnostics.to_string(),
              "base.yaml:27:20: the list of arrivals is empty\n");
}

TEST(Reader, NamesTheFilesBesideTheScenarioByTheirPath) {
    const auto result =
        read_scenario("scenario: x\nconfig: lvs.cf\n", "some/where/x.yaml",
                      [](const std::string&) { return "port = x\nprimary = 10.0.0.1 2\n"; });
    EXPECT_THAT(result.diagnostics.to_string(), testing::StartsWith("some/where/lvs.cf:1:"));
}

TEST(Reader, ListsAtMostAHundredFindings) {
    std::string text = "scenario: x\n";
    for (int i = 0; i < 1000; ++i) {
        text += "key" + std::to_string(i) + ": 1\n";
    }
    const auto result =
        read_scenario(text, "x.yaml", [](const std::string&) { return std::nullopt; });
    EXPECT_EQ(result.diagnostics.items().size(), 101U);
    EXPECT_EQ(result.diagnostics.items().back().message, "905 more findings are not listed");
}

TEST(Reader, HoldsDirectRoutingServersToTheRoutersNetworks) {
    auto sources = base_sources();
    replace(sources, "base.cf", "network = nat\nnat_router = 10.11.12.10 eth1:1",
            "network = direct");
    EXPECT_TRUE(read(sources)) << read(sources).diagnostics.to_string();
    for (const auto* file : {"base.yaml", "base.cf"}) {
        for (int i = 0; i < (file[5] == 'y' ? 1 : 2); ++i) {
            replace(sources, file, "10.11.12.2", "10.99.0.2");
        }
    }
    EXPECT_EQ(read(sources).diagnostics.to_string(),
              "base.yaml:14:20: 10.99.0.2/24 of web2 is not in the routers' networks "
              "192.168.26.0/24 and 10.11.12.0/24, where network = direct needs it; "
              "\"accept: [unreachable-server]\" runs it all the same\n");
    replace(sources, "base.cf", "network = direct", "network = tunnel");
    EXPECT_TRUE(read(sources)) << read(sources).diagnostics.to_string();
}

// Manual, 3.2.2: an application behind REDIRECT is bound to INADDR_ANY.
TEST(Reader, TwoServicesOnOnePortAreNoneForAServerBehindRedirect) {
    auto sources = base_sources();
    replace(sources, "base.cf", "network = nat\nnat_router = 10.11.12.10 eth1:1",
            "network = direct");
    replace(sources, "base.yaml", "speed: 0.5 }", "speed: 0.5, vip: redirect }");
    EXPECT_TRUE(read(sources)) << read(sources).diagnostics.to_string();
    // No workload uses the second service, which is told too.
    const auto with_second_shop_on = [&](const std::string& port) {
        auto changed = sources;
        replace(changed, "base.cf", "virtual old {",
                "virtual second {\n active = 1\n address = 192.168.26.13 eth0:4\n port = " + port +
                    "\n server web2 {\n address = 10.11.12.2\n active = 1\n }\n}\nvirtual old {");
        return read(changed).diagnostics.to_string();
    };
    EXPECT_THAT(with_second_shop_on("80"),
                testing::HasSubstr("base.yaml:14:90: web2 cannot serve shop and second by "
                                   "REDIRECT: both are on port 80, which one application takes\n"));
    EXPECT_THAT(with_second_shop_on("8080"), testing::Not(testing::HasSubstr("REDIRECT")));
}

TEST(Scenario, FindsTheServiceOfAPacketAsIpvsDoes) {
    auto s = changed("seed: 42", "seed: 42");
    const auto client = client_address(s.clients[0], 0);
    const auto name = [&](Protocol p, const char* to) {
        const auto* v = s.service_for(p, client, *Endpoint::parse(to));
        return v != nullptr ? v->name : "none";
    };
    EXPECT_EQ(name(Protocol::tcp, "192.168.26.10:80"), "shop");
    EXPECT_EQ(name(Protocol::udp, "192.168.26.10:80"), "none");
    EXPECT_EQ(name(Protocol::tcp, "192.168.26.10:8005"), "files");  // by its mark
    EXPECT_EQ(name(Protocol::tcp, "192.168.26.10:8011"), "none");
    EXPECT_EQ(name(Protocol::udp, "192.168.26.11:53"), "names");
    EXPECT_EQ(name(Protocol::tcp, "192.168.26.12:81"), "none");  // not active
    s.config.virtual_servers[0].port = Port{0};
    EXPECT_EQ(name(Protocol::tcp, "192.168.26.10:12345"), "shop");
    s.marks[0].mark = Fwmark{99};  // no service has it: the packet goes by its address
    EXPECT_EQ(name(Protocol::tcp, "192.168.26.10:8005"), "shop");
}

TEST(Reader, AServerThatIsInactiveInTheLvsCfIsOutUntilItJoins) {
    auto sources = base_sources();
    for (const auto* service : {"shop", "files"}) {
        auto& cf = sources.at("base.cf");
        const auto block = cf.find("server web2", cf.find(std::string("virtual ") + service));
        cf.replace(cf.find("active = 1", block), 10, "active = 0");
    }
    replace(sources, "base.yaml", "{ at: 20s, leave: web1 }", "{ at: 20s, join: web2 }");
    replace(sources, "base.yaml", "{ at: 40s, join: web1 }", "{ at: 40s, leave: web2 }");
    const auto good = read(sources);
    ASSERT_TRUE(good) << good.diagnostics.to_string();
    EXPECT_EQ(good->changes.at(0).kind, MembershipChange::Kind::join);
    replace(sources, "base.yaml", "{ at: 20s, join: web2 }", "{ at: 20s, leave: web2 }");
    EXPECT_FALSE(read(sources));
}

}  // namespace
}  // namespace lvslab::scenario
