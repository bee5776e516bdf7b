// SPDX-License-Identifier: GPL-2.0-only
#include "sim/cli/run_output.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <memory>
#include <system_error>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "core/journal/summary.hpp"

namespace lvslab::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view whole = "summary.json";

/// What a run that was killed leaves behind.
bool is_partial(const std::string& name) {
    return name.starts_with(".partial-");
}

/// Names that a run's result may have; nothing else in its folder is ever touched.
bool is_result_file(const fs::path& path) {
    static const std::vector<journal::CsvFile> tables = journal::summary_tables({});
    const auto name = path.filename().string();
    return name == whole || name == "expectations.json" || name == "journal.lvsj" ||
           name == "index.html" || name == "pcap" || name == "servers" || is_partial(name) ||
           std::ranges::any_of(tables, [&](const auto& table) { return table.name == name; });
}

/// Another program's summary.json is none of ours.
bool holds_result(const fs::path& folder) {
    std::ifstream file(folder / whole, std::ios::binary);
    std::string beginning(200, '\0');
    file.read(beginning.data(), static_cast<std::streamsize>(beginning.size()));
    return beginning.find("lvslab-summary-1") != std::string::npos;
}

std::string reason_of(const std::error_code& error) {
    return error.message();
}

/// The topmost of the folders on the way to `folder` that is not there yet.
fs::path first_missing(const fs::path& folder) {
    fs::path missing;
    for (fs::path at = fs::absolute(folder).lexically_normal(); !at.empty() && !fs::exists(at);
         at = at.parent_path()) {
        missing = at;
    }
    return missing;
}

/// Why the folder may not be written into; empty = it may.
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
    const bool has_result = holds_result(folder);
    for (const auto& entry : fs::directory_iterator(folder, error)) {
        const auto name = entry.path().filename().string();
        if (!has_result && !is_partial(name)) {
            return fmt::format(
                "is there and holds no result of lvslab run, but {}; give another "
                "--output, or --force to write beside it",
                name);
        }
        if (!is_result_file(entry.path())) {
            return fmt::format(
                "holds {} beside an earlier result; give another --output, or "
                "--force to replace the result and leave the rest",
                name);
        }
    }
    return error ? reason_of(error) : std::string{};
}

}  // namespace

std::string result_objection(const fs::path& folder) {
    return objection(folder, false);
}

RunOutput::RunOutput(fs::path folder, fs::path partial, fs::path made)
    : folder_(std::move(folder)), partial_(std::move(partial)), made_(std::move(made)) {}

RunOutput::RunOutput(RunOutput&& other) noexcept
    : folder_(std::move(other.folder_)),
      partial_(std::exchange(other.partial_, {})),
      made_(std::exchange(other.made_, {})) {}

RunOutput::~RunOutput() {
    if (partial_.empty()) {
        return;
    }
    std::error_code ignored;
    fs::remove_all(partial_, ignored);
    if (made_.empty()) {
        return;
    }
    // Takes away the folders that were made for it, but only as long as they are empty.
    for (fs::path at = fs::absolute(folder_).lexically_normal();
         fs::remove(at, ignored) && at != made_; at = at.parent_path()) {
    }
}

std::optional<RunOutput> RunOutput::open(const fs::path& folder, bool force, std::string& reason) {
    reason = objection(folder, force);
    if (!reason.empty()) {
        return std::nullopt;
    }
    const auto made = first_missing(folder);
    RunOutput output(folder, folder / fmt::format(".partial-{}", getpid()), made);
    std::error_code error;
    fs::create_directories(output.partial_, error);
    if (error) {
        reason = fmt::format("cannot be written: {}", reason_of(error));
        return std::nullopt;
    }
    return output;
}

bool RunOutput::write(const std::string& name, const std::string& text, std::string& reason) const {
    const auto path = partial_ / name;
    std::FILE* file = std::fopen(path.c_str(), "wb");
    bool good = file != nullptr && std::fwrite(text.data(), 1, text.size(), file) == text.size();
    if (file != nullptr) {
        good = std::fclose(file) == 0 && good;
    }
    if (!good) {
        reason = fmt::format("{} cannot be written: {}", name, std::strerror(errno));
    }
    return good;
}

bool RunOutput::finish(std::string& reason) {
    std::error_code error;
    // The mark of a whole result goes first and comes last.
    fs::remove(folder_ / whole, error);
    std::vector<fs::path> old, fresh;
    for (const auto& entry : fs::directory_iterator(folder_, error)) {
        if (is_result_file(entry.path()) && entry.path() != partial_) {
            old.push_back(entry.path());
        }
    }
    for (const auto& path : old) {
        fs::remove_all(path, error);
    }
    for (const auto& entry : fs::directory_iterator(partial_, error)) {
        if (entry.path().filename() != whole) {
            fresh.push_back(entry.path());
        }
    }
    fresh.push_back(partial_ / whole);
    for (const auto& path : fresh) {
        fs::rename(path, folder_ / path.filename(), error);
        if (error) {
            reason = fmt::format("{} cannot be put in place: {}", path.filename().string(),
                                 reason_of(error));
            return false;
        }
    }
    fs::remove_all(partial_, error);
    partial_.clear();
    return true;
}

}  // namespace lvslab::cli
