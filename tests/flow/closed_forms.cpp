// SPDX-License-Identifier: GPL-2.0-only
// The flow world's engine, with core::Ipvs' decisions, against queueing theory: prints a table of
// closed forms and confidence intervals, and ends with 1 if one does not hold.
//
// Confidence intervals: 99.9 %, by batch means (32 batches of equal numbers of connections behind
// a warm-up of one batch, Student's t with 31 degrees of freedom).
#include <cmath>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <boost/math/distributions/students_t.hpp>

#include "tests/flow/poisson_arrivals.hpp"

namespace lvslab::flow_world {
namespace {

constexpr unsigned batches = 32;
constexpr double widest = 0.01;  ///< of an interval's half, relative to its middle

// ---- the closed forms ----

/// Erlang's B: the part of Poisson arrivals of `load` Erlang that finds all `k` servers busy.
double erlang_b(unsigned k, double load) {
    double blocked = 1;
    for (unsigned i = 1; i <= k; ++i) {
        blocked = load * blocked / (i + load * blocked);
    }
    return blocked;
}

/// M/M/k: mean time in the system, by Erlang's C; mean service 1.
double mmk(unsigned k, double utilisation) {
    const double blocked = erlang_b(k, k * utilisation);
    const double waits = blocked / (1 - utilisation * (1 - blocked));
    return 1 + waits / (k * (1 - utilisation));
}

/// M/D/1 by Pollaczek and Khinchine.
double md1(double utilisation) {
    return 1 + utilisation / (2 * (1 - utilisation));
}

/// The supermarket model's limit for many servers, d choices: sum of l^((d^i - d)/(d - 1))
/// (Mitzenmacher, IEEE TPDS 2001).
double supermarket(double utilisation, double d) {
    double sum = 0;
    double power = d;
    for (double term = 1; term > 1e-15; power *= d) {
        term = std::pow(utilisation, (power - d) / (d - 1));
        sum += term;
    }
    return sum;
}

// ---- what is simulated ----

enum class Measure : std::uint8_t { response_time, rejected_part };

struct Case {
    std::string name;
    double expected;
    double tolerance;  ///< relative: of a reference that is itself a simulation; 0 = closed form
    std::string_view scheduler;
    std::uint32_t servers;
    unsigned workers;         ///< of each server
    std::uint32_t threshold;  ///< upper = lower; 0 = none
    double per_second;
    Work work;
    Clients clients;
    Measure measure;
    double millions;  ///< of connections, warm-up included
    bool quick;       ///< part of the short run
};

/// Sums by batches of equal numbers of connections.
class Batches {
public:
    Batches(std::uint64_t size, Measure measure) : size_(size), measure_(measure) {}

    void decided(const Decided& d) {
        if (measure_ == Measure::rejected_part) {
            add(d.how == Decided::How::rejected ? 1 : 0);
        }
    }
    void served(const Served& s) {
        if (measure_ == Measure::response_time) {
            add(to_seconds(s.at - s.arrived));
        }
    }
    /// The means of whole batches but the first, which is the warm-up.
    std::vector<double> means() const { return {means_.begin() + 1, means_.end()}; }

private:
    void add(double value) {
        sum_ += value;
        if (++count_ == size_) {
            means_.push_back(sum_ / static_cast<double>(size_));
            count_ = 0;
            sum_ = 0;
        }
    }

    std::uint64_t size_;
    Measure measure_;
    std::uint64_t count_ = 0;
    double sum_ = 0;
    std::vector<double> means_;
};

struct Interval {
    double mean;
    double half;
};

Interval interval_of(const std::vector<double>& means) {
    const auto n = static_cast<double>(means.size());
    double mean = 0;
    for (const double m : means) {
        mean += m / n;
    }
    double squares = 0;
    for (const double m : means) {
        squares += (m - mean) * (m - mean);
    }
    const boost::math::students_t t(n - 1);
    return {mean, boost::math::quantile(t, 0.9995) * std::sqrt(squares / (n - 1) / n)};
}

Interval simulate(const Case& c) {
    const Endpoint service{Address::v4(0x0AFF0001U), Port{80}};
    std::vector<EngineServer> servers;
    for (std::uint32_t i = 0; i < c.servers; ++i) {
        EngineServer server{{Address::v4(0x0A010001U + i), Port{80}}, {}, 1};
        server.station.workers = c.workers;
        servers.push_back(server);
    }
    Engine engine(servers);
    auto& ipvs = engine.ipvs();
    const ipvs::ServiceKey key{Protocol::tcp, service, {}, Family::ipv4};
    ipvs::ServiceSettings settings;
    settings.scheduler = c.scheduler;
    ipvs.add_service(key, settings, Time{});
    for (const auto& server : servers) {
        ipvs::DestinationSettings d;
        d.method = ipvs::ForwardingMethod::direct;
        // twos draws from 0 to the sum of weights inclusive, and 0 falls to the first server:
        // large weights leave it no advantage.
        d.weight = Weight{c.scheduler == "twos" ? 10000 : 1};
        d.upper_threshold = c.threshold;
        d.lower_threshold = c.threshold;
        ipvs.add_destination(key, server.endpoint, d, Time{});
    }
    // A closed connection's entry leaves at once: what is open is what a server has.
    ipvs.set_timeouts({.tcp = {}, .tcp_fin = Duration{1}, .udp = {}});

    const auto size = static_cast<std::uint64_t>(c.millions * 1e6) / (batches + 1);
    Batches sums(size, c.measure);
    PoissonArrivals arrivals(service, c.per_second, c.work, c.clients, 20100208);
    arrivals.allow(size * (batches + 1));
    engine.feed(arrivals, sums);
    engine.finish(never, sums);
    return interval_of(sums.means());
}

std::vector<Case> cases() {
    std::vector<Case> all;
    const auto time = [&](std::string name, double expected, double tolerance,
                          std::string_view scheduler, std::uint32_t servers, unsigned workers,
                          double per_second, Work work, Clients clients, double millions,
                          bool quick) {
        all.push_back({std::move(name), expected, tolerance, scheduler, servers, workers, 0,
                       per_second, work, clients, Measure::response_time, millions, quick});
    };
    // A long queue forgets slowly: the connections that an interval of 1 % takes grow as
    // 1/(1 - load)^2.
    for (const auto& [load, millions] : {std::pair{0.5, 1.2}, {0.8, 14.0}, {0.9, 60.0}}) {
        time(fmt::format("M/M/1, load {}", load), 1 / (1 - load), 0, "rr", 1, 1, load,
             Work::exponential, Clients::in_turn, millions, load == 0.5);
    }
    for (const auto& [load, millions] : {std::pair{0.5, 0.5}, {0.8, 10.0}, {0.9, 40.0}}) {
        time(fmt::format("M/D/1, load {}", load), md1(load), 0, "rr", 1, 1, load, Work::constant,
             Clients::in_turn, millions, load == 0.5);
    }
    for (const unsigned k : {2U, 4U, 8U, 16U}) {
        for (const auto& [load, millions] : {std::pair{0.5, 1.0}, {0.7, 5.0}, {0.8, 14.0}}) {
            time(fmt::format("M/M/{}, load {}", k, load), mmk(k, load), 0, "rr", 1, k, k * load,
                 Work::exponential, Clients::in_turn, millions, load == 0.5 && k == 4);
        }
    }
    time("M/M/4, load 0.9", mmk(4, 0.9), 0, "rr", 1, 4, 3.6, Work::exponential, Clients::in_turn,
         30, false);
    for (const auto& [load, millions] : {std::pair{0.5, 1.2}, {0.8, 14.0}}) {
        time(fmt::format("random split over 16 (sh), load {}", load), 1 / (1 - load), 0, "sh", 16,
             1, 16 * load, Work::exponential, Clients::random, millions, load == 0.5);
    }
    for (const auto& [load, millions] :
         {std::pair{0.5, 2.0}, {0.7, 3.0}, {0.8, 4.0}, {0.9, 8.0}, {0.95, 20.0}}) {
        time(fmt::format("two choices of 4096 (twos), load {}", load), supermarket(load, 2), 0,
             "twos", 4096, 1, 4096 * load, Work::exponential, Clients::in_turn, millions,
             load == 0.5);
    }
    // Reference: simulations of JSQ, each right to 1 %.
    struct Jsq {
        std::uint32_t k;
        double load, mean, millions;
    };
    for (const auto& [k, load, mean, millions] :
         {Jsq{2, 0.5, 1.427, 0.8}, Jsq{2, 0.8, 2.952, 16}, Jsq{2, 0.9, 5.408, 70},
          Jsq{4, 0.5, 1.160, 0.6}, Jsq{4, 0.8, 1.957, 5}, Jsq{4, 0.9, 3.244, 30},
          Jsq{8, 0.5, 1.042, 0.6}, Jsq{8, 0.8, 1.455, 4}, Jsq{8, 0.9, 2.139, 40}}) {
        time(fmt::format("shortest queue of {} (lc), load {}", k, load), mean, 0.01, "lc", k, 1,
             k * load, Work::exponential, Clients::in_turn, millions, load == 0.5 && k == 4);
    }
    struct Erlang {
        unsigned k;
        double load, millions;
    };
    for (const auto& [k, load, millions] :
         {Erlang{1, 0.5, 0.8}, Erlang{5, 3, 3}, Erlang{10, 8, 6}, Erlang{20, 15, 24}}) {
        for (const bool one_server : {false, true}) {
            all.push_back(
                {one_server ? fmt::format("Erlang B, 1 server, u_threshold {}, load {}", k, load)
                            : fmt::format("Erlang B, {} servers, u_threshold 1, load {}", k, load),
                 erlang_b(k, load), 0, "rr", one_server ? 1 : k, one_server ? k : 1,
                 one_server ? k : 1, load, Work::exponential, Clients::in_turn,
                 Measure::rejected_part, millions, k == 1 && one_server});
        }
    }
    return all;
}

int run(bool quick) {
    fmt::print("{:44}{:>10}{:>11}{:>11}{:>9}\n", "", "expected", "simulated", "+- 99.9 %", "part");
    unsigned failed = 0;
    for (const auto& c : cases()) {
        if (quick && !c.quick) {
            continue;
        }
        const auto [mean, half] = simulate(c);
        const bool narrow = half <= widest * mean;
        const bool inside = std::abs(mean - c.expected) <= half + c.tolerance * c.expected;
        failed += narrow && inside ? 0U : 1U;
        fmt::print("{:44}{:>10.5f}{:>11.5f}{:>11.5f}{:>8.2f}%{}{}\n", c.name, c.expected, mean,
                   half, 100 * half / mean, narrow ? "" : "  TOO WIDE", inside ? "" : "  OUTSIDE");
        std::fflush(stdout);
    }
    if (failed > 0) {
        fmt::print("{} do not hold\n", failed);
    }
    return failed > 0 ? 1 : 0;
}

}  // namespace
}  // namespace lvslab::flow_world

int main(int argc, char** argv) {
    const bool quick = argc == 2 && std::string_view(argv[1]) == "--quick";
    if (argc > 1 && !quick) {
        fmt::print(stderr, "usage: closed_forms [--quick]\n");
        return 2;
    }
    return lvslab::flow_world::run(quick);
}
