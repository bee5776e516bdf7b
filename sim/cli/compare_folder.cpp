// SPDX-License-Identifier: GPL-2.0-only
#include "sim/cli/compare_folder.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>
#include <system_error>

#include <fmt/format.h>

#include "core/ipvs/schedulers.hpp"
#include "sim/cli/run_output.hpp"

namespace lvslab::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 7> own_names = {
    "summary.json",    "runs.csv",   "schedulers.csv", "servers.csv",
    "differences.csv", "index.html", "runs",
};

/// Under runs/, while the new ones are made.
constexpr const char* earlier_results = ".earlier";

/// SCHEDULER-SEED, or the log beside it that a killed comparison leaves.
bool is_run_name(std::string name) {
    if (name.ends_with(".log")) {
        name.resize(name.size() - 4);
    }
    const auto dash = name.rfind('-');
    return dash != std::string::npos && dash + 1 < name.size() &&
           ipvs::find_scheduler(name.substr(0, dash)) != nullptr &&
           std::ranges::all_of(name.substr(dash + 1),
                               [](unsigned char c) { return std::isdigit(c) != 0; });
}

std::string foreign(const fs::path& where, const std::string& name) {
    return fmt::format(
        "holds {}, which is not of a comparison; give another --output, or --force to write "
        "beside it",
        (where / name).string());
}

/// Why the comparison may not be written into the folder; empty = it may.
std::string objection(const fs::path& folder, bool force) {
    std::error_code error;
    const auto status = fs::status(folder, error);
    if (!fs::exists(status)) {
        return {};
    }
    if (!fs::is_directory(status)) {
        return "is there and is not a folder";
    }
    if (force) {
        return {};
    }
    const bool has_runs = fs::is_directory(folder / "runs", error);
    for (const auto& entry : fs::directory_iterator(folder, error)) {
        const auto name = entry.path().filename().string();
        // A summary.json or a table alone may be anyone's.
        if (!has_runs || std::ranges::find(own_names, name) == own_names.end()) {
            return foreign({}, name);
        }
    }
    if (!has_runs) {
        return error ? error.message() : std::string{};
    }
    for (const auto& entry : fs::directory_iterator(folder / "runs", error)) {
        const auto name = entry.path().filename().string();
        if (name != earlier_results && !is_run_name(name)) {
            return foreign("runs", name);
        }
    }
    return error ? error.message() : std::string{};
}

}  // namespace

bool ResultsFolder::make(const fs::path& folder, const std::vector<Job>& jobs, bool force,
                         std::string& reason) {
    reason = objection(folder, force);
    for (const auto& job : jobs) {
        if (reason.empty() && !(reason = result_objection(job.folder)).empty()) {
            reason = fmt::format("runs/{} {}", job.name(), reason);
        }
    }
    if (!reason.empty()) {
        return false;
    }
    std::error_code error;
    for (auto path = fs::absolute(folder / "runs"); !fs::exists(path, error);
         path = path.parent_path()) {
        made_.push_back(path);
    }
    fs::create_directories(folder / "runs", error);
    aside_ = folder / "runs" / earlier_results;
    if (!error) {
        fs::remove_all(aside_, error);  // of a comparison that was killed
    }
    for (const auto& job : jobs) {
        // What an earlier comparison left there must not pass for this one's.
        const auto earlier = aside_ / job.folder.filename();
        if (!error && fs::exists(job.folder)) {
            fs::create_directories(aside_, error);
            fs::rename(job.folder, earlier, error);
        }
        if (!error) {
            places_.push_back({job.folder, earlier});
        }
    }
    reason = error ? fmt::format("cannot be written: {}", error.message()) : std::string{};
    return !error;
}

void ResultsFolder::keep() const {
    std::error_code ignored;
    fs::remove_all(aside_, ignored);
}

void ResultsFolder::take_back() const {
    for (const auto& place : places_) {
        std::error_code ignored;
        fs::remove_all(place.folder, ignored);
        fs::rename(place.earlier, place.folder, ignored);
    }
    std::error_code none_there;
    fs::remove(aside_, none_there);
    for (const auto& path : made_) {
        std::error_code ignored;
        fs::remove(path, ignored);
    }
}

}  // namespace lvslab::cli
