// SPDX-License-Identifier: GPL-2.0-only
#include <algorithm>
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/router/host_rules.hpp"
#include "core/router/host_rules_text.hpp"
#include "realmode/daemon/commands.hpp"
#include "realmode/daemon/lvs_cf_file.hpp"
#include "realmode/daemon/rules_options.hpp"

namespace lvslab::realmode {
namespace {

struct Arguments {
    std::string config = default_lvs_cf;
    std::string format = "nft";
    std::string real_server;
    RulesOptions options;
};

int refuse(const std::string& message) {
    fmt::print(stderr, "lvsrouter rules: {}\n", message);
    return bad_input;
}

/// By its address or by one of its names; the names of different hosts may be the same.
std::vector<const router::RealServerNeed*> servers_called(const router::HostRules& rules,
                                                          const std::string& name) {
    std::vector<const router::RealServerNeed*> found;
    const auto address = Address::parse(name);
    for (const auto& server : rules.real_servers) {
        if (address ? server.address == *address
                    : std::ranges::find(server.names, name) != server.names.end()) {
            found.push_back(&server);
        }
    }
    return found;
}

std::string names_of(const std::vector<router::RealServerNeed>& servers) {
    std::vector<std::string> names;
    for (const auto& server : servers) {
        names.push_back(
            fmt::format("{} ({})", fmt::join(server.names, ", "), server.address.to_string()));
    }
    return fmt::format("{}", fmt::join(names, ", "));
}

int refuse_unknown_server(const std::string& name,
                          const std::vector<router::RealServerNeed>& servers) {
    return refuse(fmt::format("no active server of an active virtual is called {}; there are {}",
                              name, servers.empty() ? "none" : names_of(servers)));
}

/// Under NAT no real server needs anything; who there is, is who would need it otherwise.
int refuse_under_nat(config::LvsConfig config, const std::string& name) {
    config.network = config::NetworkType::direct;
    const auto rules = router::host_rules(config);
    return servers_called(rules, name).empty()
               ? refuse_unknown_server(name, rules.real_servers)
               : refuse(fmt::format("real server {}: under network = nat a real server needs "
                                    "nothing but nat_router as its gateway",
                                    name));
}

int print_for_real_server(const config::LvsConfig& config, const router::HostRules& rules,
                          const Arguments& arguments, router::RulesFormat format) {
    if (rules.network == config::NetworkType::nat) {
        return refuse_under_nat(config, arguments.real_server);
    }
    const auto found = servers_called(rules, arguments.real_server);
    if (found.empty()) {
        return refuse_unknown_server(arguments.real_server, rules.real_servers);
    }
    if (found.size() > 1) {
        std::vector<std::string> addresses;
        for (const auto* server : found) {
            addresses.push_back(server->address.to_string());
        }
        return refuse(fmt::format("{} is the name of {} real servers; give an address of {}",
                                  arguments.real_server, found.size(), fmt::join(addresses, ", ")));
    }
    fmt::print("{}", router::real_server_text(rules, *found.front(), format));
    return done;
}

int print_rules(const Arguments& arguments) {
    const auto format = router::parse_rules_format(arguments.format).value();
    const auto read = read_lvs_cf(arguments.config);
    fmt::print(stderr, "{}", read.diagnostics.to_string());
    if (!read) {
        return bad_input;
    }
    const auto misfits = arguments.options.misfits(read->config);
    for (const auto& sentence : misfits) {
        refuse(sentence);
    }
    if (!misfits.empty()) {
        return bad_input;
    }
    const auto rules = router::host_rules(read->config, arguments.options.values());
    if (!arguments.real_server.empty()) {
        return print_for_real_server(read->config, rules, arguments, format);
    }
    const auto formats = router::router_formats();
    if (std::ranges::find(formats, format) == formats.end()) {
        return refuse(fmt::format("--format {} is for real servers alone; give --real-server",
                                  arguments.format));
    }
    fmt::print("{}", router::router_text(rules, format));
    return done;
}

std::vector<std::string> format_names() {
    std::vector<std::string> names;
    for (const auto format : router::real_server_formats()) {
        names.emplace_back(to_string(format));
    }
    return names;
}

}  // namespace

void add_rules_command(CLI::App& app, int& exit_code) {
    auto* command = app.add_subcommand(
        "rules", "Print the packet rules and settings that an lvs.cf needs on its hosts");
    auto arguments = std::make_shared<Arguments>();
    command->add_option("--config", arguments->config, "the lvs.cf")->capture_default_str();
    command->add_option("--format", arguments->format, "the program that loads it")
        ->check(CLI::IsMember(format_names()))
        ->capture_default_str();
    command->add_option("--real-server", arguments->real_server,
                        "for this real server, by name or address, instead of the routers");
    arguments->options.add_to(*command);
    command->callback([arguments, &exit_code] { exit_code = print_rules(*arguments); });
}

}  // namespace lvslab::realmode
