// SPDX-License-Identifier: GPL-2.0-only
#include "sim/cli/run_keeper.hpp"

#include <cstdio>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "core/journal/metrics.hpp"
#include "core/journal/summary.hpp"
#include "core/journal/writer.hpp"
#include "core/world/expectation_report.hpp"
#include "sim/cli/commands.hpp"
#include "sim/cli/run_table.hpp"

namespace lvslab::cli {
namespace {

namespace fs = std::filesystem;

/// Events to the reducers and, if one is kept, the journal.
class Fork final : public journal::Sink {
public:
    Fork(journal::Metrics& metrics, world::JudgedRun& judged, journal::Writer* writer)
        : metrics_(metrics), judged_(judged), writer_(writer) {}
    void take(const journal::Event& event) override {
        metrics_.take(event);
        judged_.take(event);
        if (writer_ != nullptr) {
            writer_->take(event);
        }
    }

private:
    journal::Metrics& metrics_;
    world::JudgedRun& judged_;
    journal::Writer* writer_;
};

/// The file behind a journal; remembers the first error.
class JournalFile {
public:
    explicit JournalFile(const fs::path& path) : file_(std::fopen(path.c_str(), "wb"), fclose) {}
    void write(std::string_view bytes) {
        good_ = file_ && std::fwrite(bytes.data(), 1, bytes.size(), file_.get()) == bytes.size() &&
                good_;
    }
    /// False if any byte did not arrive.
    bool close() { return file_ && std::fclose(file_.release()) == 0 && good_; }

private:
    std::unique_ptr<std::FILE, int (*)(std::FILE*)> file_;
    bool good_ = true;
};

scenario::Outputs::Journal kept_journal(const RunArguments& arguments,
                                        const scenario::Scenario& scenario) {
    using Journal = scenario::Outputs::Journal;
    if (arguments.journal.empty()) {
        return scenario.outputs.journal;
    }
    return arguments.journal == "none"  ? Journal::none
           : arguments.journal == "all" ? Journal::all
                                        : Journal::decisions;
}

/// Summary, tables and verdicts into the output, which is put in place.
bool keep(RunOutput& output, const journal::Summary& summary, const world::JudgedRun& judged,
          std::string& reason) {
    for (const auto& table : journal::summary_tables(summary)) {
        if (!output.write(table.name, table.text, reason)) {
            return false;
        }
    }
    return output.write("expectations.json", judged.json(), reason) &&
           output.write("summary.json", journal::summary_json(summary), reason) &&
           output.finish(reason);
}

}  // namespace

class RunKeeper::Parts {
public:
    Parts(const RunArguments& arguments, const scenario::Scenario& scenario, RunOutput& output)
        : arguments_(arguments),
          output_(output),
          judged_(world::expectations_for(scenario, arguments.scheduler)) {
        const auto level = kept_journal(arguments, scenario);
        if (level != scenario::Outputs::Journal::none) {
            file_.emplace(output.partial() / "journal.lvsj");
            writer_.emplace([this](std::string_view bytes) { file_->write(bytes); },
                            level == scenario::Outputs::Journal::all ? journal::Level::all
                                                                     : journal::Level::decisions);
        }
        sink_.emplace(metrics_, judged_, writer_ ? &*writer_ : nullptr);
    }

    journal::Sink& sink() { return *sink_; }

    int finish() {
        std::string reason = "journal.lvsj cannot be written whole";
        if (writer_) {
            writer_->finish();
        }
        if ((file_ && !file_->close()) || !keep(output_, metrics_.summary(), judged_, reason)) {
            return refuse_run(fmt::format("{}: {}", output_.folder().string(), reason));
        }
        if (!arguments_.quiet) {
            tell();
        }
        return judged_.holds() ? held : failed;
    }

private:
    /// The result is there, whether or not its table can be told.
    void tell() {
        const auto verdicts = judged_.text();
        const auto table =
            fmt::format("{}{}{}\n  result: {}\n", run_table(metrics_.summary()),
                        verdicts.empty() ? "" : "\n", verdicts, output_.folder().string());
        std::fwrite(table.data(), 1, table.size(), stdout);
        std::fflush(stdout);
    }

    const RunArguments& arguments_;
    RunOutput& output_;
    journal::Metrics metrics_;
    world::JudgedRun judged_;
    std::optional<JournalFile> file_;
    std::optional<journal::Writer> writer_;
    std::optional<Fork> sink_;
};

RunKeeper::RunKeeper(const RunArguments& arguments, const scenario::Scenario& scenario,
                     RunOutput& output)
    : parts_(std::make_unique<Parts>(arguments, scenario, output)) {}
RunKeeper::~RunKeeper() = default;

journal::Sink& RunKeeper::sink() {
    return parts_->sink();
}
int RunKeeper::finish() {
    return parts_->finish();
}

}  // namespace lvslab::cli
