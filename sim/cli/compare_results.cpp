// SPDX-License-Identifier: GPL-2.0-only
#include "sim/cli/compare_results.hpp"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <stdexcept>

#include <nlohmann/json.hpp>

#include "core/journal/fingerprint.hpp"
#include "core/journal/reader.hpp"

namespace lvslab::cli {
namespace {

using nlohmann::json;

std::optional<double> number(const json& value) {
    return value.is_null() ? std::nullopt : std::optional(value.get<double>());
}

RunResult parse(const Job& job, const json& summary) {
    RunResult run;
    run.job = job;
    if (summary.at("format") != "lvslab-summary-1") {
        throw std::runtime_error("summary.json is of another format");
    }
    for (const auto& measure : measures()) {
        if (const auto v = number(summary.at(measure.section).at(measure.name))) {
            run.values.emplace(measure.name, *v);
        }
    }
    run.connections = summary.at("total").at("connections").get<double>();
    run.served = summary.at("total").at("served").get<double>();
    const double decisions = summary.at("balance").at("decisions").get<double>();
    const double persistent = summary.at("balance").at("decisions_persistent").get<double>();
    run.persistent_share = decisions > 0 ? persistent / decisions : 0;
    for (const auto& server : summary.at("servers")) {
        run.servers.push_back({server.at("server").get<std::string>(),
                               number(server.at("weight_share")).value_or(0),
                               number(server.at("share")), number(server.at("utilisation")),
                               server.at("connections").get<double>()});
    }
    for (const auto& node : summary.at("nodes")) {
        if (node.at("router").get<bool>()) {
            run.router_bytes += node.at("sent_bytes").get<double>();
        }
    }
    return run;
}

/// The runs of two schedulers that share a seed.
std::vector<std::pair<const RunResult*, const RunResult*>> pairs(const SchedulerResult& a,
                                                                 const SchedulerResult& b) {
    std::vector<std::pair<const RunResult*, const RunResult*>> result;
    for (const auto& x : a.runs) {
        for (const auto& y : b.runs) {
            if (x.job.seed == y.job.seed) {
                result.emplace_back(&x, &y);
            }
        }
    }
    return result;
}

/// The test is on logarithms: what is alike from seed to seed is how many times as long one takes.
void compare_times(Difference& d, const SchedulerResult& a, const SchedulerResult& b) {
    std::vector<double> x, y, ratio;
    for (const auto& [run_a, run_b] : pairs(a, b)) {
        const auto p_a = run_a->values.find("response_time_p95");
        const auto p_b = run_b->values.find("response_time_p95");
        if (p_a == run_a->values.end() || p_b == run_b->values.end() || p_a->second <= 0 ||
            p_b->second <= 0) {
            return;
        }
        x.push_back(std::log(p_a->second));
        y.push_back(std::log(p_b->second));
        ratio.push_back(y.back() - x.back());
    }
    if (ratio.empty()) {
        return;
    }
    const auto e = journal::estimate(ratio);
    d.ratio = std::exp(e.mean);
    if (e.half_width) {
        d.low = std::exp(e.mean - *e.half_width);
        d.high = std::exp(e.mean + *e.half_width);
    }
    d.p_time = journal::paired_t_test(x, y);
}

void compare_served(Difference& d, const SchedulerResult& a, const SchedulerResult& b) {
    std::vector<double> x, y;
    for (const auto& [run_a, run_b] : pairs(a, b)) {
        x.push_back(run_a->served_share().value_or(0));
        y.push_back(run_b->served_share().value_or(0));
    }
    d.p_served = journal::paired_t_test(x, y);
}

Difference difference(const Comparison& c, std::size_t a, std::size_t b) {
    Difference d;
    d.a = a;
    d.b = b;
    const auto both = pairs(c.schedulers[a], c.schedulers[b]);
    d.pairs = both.size();
    d.identical = !both.empty() && std::all_of(both.begin(), both.end(), [](const auto& pair) {
        return pair.first->behaved_like(*pair.second);
    });
    compare_times(d, c.schedulers[a], c.schedulers[b]);
    compare_served(d, c.schedulers[a], c.schedulers[b]);
    return d;
}

void read_into(Comparison& c, const JobResult& result) {
    // A scheduler has its place from its first run on, failed or not.
    auto scheduler = std::find_if(c.schedulers.begin(), c.schedulers.end(),
                                  [&](const auto& s) { return s.name == result.job.scheduler; });
    if (scheduler == c.schedulers.end()) {
        scheduler = c.schedulers.insert(scheduler, {result.job.scheduler, {}});
    }
    if (result.state == JobState::failed) {
        c.failures.push_back(result);
    }
    if (result.state != JobState::finished) {
        return;
    }
    try {
        scheduler->runs.push_back(read_run(result.job));
        ++c.finished;
    } catch (const std::runtime_error& error) {
        c.failures.push_back(result);
        c.failures.back().how = error.what();
    }
}

void correct(std::vector<Difference>& differences, std::optional<double> Difference::*p) {
    std::vector<double> raw;
    for (const auto& d : differences) {
        if (d.*p) {
            raw.push_back(*(d.*p));
        }
    }
    const auto corrected = journal::holm(raw);
    std::size_t i = 0;
    for (auto& d : differences) {
        if (d.*p) {
            d.*p = corrected[i++];
        }
    }
}

void compare_pairs(Comparison& c) {
    for (std::size_t a = 0; a < c.schedulers.size(); ++a) {
        for (std::size_t b = a + 1; b < c.schedulers.size(); ++b) {
            c.differences.push_back(difference(c, a, b));
        }
    }
    correct(c.differences, &Difference::p_time);
    correct(c.differences, &Difference::p_served);
}

}  // namespace

std::string journal_fingerprint(const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    if (!in) {
        return {};
    }
    journal::Reader reader([&](char* buffer, std::size_t capacity) {
        in.read(buffer, static_cast<std::streamsize>(capacity));
        return static_cast<std::size_t>(in.gcount());
    });
    while (reader.next()) {
    }
    if (reader.error()) {
        throw std::runtime_error(reader.error()->to_string(path.filename().string()));
    }
    return journal::fingerprint_text(reader.fingerprint());
}

const std::vector<Measure>& measures() {
    static const std::vector<Measure> all{{"connections", "total", "", "connections"},
                                          {"served", "total", "", "served"},
                                          {"refused", "total", "", "refused"},
                                          {"reset", "total", "", "reset"},
                                          {"timed_out", "total", "", "timed out"},
                                          {"unfinished", "total", "", "unfinished"},
                                          {"response_time_mean", "total", "s", "mean"},
                                          {"response_time_p50", "total", "s", "p50"},
                                          {"response_time_p95", "total", "s", "p95"},
                                          {"response_time_p99", "total", "s", "p99"},
                                          {"response_time_max", "total", "s", "max"},
                                          {"imbalance", "balance", "", "imbalance"},
                                          {"jain", "balance", "", "Jain"},
                                          {"utilisation", "balance", "", "utilisation"}};
    return all;
}

std::optional<double> RunResult::served_share() const {
    return connections > 0 ? std::optional(served / connections) : std::nullopt;
}

bool RunResult::behaved_like(const RunResult& other) const {
    const auto same_server = [](const ServerResult& a, const ServerResult& b) {
        return a.name == b.name && a.connections == b.connections && a.utilisation == b.utilisation;
    };
    return values == other.values && router_bytes == other.router_bytes &&
           std::equal(servers.begin(), servers.end(), other.servers.begin(), other.servers.end(),
                      same_server);
}

RunResult read_run(const Job& job) {
    std::ifstream in(job.folder / "summary.json");
    try {
        auto run = parse(job, json::parse(in));
        run.fingerprint = journal_fingerprint(job.folder / "journal.lvsj");
        return run;
    } catch (const json::exception& error) {
        throw std::runtime_error(std::string("summary.json: ") + error.what());
    }
}

std::vector<double> SchedulerResult::values(std::string_view measure) const {
    std::vector<double> result;
    for (const auto& run : runs) {
        const auto value = run.values.find(measure);
        if (value != run.values.end()) {
            result.push_back(value->second);
        }
    }
    return result;
}

std::optional<journal::Estimate> SchedulerResult::estimate(std::string_view measure) const {
    const auto v = values(measure);
    return v.empty() ? std::nullopt : std::optional(journal::estimate(v));
}

journal::Estimate SchedulerResult::served_share() const {
    std::vector<double> shares;
    for (const auto& run : runs) {
        shares.push_back(run.served_share().value_or(0));
    }
    return journal::estimate(shares);
}

const Difference* Comparison::between(std::size_t a, std::size_t b) const {
    for (const auto& d : differences) {
        if ((d.a == a && d.b == b) || (d.a == b && d.b == a)) {
            return &d;
        }
    }
    return nullptr;
}

Comparison compare(const RunsDone& done) {
    Comparison c;
    c.planned = done.results.size();
    c.interrupted = done.interrupted;
    for (const auto& result : done.results) {
        read_into(c, result);
    }
    std::erase_if(c.schedulers, [](const auto& scheduler) { return scheduler.runs.empty(); });
    for (auto& scheduler : c.schedulers) {
        std::sort(scheduler.runs.begin(), scheduler.runs.end(),
                  [](const auto& a, const auto& b) { return a.job.seed < b.job.seed; });
    }
    compare_pairs(c);
    return c;
}

Comparison compare(std::vector<SchedulerResult> schedulers) {
    Comparison c;
    c.schedulers = std::move(schedulers);
    for (const auto& s : c.schedulers) {
        c.finished += s.runs.size();
    }
    c.planned = c.finished;
    compare_pairs(c);
    return c;
}

}  // namespace lvslab::cli
