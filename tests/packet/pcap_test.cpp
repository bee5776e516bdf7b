// SPDX-License-Identifier: GPL-2.0-only
/// Captures as another program reads them.
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <filesystem>
#include <map>
#include <set>
#include <sstream>
#include <string>

#include "tests/packet/cluster_run.hpp"

namespace lvslab::packet_world::testing {
namespace {

using config::NetworkType;
namespace fs = std::filesystem;

std::string output_of(const std::string& command) {
    std::string output;
    auto* pipe = popen(command.c_str(), "r");
    std::array<char, 4096> buffer{};
    while (const auto n = std::fread(buffer.data(), 1, buffer.size(), pipe)) {
        output.append(buffer.data(), n);
    }
    pclose(pipe);
    return output;
}

bool have_tshark() {
    return !output_of("command -v tshark").empty();
}

/// What tshark makes of a capture's checksums and contents.
struct Reading {
    long good = 0, bad = 0, malformed = 0, unreachable = 0, arp = 0;
};

Reading read_by_tshark(const fs::path& file) {
    // A line a frame; several values in a field where a packet quotes or carries another.
    std::istringstream lines(
        output_of("tshark -n -r " + file.string() +
                  " -o ip.check_checksum:TRUE -o tcp.check_checksum:TRUE"
                  " -o udp.check_checksum:TRUE -T fields -e ip.checksum.status"
                  " -e tcp.checksum.status -e udp.checksum.status -e icmp.checksum.status"
                  " -e _ws.malformed -e icmp.code -e arp.opcode 2>/dev/null"));
    Reading reading;
    for (std::string line; std::getline(lines, line);) {
        std::istringstream columns(line);
        std::string column;
        for (int i = 0; std::getline(columns, column, '\t'); ++i) {
            if (i < 4) {
                reading.bad += std::ranges::count(column, '0');
                reading.good += std::ranges::count(column, '1');
            } else if (!column.empty()) {
                ++(i == 4 ? reading.malformed : i == 5 ? reading.unreachable : reading.arp);
            }
        }
    }
    return reading;
}

class Captures : public ::testing::TestWithParam<NetworkType> {
protected:
    Captures()
        : folder_(fs::temp_directory_path() /
                  ("lvslab-pcap-" + std::to_string(static_cast<int>(GetParam())) + "-" +
                   std::to_string(::testing::UnitTest::GetInstance()->random_seed()) + "-" +
                   std::to_string(getpid()))) {
        fs::create_directories(folder_);
    }
    ~Captures() override { fs::remove_all(folder_); }

    std::set<std::string> files() const {
        std::set<std::string> names;
        for (const auto& entry : fs::directory_iterator(folder_)) {
            names.insert(entry.path().filename().string());
        }
        return names;
    }

    fs::path folder_;
};

TEST_P(Captures, HaveNoWrongChecksumOnAnyKindOfLink) {
    if (!have_tshark()) {
        GTEST_SKIP() << "tshark is not installed (apt install tshark): captures are not checked";
    }
    auto scenario = cluster(GetParam(), 2, 2);
    // A service without servers, for ICMP.
    auto& dead = scenario.config.virtual_servers.emplace_back(scenario.config.virtual_servers[0]);
    dead.port = Port{81};
    dead.servers.clear();
    {
        ClusterRun run(scenario, 5'000);
        run.network.enable_pcap({"lvs1", "web1", "gateway", "office-0"}, folder_.string());
        run.ask_evenly(6, Protocol::tcp, 0.1);
        run.ask_evenly(6, Protocol::udp, 0.1);
        run.ask(0, Protocol::tcp, {vip.address, Port{81}}, 1);
        run.go(5);
        EXPECT_EQ(run.served(5'000), 12U);
    }
    std::map<std::string, Reading> readings;
    for (const auto& name : files()) {
        const auto& reading = readings[name] = read_by_tshark(folder_ / name);
        EXPECT_EQ(reading.bad, 0) << name;
        EXPECT_EQ(reading.malformed, 0) << name;
    }
    // No wrong checksum must not mean that none was looked at.
    for (const auto* name : {"lvs1-public.pcap", "web1.pcap", "gateway-office.pcap"}) {
        EXPECT_GT(readings[name].good, 50) << name;
    }
    EXPECT_GT(readings["office-0.pcap"].unreachable, 0);
    EXPECT_GT(readings["lvs1-public.pcap"].arp, 0);
    EXPECT_EQ(readings["office-0.pcap"].arp, 0) << "a client's link has nobody to ask for";
}

TEST_P(Captures, AreMadeOfTheNodesNamedAlone) {
    ClusterRun run(cluster(GetParam(), 2, 2), 1'000);
    run.network.enable_pcap({"web2", "lvs1", "office-1"}, folder_.string());
    const std::set<std::string> expected{"lvs1-private.pcap", "lvs1-public.pcap", "office-1.pcap",
                                         "web2.pcap"};
    EXPECT_EQ(files(), expected);
}

INSTANTIATE_TEST_SUITE_P(Pcap, Captures,
                         ::testing::Values(NetworkType::nat, NetworkType::direct,
                                           NetworkType::tunnel));

}  // namespace
}  // namespace lvslab::packet_world::testing
