// SPDX-License-Identifier: GPL-2.0-only
// Stands in for `lvslab run` where compare is tested: plays the scenario's servers and first
// workload in a toy cluster. TOY_CRASH=NAME-SEED makes that run crash, TOY_HANG that run hang.
#include <unistd.h>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "core/journal/metrics.hpp"
#include "core/journal/summary.hpp"
#include "core/journal/writer.hpp"
#include "core/scenario/distribution.hpp"
#include "sim/cli/scenario_file.hpp"
#include "tests/unit/journal/toy_cluster.hpp"

using namespace lvslab;

namespace {

struct Both : journal::Sink {
    journal::Writer& writer;
    journal::Metrics& metrics;
    Both(journal::Writer& w, journal::Metrics& m) : writer(w), metrics(m) {}
    void take(const journal::Event& event) override {
        writer.take(event);
        metrics.take(event);
    }
};

journal::toy::Cluster cluster_of(const scenario::Scenario& s) {
    journal::toy::Cluster cluster;
    cluster.scenario = s.name;
    cluster.clients = s.clients.front().count;
    for (const auto& host : s.servers) {
        std::int32_t weight = 1;
        for (const auto& real : s.config.virtual_servers.front().servers) {
            if (real.address == host.interface.address) {
                weight = real.weight.value();
            }
        }
        cluster.servers.push_back(
            {host.name, weight, host.workers, scenario::mean(host.service) / host.speed});
    }
    const auto& workload = s.workloads.front();
    cluster.per_second = std::get<scenario::PoissonArrivals>(workload.arrivals).per_second;
    cluster.seconds = to_seconds(workload.length);
    cluster.patience = to_seconds(workload.timeout);
    return cluster;
}

bool asked(const char* what, const std::string& name) {
    const char* value = std::getenv(what);
    return value != nullptr && name == value;
}

}  // namespace

int main(int argc, char** argv) {
    // As compare calls it: run SCENARIO --scheduler NAME --seed N --output DIR [--world NAME]
    if (argc != 9 && argc != 11) {
        return 2;
    }
    const std::string scheduler = argv[4], seed = argv[6], folder = argv[8];
    const auto scenario = cli::load_scenario(argv[2]);
    if (!scenario) {
        std::fputs(scenario.diagnostics.to_string().c_str(), stderr);
        return 2;
    }
    if (asked("TOY_CRASH", scheduler + "-" + seed)) {
        std::fputs("toy: about to crash\n", stderr);
        std::raise(SIGKILL);
    }
    if (asked("TOY_HANG", scheduler + "-" + seed)) {
        // Its parent's own test ends it.
        std::filesystem::create_directories(folder);
        pause();
    }
    auto cluster = cluster_of(*scenario);
    cluster.scheduler = scheduler;
    cluster.seed = std::stoull(seed);
    std::filesystem::create_directories(folder);
    std::ofstream file(folder + "/journal.lvsj", std::ios::binary);
    journal::Writer writer([&](std::string_view bytes) { file << bytes; },
                           journal::Level::decisions);
    journal::Metrics metrics;
    Both both(writer, metrics);
    journal::toy::run(cluster, both);
    writer.finish();
    std::ofstream(folder + "/summary.json") << journal::summary_json(metrics.summary());
    for (const auto& table : journal::summary_tables(metrics.summary())) {
        std::ofstream(folder + "/" + table.name) << table.text;
    }
    return 0;
}
