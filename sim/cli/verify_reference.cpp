// SPDX-License-Identifier: GPL-2.0-only
#include "sim/cli/verify_reference.hpp"

#include <algorithm>
#include <exception>
#include <fstream>
#include <map>
#include <system_error>

#include <unistd.h>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "sim/cli/scenario_file.hpp"

namespace lvslab::cli {
namespace {

namespace fs = std::filesystem;
using json = nlohmann::ordered_json;
using State = ReferenceResult::State;

constexpr const char* format_name = "lvslab-reference-1";

struct KeptRun {
    std::string fingerprint;
    std::map<std::string, std::string> figures;
};

std::map<std::string, KeptRun> kept_runs(const std::string& text) {
    const auto whole = json::parse(text);
    if (whole.at("format") != format_name) {
        throw std::runtime_error("it is of another format");
    }
    std::map<std::string, KeptRun> runs;
    for (const auto& run : whole.at("runs")) {
        auto& kept = runs[run.at("run").get<std::string>()];
        kept.fingerprint = run.at("fingerprint").get<std::string>();
        for (const auto& [name, value] : run.at("figures").items()) {
            kept.figures[name] = value.dump();
        }
    }
    return runs;
}

/// What differs in one run, in one line; empty = nothing.
std::string difference(const KeptRun& kept, const VerifiedRun& run) {
    std::string text;
    for (const auto& [name, value] : run.figures) {
        const auto before = kept.figures.find(name);
        const auto old = before == kept.figures.end() ? "nothing" : before->second;
        if (old != value) {
            text += fmt::format("{}{} {} -> {}", text.empty() ? "" : ", ", name, old, value);
        }
    }
    if (kept.fingerprint == run.fingerprint && text.empty()) {
        return {};
    }
    return fmt::format("{}: {}; fingerprint {} -> {}", run.name,
                       text.empty() ? "the figures are the same" : text, kept.fingerprint,
                       run.fingerprint);
}

}  // namespace

fs::path reference_path(const std::string& scenario_name) {
    return fs::path("results") / "reference" / (scenario_name + ".json");
}

ReferenceResult compare_with_reference(const VerifiedScenario& scenario, bool seeds_cut) {
    ReferenceResult result;
    result.path = reference_path(scenario.name).string();
    std::error_code error;
    if (!fs::exists(result.path, error)) {
        return result;
    }
    std::map<std::string, KeptRun> kept;
    try {
        std::string reason;
        const auto text = read_whole_file(result.path, reason);
        if (!text) {
            throw std::runtime_error(reason);
        }
        kept = kept_runs(*text);
    } catch (const std::exception& problem) {
        result.state = State::unreadable;
        result.differences.emplace_back(problem.what());
        return result;
    }
    for (const auto& run : scenario.runs) {
        const auto before = kept.find(run.name);
        if (!run.finished) {
            // It is told as unfinished.
        } else if (before == kept.end()) {
            result.differences.push_back(fmt::format("{}: is not in the reference", run.name));
        } else if (auto text = difference(before->second, run); !text.empty()) {
            result.differences.push_back(std::move(text));
        }
        kept.erase(run.name);
    }
    for (const auto& [name, run] : kept) {
        if (!seeds_cut) {
            result.differences.push_back(fmt::format("{}: is not run any more", name));
        }
    }
    result.state = result.differences.empty() ? State::same : State::differs;
    return result;
}

std::string reference_json(const VerifiedScenario& scenario) {
    std::string runs;
    for (const auto& run : scenario.runs) {
        json figures = json::object();
        for (const auto& [name, value] : run.figures) {
            figures[name] = json::parse(value);
        }
        const json line{{"run", run.name}, {"fingerprint", run.fingerprint}, {"figures", figures}};
        runs += (runs.empty() ? "\n    " : ",\n    ") + line.dump();
    }
    return fmt::format(
        "{{\n  \"format\": \"{}\",\n  \"scenario\": {},\n  \"command\": {},\n  \"runs\": "
        "[{}\n  ]\n}}\n",
        format_name, json(scenario.name).dump(),
        json("lvslab verify --update " + scenario.path).dump(), runs);
}

bool write_reference(const VerifiedScenario& scenario, std::string& reason) {
    const auto path = reference_path(scenario.name);
    auto partial = path;
    partial += fmt::format(".partial-{}", getpid());
    std::error_code error;
    fs::create_directories(path.parent_path(), error);
    std::ofstream out(partial, std::ios::binary);
    out << reference_json(scenario);
    out.close();
    if (!error && out.good()) {
        fs::rename(partial, path, error);
    }
    if (error || !out.good()) {
        reason = error ? error.message() : "it cannot be written whole";
        fs::remove(partial, error);
        return false;
    }
    return true;
}

}  // namespace lvslab::cli
