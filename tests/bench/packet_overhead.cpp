// SPDX-License-Identifier: GPL-2.0-only
/// What the director costs: one run of fixed traffic through the director, or the same connections
/// straight to the real servers that the director chose, through a plain ns-3 router in its place.
/// packet_overhead.py runs it many times and compares.
///
///     packet_overhead nat|direct director|plain CONNECTIONS DECISIONS_FILE
///
/// `director` writes the file, `plain` reads it. Checksums are on and a whole journal is made in
/// both. Prints a line of JSON.
#include <sys/resource.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <string>
#include <unordered_map>

#include <fmt/format.h>

#include "core/journal/writer.hpp"
#include "core/scenario/scenario.hpp"
#include "sim/packet/world.hpp"

namespace lvslab {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr double connections_per_second = 500;

Address address(const std::string& text) {
    return *Address::parse(text);
}

/// facts of the prototype's measurement: 50 clients, 4 servers, 1 KB request, 10 KB response.
scenario::Scenario fixed_traffic(bool nat, std::uint64_t connections) {
    scenario::Scenario s;
    s.name = "packet-overhead";
    s.daemons = false;
    s.gateway = address("192.168.26.254");
    s.routers.push_back(
        {"lvs1", *Network::parse("192.168.26.9/24"), Network::parse("10.11.12.9/24"), {}});
    s.clients.push_back({"clients",
                         50,
                         *Network::parse("172.16.0.0/16"),
                         {BitRate{100'000'000}, milliseconds(10), 0},
                         {}});
    s.config.network = nat ? config::NetworkType::nat : config::NetworkType::direct;
    s.config.nat_router = address("10.11.12.254");
    config::VirtualServer v;
    v.name = "web";
    v.active = true;
    v.address = address("192.168.26.10");
    v.scheduler = "wlc";
    for (int i = 1; i <= 4; ++i) {
        config::RealServer real;
        real.name = "web" + std::to_string(i);
        real.address = address((nat ? "10.11.12." : "192.168.26.10") + std::to_string(i));
        real.active = true;
        real.port = Port{80};
        v.servers.push_back(real);
        scenario::Server server;
        server.name = real.name;
        server.interface = {real.address, 24};
        server.workers = 8;
        server.service = scenario::Exponential{0.01};
        s.servers.push_back(server);
    }
    s.config.virtual_servers.push_back(v);
    s.routers.front().config = s.config;
    scenario::Workload w;
    w.name = "pages";
    w.to = {v.address, Port{80}};
    w.arrivals = scenario::ConstantArrivals{connections_per_second};
    w.length = Duration{static_cast<Duration::rep>(1e9 * static_cast<double>(connections) /
                                                   connections_per_second)};
    w.request = scenario::Constant{1000};
    w.response = scenario::Constant{10'000};
    s.workloads.push_back(w);
    s.drain = seconds(5);
    return s;
}

/// Counts what ended well, keeps the decisions if they are to be written, and hands on.
class Watch : public journal::Sink {
public:
    explicit Watch(journal::Sink& next) : next_(next) {}
    void take(const journal::Event& event) override {
        if (const auto* closed = std::get_if<journal::ConnectionClosed>(&event.payload)) {
            served += closed->outcome == journal::Outcome::served ? 1U : 0U;
        } else if (const auto* d = std::get_if<journal::Decision>(&event.payload)) {
            decisions << d->client.to_string() << ' ' << d->server << '\n';
        }
        next_.take(event);
    }

    std::uint64_t served = 0;
    std::ofstream decisions;

private:
    journal::Sink& next_;
};

std::unordered_map<Endpoint, std::uint32_t> read_decisions(const std::string& path) {
    std::unordered_map<Endpoint, std::uint32_t> chosen;
    std::ifstream file(path);
    std::string client;
    for (std::uint32_t server = 0; file >> client >> server;) {
        chosen[*Endpoint::parse(client)] = server;
    }
    return chosen;
}

int measure(bool nat, bool plain, std::uint64_t connections, const std::string& decisions_file) {
    const auto s = fixed_traffic(nat, connections);
    std::uint64_t journal_bytes = 0;
    journal::Writer writer([&](std::string_view bytes) { journal_bytes += bytes.size(); });
    Watch watch(writer);
    packet_world::RunOptions options;
    std::unordered_map<Endpoint, std::uint32_t> chosen;
    if (plain) {
        chosen = read_decisions(decisions_file);
        options.straight_to = [&](const scenario::PlannedConnection& c) {
            return Endpoint{s.servers[chosen.at(c.source)].interface.address, Port{80}};
        };
    } else {
        watch.decisions.open(decisions_file);
    }
    const auto result = packet_world::run(s, options, watch);
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    const auto cpu = [](const timeval& t) {
        return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
    };
    fmt::print(
        "{{\"connections\": {}, \"served\": {}, \"events\": {}, \"journal_bytes\": {}, "
        "\"cpu_seconds\": {:.3f}, \"peak_kilobytes\": {}}}\n",
        result.connections, watch.served, result.events, journal_bytes,
        cpu(usage.ru_utime) + cpu(usage.ru_stime), usage.ru_maxrss);
    return watch.served == result.connections && result.connections > 0 ? 0 : 1;
}

}  // namespace
}  // namespace lvslab

int main(int argc, char** argv) {
    const std::string method = argc == 5 ? argv[1] : "", router = argc == 5 ? argv[2] : "";
    if ((method != "nat" && method != "direct") || (router != "director" && router != "plain")) {
        fmt::print(stderr,
                   "usage: packet_overhead nat|direct director|plain CONNECTIONS DECISIONS_FILE\n");
        return 2;
    }
    return lvslab::measure(method == "nat", router == "plain", std::strtoull(argv[3], nullptr, 10),
                           argv[4]);
}
