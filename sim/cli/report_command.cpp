// SPDX-License-Identifier: GPL-2.0-only
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "sim/cli/commands.hpp"
#include "sim/cli/report_page.hpp"

namespace lvslab::cli {
namespace {

namespace fs = std::filesystem;

/// Whether the folder's summary.json is one of ours: a page is put nowhere else.
bool holds_result(const fs::path& folder) {
    std::ifstream file(folder / "summary.json", std::ios::binary);
    std::string beginning(200, '\0');
    file.read(beginning.data(), static_cast<std::streamsize>(beginning.size()));
    return beginning.find("lvslab-summary-1") != std::string::npos ||
           beginning.find("lvslab-comparison-1") != std::string::npos;
}

int report(const std::string& folder) {
    if (!holds_result(folder)) {
        fmt::print(stderr,
                   "lvslab report: {}: expected the result folder of `lvslab run` or `lvslab "
                   "compare`, found no summary.json of theirs\n",
                   folder);
        return bad_input;
    }
    if (!make_page(folder)) {
        return failed;
    }
    fmt::print("See {}\n", (fs::path(folder) / "index.html").string());
    return held;
}

}  // namespace

void add_report_command(CLI::App& app, int& exit_code) {
    auto* command = app.add_subcommand(
        "report", "Make the page of a result: a run's failover timeline, or a comparison");
    auto folder = std::make_shared<std::string>();
    command->add_option("FOLDER", *folder, "result folder of `lvslab run` or `lvslab compare`")
        ->required();
    command->callback([folder, &exit_code] { exit_code = report(*folder); });
}

}  // namespace lvslab::cli
