// SPDX-License-Identifier: GPL-2.0-only
#include "sim/cli/verify_plan.hpp"
#include "core/world/expectation_report.hpp"

#include <algorithm>
#include <set>
#include <string_view>
#include <system_error>

#include <fmt/format.h>

#include "sim/cli/scenario_file.hpp"

namespace lvslab::cli {
namespace {

namespace fs = std::filesystem;

bool is_scenario(const fs::path& path) {
    std::string ignored;
    const auto text = read_whole_file(path.string(), ignored);
    constexpr std::string_view key = "scenario:";
    return text && (text->starts_with(key) || text->find("\nscenario:") != std::string::npos);
}

class Search {
public:
    void look_at(const fs::path& path, Diagnostics& diagnostics) {
        std::error_code error;
        const auto status = fs::status(path, error);
        if (!fs::exists(status)) {
            diagnostics.error({path.string(), 0, 0}, "there is no such file or folder");
        } else if (!fs::is_directory(status)) {
            add(path);
        } else if (const auto before = found_.size(); !folder(path)) {
            diagnostics.error({path.string(), 0, 0}, "the folder cannot be read");
        } else if (found_.size() == before && !seen_below_) {
            diagnostics.error({path.string(), 0, 0},
                              "holds no scenario: no *.yaml with `scenario:` at the top");
        }
        seen_below_ = false;
    }
    std::vector<fs::path> take() { return std::move(found_); }

private:
    bool folder(const fs::path& path) {
        std::error_code error;
        std::vector<fs::path> entries;
        for (const auto& entry : fs::directory_iterator(path, error)) {
            if (!entry.path().filename().string().starts_with('.')) {
                entries.push_back(entry.path());
            }
        }
        std::ranges::sort(entries);
        for (const auto& entry : entries) {
            if (fs::is_directory(entry, error)) {
                folder(entry);
            } else if (entry.extension() == ".yaml" && is_scenario(entry)) {
                add(entry);
            }
        }
        return !error;
    }

    void add(const fs::path& path) {
        seen_below_ = true;
        std::error_code error;
        if (known_.insert(fs::weakly_canonical(path, error)).second) {
            found_.push_back(path.lexically_normal());
        }
    }

    std::vector<fs::path> found_;
    std::set<fs::path> known_;
    bool seen_below_ = false;
};

unsigned seeds_of(const journal::Expectation& e, const scenario::Scenario& scenario) {
    using Kind = journal::Repetitions::Kind;
    switch (e.repetitions.kind) {
        case Kind::all:
            return scenario.compare.seeds;
        case Kind::number:
            return e.repetitions.number;
        case Kind::one:
            break;
    }
    return 1;
}

}  // namespace

Checked<std::vector<fs::path>> find_scenarios(const std::vector<std::string>& paths) {
    Checked<std::vector<fs::path>> result;
    Search search;
    for (const auto& path : paths) {
        search.look_at(path, result.diagnostics);
    }
    result.value = search.take();
    return result;
}

std::vector<NeededRun> runs_for(const journal::Expectation& e, const scenario::Scenario& scenario,
                                unsigned most_seeds) {
    const bool as_configured = !e.scheduler || e.scheduler == world::configured_scheduler(scenario);
    auto seeds = std::max(1U, seeds_of(e, scenario));
    if (most_seeds > 0) {
        seeds = std::min(seeds, most_seeds);
    }
    std::vector<NeededRun> runs;
    for (unsigned i = 0; i < seeds; ++i) {
        runs.push_back({as_configured ? std::string() : *e.scheduler, scenario.seed + i});
    }
    return runs;
}

std::vector<NeededRun> all_runs(const scenario::Scenario& scenario, unsigned most_seeds) {
    std::set<NeededRun> runs;
    for (const auto& expectation : scenario.expectations) {
        for (auto& run : runs_for(expectation, scenario, most_seeds)) {
            runs.insert(std::move(run));
        }
    }
    if (runs.empty()) {
        runs.insert({"", scenario.seed});
    }
    return {runs.begin(), runs.end()};
}

}  // namespace lvslab::cli
