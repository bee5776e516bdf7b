// SPDX-License-Identifier: GPL-2.0-only
// How many connections a second: a bare loop (bare_loop.hpp), and the same loop with the whole of
// core::Ipvs in it (each connection's SYN, ACK and FIN by direct routing, the kernel's timeouts,
// entries that expire 120 s after their FIN), and the flow world's engine with its stations,
// shares and histogram. All in turn in one run.
#include <functional>
#include <memory>
#include <queue>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "core/ipvs/ipvs.hpp"
#include "tests/bench/bare_loop.hpp"
#include "tests/bench/interleaved.hpp"
#include "tests/flow/poisson_arrivals.hpp"

namespace lvslab::bench {
namespace {

using ipvs::TcpFlags;

/// The bare loop, with each connection's server chosen and its entry kept by Ipvs.
class IpvsLoop {
public:
    IpvsLoop(std::string_view scheduler, std::uint32_t servers)
        : gap_(mean_service_seconds / (bench_load * servers)),
          free_at_(servers, 0.0),
          served_(servers, 0) {
        ipvs::ServiceSettings settings;
        settings.scheduler = scheduler;
        ipvs_.add_service(key_, settings, Time{});
        for (std::uint32_t i = 0; i < servers; ++i) {
            ipvs::DestinationSettings d;
            d.method = ipvs::ForwardingMethod::direct;
            ipvs_.add_destination(key_, {Address::v4(first_server + i), Port{80}}, d, Time{});
        }
    }

    void run(std::uint64_t connections) {
        for (std::uint64_t i = 0; i < connections; ++i) {
            now_ += arrivals_.exponential(gap_);
            ++client_;
            auto segment = segment_of(client_);
            ipvs_.prefetch_place_for(segment.protocol, segment.source);
            while (!departures_.empty() && departures_.top().at <= now_) {
                const auto departure = departures_.top();
                departures_.pop();
                if (!departures_.empty()) {
                    ipvs_.prefetch(departures_.top().entry);
                }
                auto last = segment_of(departure.client);
                last.flags = TcpFlags::fin | TcpFlags::ack;
                last.entry = departure.entry;
                ipvs_.step(last, time_of(departure.at));
            }
            const auto verdict = ipvs_.step(segment, time_of(now_));
            segment.flags = TcpFlags::ack;
            segment.entry = verdict.entry;
            ipvs_.step(segment, time_of(now_));
            const auto server = verdict.server.address.v4_host_order() - first_server;
            const auto start = std::max(now_, free_at_[server]);
            free_at_[server] = start + demands_.exponential(mean_service_seconds);
            ++served_[server];
            departures_.push({free_at_[server], client_, verdict.entry});
            ipvs_.prefetch_server_of(departures_.top().entry);
        }
    }
    const ipvs::Ipvs& ipvs() const { return ipvs_; }

private:
    static constexpr std::uint32_t first_server = 0x0A010001U;
    static constexpr std::uint32_t clients = 60000;

    struct Departure {
        double at;
        std::uint32_t client;
        std::uint32_t entry;
        friend bool operator>(const Departure& a, const Departure& b) { return a.at > b.at; }
    };

    /// The client's SYN.
    ipvs::Segment segment_of(std::uint32_t client) const {
        return {.source = {Address::v4(0xAC100000U + client % clients),
                           Port{static_cast<std::uint16_t>(1024 + client / clients % 64000)}},
                .destination = key_.endpoint,
                .flags = TcpFlags::syn,
                .mark = {}};
    }
    static Time time_of(double seconds) {
        return Time(Duration(static_cast<std::int64_t>(seconds * 1e9)));
    }

    double gap_;
    double now_ = 0;
    std::uint32_t client_ = 0;
    ipvs::ServiceKey key_{Protocol::tcp, {Address::v4(0x0AFF0001U), Port{80}}, {}, Family::ipv4};
    ipvs::Ipvs ipvs_;
    RandomStream arrivals_{1, "bench/arrivals"};
    RandomStream demands_{1, "bench/demands"};
    std::priority_queue<Departure, std::vector<Departure>, std::greater<>> departures_;
    std::vector<double> free_at_;
    std::vector<std::uint64_t> served_;
};

/// The flow world's engine over the same model: shares and the histogram of response times.
class EngineLoop {
public:
    EngineLoop(std::string_view scheduler, std::uint32_t servers)
        : engine_(stations(servers)),
          arrivals_(service, bench_load * servers / mean_service_seconds,
                    flow_world::Work::exponential, flow_world::Clients::addresses_in_turn, 1) {
        const ipvs::ServiceKey key{Protocol::tcp, service, {}, Family::ipv4};
        ipvs::ServiceSettings settings;
        settings.scheduler = scheduler;
        engine_.ipvs().add_service(key, settings, Time{});
        ipvs::DestinationSettings d;
        d.method = ipvs::ForwardingMethod::direct;
        for (const auto& server : stations(servers)) {
            engine_.ipvs().add_destination(key, server.endpoint, d, Time{});
        }
    }
    void run(std::uint64_t connections) {
        arrivals_.allow(connections);
        engine_.feed(arrivals_);
    }
    const ipvs::Ipvs& ipvs() { return engine_.ipvs(); }

private:
    static constexpr Endpoint service{Address::v4(0x0AFF0001U), Port{80}};
    static std::vector<flow_world::EngineServer> stations(std::uint32_t count) {
        std::vector<flow_world::EngineServer> all;
        for (std::uint32_t i = 0; i < count; ++i) {
            all.push_back({{Address::v4(0x0A010001U + i), Port{80}}, {}, 1});
        }
        return all;
    }

    flow_world::Engine engine_;
    flow_world::PoissonArrivals arrivals_;
};

void add(std::vector<Contestant>& all, std::vector<std::function<std::vector<Figure>()>>& entries,
         std::uint32_t servers, const std::vector<std::string>& schedulers, std::uint64_t units) {
    // An entry lives 120 s after its FIN: that many arrivals fill the table.
    const auto fill = static_cast<std::uint64_t>(130 * bench_load * servers);
    const auto bare_name = fmt::format("bare loop, {} servers", servers);
    const auto bare = std::make_shared<BareLoop>(servers);
    all.push_back(
        {bare_name, [bare](std::uint64_t n) { bare->run(n); }, fill, units, "connections", ""});
    for (const auto& name : schedulers) {
        const auto loop = std::make_shared<IpvsLoop>(name, servers);
        all.push_back({fmt::format("loop with Ipvs, {}, {} servers", name, servers),
                       [loop](std::uint64_t n) { loop->run(n); }, fill, units, "connections",
                       bare_name});
        const auto engine = std::make_shared<EngineLoop>(name, servers);
        all.push_back({fmt::format("flow engine, {}, {} servers", name, servers),
                       [engine](std::uint64_t n) { engine->run(n); }, fill, units, "connections",
                       bare_name});
        entries.push_back([=] {
            const auto count = engine->ipvs().connection_count();
            const auto bytes = engine->ipvs().connection_table_bytes();
            const auto which = fmt::format("{}, {} servers", name, servers);
            return std::vector<Figure>{
                {"live entries, " + which, "entries", static_cast<double>(count)},
                {"bytes of a live entry, " + which, "bytes",
                 static_cast<double>(bytes) / static_cast<double>(count)}};
        });
    }
}

int run(const std::vector<std::string>& arguments) {
    std::vector<std::string> schedulers{"rr", "wrr", "sh", "mh", "lc", "wlc", "twos"};
    std::vector<std::uint32_t> sizes{100, 10000};
    std::uint64_t units = 500000;
    unsigned rounds = 9;
    std::string json;
    if (arguments.size() % 2 != 0) {
        fmt::print(stderr, "flow_bench: {} wants a value\n", arguments.back());
        return 2;
    }
    for (std::size_t i = 0; i < arguments.size(); i += 2) {
        const auto& value = arguments[i + 1];
        if (arguments[i] == "--scheduler") {
            schedulers = {value};
        } else if (arguments[i] == "--servers") {
            sizes = {static_cast<std::uint32_t>(std::stoul(value))};
        } else if (arguments[i] == "--connections") {
            units = std::stoull(value);
        } else if (arguments[i] == "--rounds") {
            rounds = static_cast<unsigned>(std::stoul(value));
        } else if (arguments[i] == "--json") {
            json = value;
        } else {
            fmt::print(stderr, "flow_bench: what is {}?\n", arguments[i]);
            return 2;
        }
    }
    std::vector<Contestant> all;
    std::vector<std::function<std::vector<Figure>()>> entries;
    for (const auto servers : sizes) {
        add(all, entries, servers, schedulers, units);
    }
    const auto rates = measure(all, rounds);
    std::vector<Figure> figures;
    for (const auto& of : entries) {
        const auto more = of();
        figures.insert(figures.end(), more.begin(), more.end());
    }
    print(rates, figures);
    if (!json.empty()) {
        write_json(json, "flow", rates, figures);
    }
    return 0;
}

}  // namespace
}  // namespace lvslab::bench

int main(int argc, char** argv) {
    return lvslab::bench::run({argv + 1, argv + argc});
}
