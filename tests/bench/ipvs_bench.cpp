// SPDX-License-Identifier: GPL-2.0-only
// What a decision costs at 10 ... 10 000 servers, beside a walk over the list as the kernel does
// it, and what the connection table costs. A decision: the choice, the new connection counted,
// and the oldest one closed, so that the servers stay as loaded as they are.
#include <algorithm>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "core/ipvs/ipvs.hpp"
#include "tests/unit/ipvs/plain_scan.hpp"

namespace lvslab::ipvs {
namespace {

constexpr int sizes[] = {10, 100, 1000, 10000};

/// One scheduler over n loaded servers with weights 1 ... 5.
class Bench {
public:
    Bench(std::string_view name, std::size_t servers, bool plain) {
        const SchedulerContext context{list_, options_, "bench", Time{}};
        scheduler_ = plain ? make_plain(name, context) : find_scheduler(name)->make(context);
        for (std::uint32_t i = 0; i < servers; ++i) {
            auto& d = all_.emplace_back();
            d.endpoint = {Address::v4(0x0A010000U + i), Port{80}};
            d.weight = static_cast<std::int32_t>(1 + i % 5);
            d.last_weight = d.weight;
            d.available = true;
            list_.push_front(d);
            scheduler_->added(d);
        }
        open_.resize(2 * servers, nullptr);
        for (std::size_t i = 0; i < 4 * servers; ++i) {
            decide();
        }
    }
    ~Bench() { scheduler_->unbind(); }

    Destination* decide() {
        client_ = client_ * 0x9E3779B1U + 12345;
        const ScheduleRequest request{Address::v4(client_),
                                      Port{4000},
                                      Address::v4(0x0AFF0000U + client_ % 256),
                                      false,
                                      false,
                                      Time{}};
        auto* chosen = scheduler_->schedule(request);
        auto& oldest = open_[next_];
        next_ = next_ + 1 == open_.size() ? 0 : next_ + 1;
        count(oldest, -1);
        count(chosen, 1);
        oldest = chosen;
        return chosen;
    }

private:
    void count(Destination* d, int step) {
        if (d != nullptr) {
            d->active += step;
            d->total += step;
            scheduler_->load_changed(*d);
        }
    }

    Options options_;
    DestinationList list_;
    std::deque<Destination> all_;
    std::unique_ptr<Scheduler> scheduler_;
    std::vector<Destination*> open_;
    std::size_t next_ = 0;
    std::uint32_t client_ = 1;
};

void decisions(benchmark::State& state, const std::string& name, bool plain) {
    Bench bench(name, static_cast<std::size_t>(state.range(0)), plain);
    for (auto _ : state) {
        benchmark::DoNotOptimize(bench.decide());
    }
    state.SetItemsProcessed(state.iterations());
}

/// A client's connection through the table: SYN, ACK, FIN, and its expiry later.
void connections(benchmark::State& state) {
    Ipvs ipvs;
    const ServiceKey key{Protocol::tcp, *Endpoint::parse("10.255.0.1:80"), {}, Family::ipv4};
    ServiceSettings settings;
    settings.scheduler = "wlc";
    ipvs.add_service(key, settings, Time{});
    for (std::uint32_t i = 0; i < 100; ++i) {
        DestinationSettings d;
        d.method = ForwardingMethod::direct;
        ipvs.add_destination(key, {Address::v4(0x0A010001U + i), Port{80}}, d, Time{});
    }
    // FIN_WAIT lasts 120 s: so many arrivals a second keep as many entries in the table.
    const auto entries = state.range(0);
    const auto gap = Duration(std::chrono::seconds(120)) / entries;
    Time now{};
    std::uint32_t client = 0;
    const auto one = [&] {
        ++client;
        now += gap;
        Segment s;
        s.source = {Address::v4(0xAC100000U + client % 60000),
                    Port{static_cast<std::uint16_t>(1024 + client / 60000)}};
        s.destination = key.endpoint;
        for (const auto flags : {TcpFlags::syn, TcpFlags::ack, TcpFlags::fin | TcpFlags::ack}) {
            s.flags = flags;
            benchmark::DoNotOptimize(ipvs.step(s, now));
        }
    };
    for (std::int64_t i = 0; i < entries; ++i) {
        one();
    }
    for (auto _ : state) {
        one();
    }
    state.SetItemsProcessed(state.iterations());
    state.counters["entries"] = static_cast<double>(ipvs.connection_count());
    state.counters["bytes/entry"] = static_cast<double>(ipvs.connection_table_bytes()) /
                                    static_cast<double>(ipvs.connection_count());
}

/// Keeps the least time of each benchmark's repetitions for the table: what disturbs a machine
/// only ever adds.
class Ratios : public benchmark::ConsoleReporter {
public:
    void ReportRuns(const std::vector<Run>& runs) override {
        for (const auto& run : runs) {
            const auto name = run.benchmark_name();
            if (name.find('/') == name.rfind('/')) {
                ConsoleReporter::ReportRuns({run});
            } else if (run.run_type == Run::RT_Iteration) {
                const auto time = run.GetAdjustedCPUTime();
                const auto key = name.substr(0, name.find("/min_time"));
                const auto [at, fresh] = times_.emplace(key, time);
                at->second = fresh ? time : std::min(at->second, time);
            }
        }
    }
    void print_table() const {
        fmt::print("\n{:8}{:>10}{:>10}{:>10}{:>10}{:>9}   list walk{:>10}{:>10}{:>9}\n", "ns", "10",
                   "100", "1000", "10000", "x 10000", "10", "10000", "x 10000");
        for (const auto& entry : scheduler_table()) {
            const auto at = [&](const char* kind, int n) {
                const auto found = times_.find(fmt::format("{}/{}/{}", kind, entry.name, n));
                return found == times_.end() ? 0.0 : found->second;
            };
            fmt::print("{:8}", entry.name);
            for (const auto n : sizes) {
                fmt::print("{:10.1f}", at("indexed", n));
            }
            fmt::print("{:9.2f}   ", at("indexed", 10000) / at("indexed", 10));
            if (at("walk", 10) > 0) {
                fmt::print("         {:10.1f}{:10.1f}{:9.1f}", at("walk", 10), at("walk", 10000),
                           at("walk", 10000) / at("walk", 10));
            }
            fmt::print("\n");
        }
    }

private:
    std::map<std::string, double> times_;
};

}  // namespace
}  // namespace lvslab::ipvs

int main(int argc, char** argv) {
    using namespace lvslab::ipvs;
    for (const auto& entry : scheduler_table()) {
        const std::string name(entry.name);
        for (const auto n : sizes) {
            benchmark::RegisterBenchmark(("indexed/" + name).c_str(),
                                         [name](benchmark::State& s) { decisions(s, name, false); })
                ->Arg(n)
                ->MinTime(0.02)
                ->Repetitions(7);
            if (name != "mh" && name != "twos") {
                benchmark::RegisterBenchmark(
                    ("walk/" + name).c_str(),
                    [name](benchmark::State& s) { decisions(s, name, true); })
                    ->Arg(n)
                    ->MinTime(0.02)
                    ->Repetitions(7);
            }
        }
    }
    benchmark::RegisterBenchmark("connections", connections)->Arg(10000)->Arg(1000000);
    benchmark::Initialize(&argc, argv);
    Ratios reporter;
    benchmark::RunSpecifiedBenchmarks(&reporter);
    reporter.print_table();
    return 0;
}
