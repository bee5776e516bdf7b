// SPDX-License-Identifier: GPL-2.0-only
#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <zlib.h>
#include <nlohmann/json.hpp>

#include "core/conformance/recording.hpp"
#include "core/conformance/replay.hpp"
#include "sim/cli/commands.hpp"

namespace lvslab::cli {
namespace {

namespace fs = std::filesystem;
using conformance::Report;

bool is_recording(const fs::path& path) {
    const auto name = path.filename().string();
    return name.ends_with(".jsonl") || name.ends_with(".jsonl.gz");
}

/// The recordings of all paths, those of folders in the order of their names.
std::vector<std::string> recordings_of(const std::vector<std::string>& paths,
                                       Diagnostics& diagnostics) {
    std::vector<std::string> files;
    for (const auto& path : paths) {
        std::error_code error;
        if (!fs::is_directory(path, error)) {
            files.push_back(path);
            continue;
        }
        std::vector<std::string> found;
        for (fs::recursive_directory_iterator it(path, error), end; !error && it != end;
             it.increment(error)) {
            if (it->is_regular_file(error) && is_recording(it->path())) {
                found.push_back(it->path().string());
            }
        }
        if (error) {
            diagnostics.error({path, 0, 0}, error.message());
        } else if (found.empty()) {
            diagnostics.error({path, 0, 0}, "no recordings (*.jsonl, *.jsonl.gz) in this folder");
        }
        std::ranges::sort(found);
        files.insert(files.end(), found.begin(), found.end());
    }
    return files;
}

/// A file's text, unpacked if it is gzipped.
std::optional<std::string> text_of(const std::string& path, Diagnostics& diagnostics) {
    const std::unique_ptr<gzFile_s, int (*)(gzFile)> file(gzopen(path.c_str(), "rb"), gzclose);
    std::error_code error;
    if (file == nullptr || fs::is_directory(path, error)) {
        diagnostics.error({path, 0, 0}, "cannot be read");
        return std::nullopt;
    }
    std::string text;
    std::vector<char> buffer(1U << 16);
    int got = 0;
    while ((got = gzread(file.get(), buffer.data(), static_cast<unsigned>(buffer.size()))) > 0) {
        text.append(buffer.data(), static_cast<std::size_t>(got));
    }
    int code = Z_OK;
    const char* why = gzerror(file.get(), &code);
    if (got < 0 || code == Z_BUF_ERROR) {
        const auto line = static_cast<unsigned>(std::ranges::count(text, '\n') + 1);
        diagnostics.error({path, line, 0}, code == Z_BUF_ERROR
                                               ? "the file is cut off: its gzip stream has no end"
                                               : fmt::format("cannot be unpacked: {}", why));
        return std::nullopt;
    }
    return text;
}

std::optional<Report> judge(const std::string& path, Diagnostics& diagnostics) {
    const auto text = text_of(path, diagnostics);
    if (!text) {
        return std::nullopt;
    }
    const auto recording = conformance::read_recording(*text, path);
    diagnostics.append(recording.diagnostics);
    if (!recording) {
        return std::nullopt;
    }
    auto report = conformance::replay(*recording);
    diagnostics.append(report.diagnostics);
    if (report && report->events == 0) {
        diagnostics.error({path, 0, 0}, "the recording shows nothing that can be compared");
        return std::nullopt;
    }
    return report.value;
}

void print(const Report& report) {
    fmt::print("{}: {} events, {} mismatches", report.name, report.events, report.mismatches);
    if (report.timer_granule > 0) {
        fmt::print(", {} within a timer granule", report.timer_granule);
    }
    fmt::print("\n");
    if (const auto& c = report.choices) {
        fmt::print(
            "  choices are random, compared by statistics: {} choices, {} tests, largest |z| "
            "{:.2f}, limit {:.2f} (significance {} in all), {} impossible: {}\n",
            c->choices, c->tests, c->largest, c->limit, c->significance, c->impossible,
            c->holds ? "holds" : "MISMATCH");
    }
    if (const auto& m = report.first) {
        fmt::print("  first mismatch at {}:{}\n", report.name, m->line);
        for (const auto& line : m->context) {
            fmt::print("    before:   {}\n", line);
        }
        fmt::print("    event:    {}\n    recorded: {}\n    model:    {}\n", m->event, m->expected,
                   m->found);
    }
}

nlohmann::ordered_json to_json(const Report& report) {
    nlohmann::ordered_json j = {{"file", report.name},
                                {"events", report.events},
                                {"mismatches", report.mismatches},
                                {"timer_granule", report.timer_granule}};
    if (const auto& c = report.choices) {
        j["statistical"] = {{"choices", c->choices},
                            {"tests", c->tests},
                            {"largest_z", c->largest},
                            {"limit", c->limit},
                            {"significance", c->significance},
                            {"impossible", c->impossible},
                            {"holds", c->holds}};
    }
    if (const auto& m = report.first) {
        j["first_mismatch"] = {{"line", m->line},
                               {"event", m->event},
                               {"recorded", m->expected},
                               {"model", m->found},
                               {"context", m->context}};
    }
    return j;
}

struct Totals {
    std::size_t files = 0;
    std::uint64_t events = 0;
    std::uint64_t mismatches = 0;
    std::uint64_t timer_granule = 0;
};

int run(const std::vector<std::string>& paths, bool as_json) {
    Diagnostics diagnostics;
    Totals totals;
    nlohmann::ordered_json list = nlohmann::ordered_json::array();
    for (const auto& path : recordings_of(paths, diagnostics)) {
        const auto report = judge(path, diagnostics);
        if (!report) {
            continue;
        }
        ++totals.files;
        totals.events += report->events;
        totals.mismatches += report->mismatches;
        totals.timer_granule += report->timer_granule;
        if (as_json) {
            list.push_back(to_json(*report));
        } else {
            print(*report);
        }
    }
    fmt::print(stderr, "{}", diagnostics.to_string());
    if (as_json) {
        const nlohmann::ordered_json all = {{"recordings", list},
                                            {"files", totals.files},
                                            {"events", totals.events},
                                            {"mismatches", totals.mismatches},
                                            {"timer_granule", totals.timer_granule}};
        fmt::print("{}\n", all.dump(2));
    } else if (totals.files > 0) {
        fmt::print(
            "{} events within a timer granule: either outcome is right, the recorded one "
            "was followed\n",
            totals.timer_granule);
        fmt::print("{} files, {} events, {} mismatches\n", totals.files, totals.events,
                   totals.mismatches);
    }
    if (diagnostics.has_errors()) {
        return bad_input;
    }
    return totals.mismatches > 0 ? failed : held;
}

}  // namespace

void add_conform_command(CLI::App& app, int& exit_code) {
    struct Arguments {
        std::vector<std::string> paths;
        bool json = false;
    };
    auto* command = app.add_subcommand(
        "conform", "replay recordings of a real kernel on the model of IPVS, and compare");
    auto arguments = std::make_shared<Arguments>();
    command
        ->add_option("PATH", arguments->paths, "recordings (.jsonl, .jsonl.gz) or folders of them")
        ->required();
    command->add_flag("--json", arguments->json, "print the result as JSON");
    command->callback(
        [arguments, &exit_code] { exit_code = run(arguments->paths, arguments->json); });
}

}  // namespace lvslab::cli
