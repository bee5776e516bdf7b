// SPDX-License-Identifier: GPL-2.0-only
#include <algorithm>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "core/config/compare.hpp"
#include "core/router/host_rules.hpp"
#include "realmode/daemon/commands.hpp"
#include "realmode/daemon/lvs_cf_file.hpp"
#include "realmode/daemon/rules_options.hpp"
#include "realmode/host/host_check.hpp"

namespace lvslab::realmode {
namespace {

struct Arguments {
    std::string config = default_lvs_cf;
    std::string partner_config;
    bool json = false;
    RulesOptions options;
};

struct Outcome {
    std::string part;  ///< of this host in the cluster; empty = it was not looked at
    std::vector<HostFinding> findings;
    std::vector<std::string> not_looked_at;  ///< of the host, for want of a right or a program
    std::vector<std::string> misfits;        ///< of the command line: then nothing was looked at
    int exit_code = done;
};

std::string_view word_for(Severity severity) {
    switch (severity) {
        case Severity::error:
            return "error";
        case Severity::warning:
            return "warning";
        case Severity::note:
            return "note";
    }
    return "";
}

void add(const Diagnostics& diagnostics, const std::string& cure, Outcome& outcome) {
    for (const auto& d : diagnostics.items()) {
        outcome.findings.push_back({d.severity, d.location, d.message, cure});
    }
}

Outcome look(const Arguments& arguments) {
    Outcome outcome;
    const auto read = read_lvs_cf(arguments.config);
    add(read.diagnostics, "", outcome);
    std::optional<config::LvsConfig> partner;
    if (!arguments.partner_config.empty()) {
        auto other = read_lvs_cf(arguments.partner_config);
        add(other.diagnostics, "", outcome);
        if (other) {
            partner = std::move(other->config);
        }
    }
    if (!read || (!arguments.partner_config.empty() && !partner)) {
        outcome.exit_code = bad_input;
        return outcome;
    }
    const auto& config = read->config;
    outcome.misfits = arguments.options.misfits(config);
    if (!outcome.misfits.empty()) {
        outcome.exit_code = bad_input;
        return outcome;
    }
    if (partner) {
        add(config::compare(config, *partner), "copy one file to both routers", outcome);
    }
    const auto rules = router::host_rules(config, arguments.options.values());
    const auto facts = read_host_facts(config, rules);
    outcome.part = parts_of_host(config, rules, facts).to_string();
    const auto rules_command =
        "lvsrouter rules --config " + arguments.config + arguments.options.again();
    const auto of_host = check_host(config, rules, facts, rules_command);
    outcome.not_looked_at = not_looked_at(config, facts);
    outcome.findings.insert(outcome.findings.end(), of_host.begin(), of_host.end());
    const bool stops = std::ranges::any_of(
        outcome.findings, [](const auto& finding) { return finding.severity == Severity::error; });
    outcome.exit_code = stops ? failed : done;
    return outcome;
}

std::size_t count(const Outcome& outcome, Severity severity) {
    return static_cast<std::size_t>(
        std::ranges::count(outcome.findings, severity, &HostFinding::severity));
}

std::string counted(std::size_t number, std::string_view what) {
    return fmt::format("{} {}{}", number, what, number == 1 ? "" : "s");
}

void print_text(const Outcome& outcome) {
    for (const auto& finding : outcome.findings) {
        const auto& place = finding.location;
        fmt::print("{}{}{}: {}\n", place.to_string(), place.file.empty() ? "" : ": ",
                   word_for(finding.severity), finding.message);
        if (!finding.cure.empty()) {
            fmt::print("    cure: {}\n", finding.cure);
        }
    }
    fmt::print("{}{}, {}, {}{}\n",
               outcome.part.empty() ? "The configuration is bad; this host was not looked at: "
                                    : fmt::format("This host is {}: ", outcome.part),
               counted(count(outcome, Severity::error), "error"),
               counted(count(outcome, Severity::warning), "warning"),
               counted(count(outcome, Severity::note), "note"),
               outcome.not_looked_at.empty()
                   ? ""
                   : fmt::format("; not looked at: {}", fmt::join(outcome.not_looked_at, ", ")));
}

void print_json(const Arguments& arguments, const Outcome& outcome) {
    auto findings = nlohmann::ordered_json::array();
    for (const auto& finding : outcome.findings) {
        findings.push_back({{"severity", word_for(finding.severity)},
                            {"file", finding.location.file},
                            {"line", finding.location.line},
                            {"column", finding.location.column},
                            {"message", finding.message},
                            {"cure", finding.cure}});
    }
    const nlohmann::ordered_json document{{"config", arguments.config},
                                          {"host", outcome.part},
                                          {"errors", count(outcome, Severity::error)},
                                          {"warnings", count(outcome, Severity::warning)},
                                          {"notes", count(outcome, Severity::note)},
                                          {"not_looked_at", outcome.not_looked_at},
                                          {"findings", findings}};
    fmt::print("{}\n",
               document.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
}

int check(const Arguments& arguments) {
    const auto outcome = look(arguments);
    for (const auto& sentence : outcome.misfits) {
        fmt::print(stderr, "lvsrouter check: {}\n", sentence);
    }
    if (!outcome.misfits.empty()) {
        return outcome.exit_code;
    }
    if (arguments.json) {
        print_json(arguments, outcome);
    } else {
        print_text(outcome);
    }
    return outcome.exit_code;
}

}  // namespace

void add_check_command(CLI::App& app, int& exit_code) {
    auto* command = app.add_subcommand(
        "check", "Say whether an lvs.cf is sound and this host is fit for its part in it");
    auto arguments = std::make_shared<Arguments>();
    command->add_option("--config", arguments->config, "the lvs.cf")->capture_default_str();
    command->add_option("--partner-config", arguments->partner_config,
                        "a copy of the other router's, to be held against it");
    command->add_flag("--json", arguments->json, "the findings as JSON");
    arguments->options.add_to(*command);
    command->callback([arguments, &exit_code] { exit_code = check(*arguments); });
}

}  // namespace lvslab::realmode
