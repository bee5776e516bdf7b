// SPDX-License-Identifier: GPL-2.0-only
#include <csignal>
#include <cstdio>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "core/journal/fingerprint.hpp"
#include "core/journal/invariants.hpp"
#include "core/journal/json_lines.hpp"
#include "core/journal/metrics.hpp"
#include "core/journal/observables.hpp"
#include "core/journal/reader.hpp"
#include "core/journal/summary.hpp"
#include "sim/cli/commands.hpp"

namespace lvslab::cli {
namespace {

struct JournalOptions {
    std::string file;
    std::vector<std::string> kinds;
    bool summary = false;
    bool fingerprint = false;
    bool invariants = false;
    bool describe = false;
};

struct CloseFile {
    void operator()(std::FILE* file) const {
        if (file != stdin) {
            std::fclose(file);
        }
    }
};
using File = std::unique_ptr<std::FILE, CloseFile>;

/// Prints the events of a kind in `kinds` (empty = all) as they are read.
void print_lines(journal::Reader& reader, const std::set<std::string, std::less<>>& kinds) {
    std::string lines;
    while (const auto event = reader.next()) {
        if (kinds.empty() || kinds.contains(journal::kind_name(*event))) {
            append_json_line(lines, *event, reader.run());
            lines += '\n';
        }
        if (lines.size() >= 65536) {
            std::fwrite(lines.data(), 1, lines.size(), stdout);
            lines.clear();
        }
    }
    std::fwrite(lines.data(), 1, lines.size(), stdout);
}

int report(const journal::Reader& reader, const std::string& name) {
    // What was read comes before what is wrong with the rest, also when both go to one place.
    std::fflush(stdout);
    if (reader.error()) {
        fmt::print(stderr, "{}\n", reader.error()->to_string(name));
        return bad_input;
    }
    return held;
}

int print_summary(journal::Reader& reader, const std::string& name) {
    journal::Metrics metrics;
    while (const auto event = reader.next()) {
        metrics.take(*event);
    }
    if (!reader.error() && reader.level() == journal::Level::none) {
        fmt::print(stderr, "{}: kept at level none: it holds no events to sum up\n", name);
        return bad_input;
    }
    const auto text = summary_json(metrics.summary());
    std::fwrite(text.data(), 1, text.size(), stdout);
    return report(reader, name);
}

int print_fingerprint(journal::Reader& reader, const std::string& name) {
    while (reader.next()) {
    }
    const int code = report(reader, name);
    if (code == held) {
        fmt::print("{}\n", journal::fingerprint_text(reader.fingerprint()));
    }
    return code;
}

/// What was broken, as `lvslab verify` tells it; exit code 1 if anything was.
int print_violations(journal::Reader& reader, const std::string& name) {
    std::optional<journal::Invariants> invariants;
    while (const auto event = reader.next()) {
        if (!invariants) {
            invariants.emplace(reader.level());
        }
        invariants->take(*event);
    }
    if (const int code = report(reader, name); code != held) {
        return code;
    }
    if (reader.level() == journal::Level::none) {
        fmt::print(stderr, "{}: kept at level none: it holds no events to judge\n", name);
        return bad_input;
    }
    for (const auto& violation : invariants->violations()) {
        fmt::print("{}\n", violation.to_string());
    }
    fmt::print("{} violations of {} invariants\n", invariants->count(),
               journal::invariant_kinds().size());
    return invariants->held() ? held : failed;
}

int check_kinds(const std::vector<std::string>& kinds) {
    const auto known = journal::observed_events();
    int code = held;
    for (const auto& kind : kinds) {
        std::string names;
        bool found = false;
        for (const auto& event : known) {
            found = found || event.name == kind;
            names += fmt::format("{}{}", names.empty() ? "" : ", ", event.name);
        }
        if (!found) {
            fmt::print(stderr, "--kind {}: no such kind of event; there are {}\n", kind, names);
            code = bad_input;
        }
    }
    return code;
}

int run_journal(const JournalOptions& options) {
    // `lvslab journal FILE | head` ends without a word.
    std::signal(SIGPIPE, SIG_DFL);
    if (options.describe) {
        fmt::print("{}", journal::observables_markdown());
        return held;
    }
    if (options.file.empty()) {
        fmt::print(stderr, "FILE is required\n");
        return bad_input;
    }
    if (const int code = check_kinds(options.kinds); code != held) {
        return code;
    }
    const std::string name = options.file == "-" ? "(standard input)" : options.file;
    const File file(options.file == "-" ? stdin : std::fopen(options.file.c_str(), "rb"));
    if (!file) {
        fmt::print(stderr, "{}: cannot be read\n", name);
        return bad_input;
    }
    journal::Reader reader([&](char* buffer, std::size_t capacity) {
        return std::fread(buffer, 1, capacity, file.get());
    });
    if (options.summary) {
        return print_summary(reader, name);
    }
    if (options.invariants) {
        return print_violations(reader, name);
    }
    if (options.fingerprint) {
        return print_fingerprint(reader, name);
    }
    print_lines(reader, {options.kinds.begin(), options.kinds.end()});
    return report(reader, name);
}

}  // namespace

void add_journal_command(CLI::App& app, int& exit_code) {
    auto* command = app.add_subcommand("journal", "Print a run's journal as JSON lines");
    auto options = std::make_shared<JournalOptions>();
    command->add_option("FILE", options->file, "journal.lvsj of a run; - = standard input");
    command->add_option("--kind", options->kinds, "only events of this kind (may be repeated)")
        ->type_name("NAME")
        ->allow_extra_args(false);
    auto* summary =
        command->add_flag("--summary", options->summary, "print the run's summary.json instead");
    auto* fingerprint =
        command->add_flag("--fingerprint", options->fingerprint, "print the fingerprint instead");
    auto* describe = command->add_flag("--describe", options->describe,
                                       "print the tables of events and metrics of the docs");
    auto* invariants = command->add_flag("--invariants", options->invariants,
                                         "print which invariants the run broke instead");
    summary->excludes(fingerprint)->excludes(describe)->excludes(invariants);
    fingerprint->excludes(describe)->excludes(invariants);
    invariants->excludes(describe);
    command->callback([options, &exit_code] { exit_code = run_journal(*options); });
}

}  // namespace lvslab::cli
