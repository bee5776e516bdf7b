// SPDX-License-Identifier: GPL-2.0-only
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "core/config/check.hpp"
#include "core/config/compare.hpp"
#include "core/config/errors.hpp"
#include "core/config/parse.hpp"
#include "core/config/print.hpp"
#include "core/router/check_settings.hpp"
#include "sim/cli/commands.hpp"
#include "sim/cli/plugin_option.hpp"
#include "sim/cli/scenario_file.hpp"

namespace lvslab::cli {

namespace {

struct ShowArguments {
    std::string file;
    std::vector<std::string> plugins{};
    bool json = false;
    bool piranha = false;
};

struct CheckArguments {
    std::string file, second_file;
    std::vector<std::string> plugins{};
    bool strict = false;
};

std::optional<Address> address_of(const sockaddr& address) {
    if (address.sa_family == AF_INET) {
        sockaddr_in v4;
        std::memcpy(&v4, &address, sizeof v4);
        return Address::v4(ntohl(v4.sin_addr.s_addr));
    }
    if (address.sa_family == AF_INET6) {
        sockaddr_in6 v6;
        std::memcpy(&v6, &address, sizeof v6);
        Address::Bytes bytes;
        std::memcpy(bytes.data(), &v6.sin6_addr, bytes.size());
        return Address::v6(bytes);
    }
    return std::nullopt;
}

/// The first address of the name, as the machine resolves it.
std::optional<Address> look_up(std::string_view name) {
    const addrinfo hints{.ai_flags = 0,
                         .ai_family = AF_UNSPEC,
                         .ai_socktype = SOCK_STREAM,
                         .ai_protocol = 0,
                         .ai_addrlen = 0,
                         .ai_addr = nullptr,
                         .ai_canonname = nullptr,
                         .ai_next = nullptr};
    addrinfo* found = nullptr;
    if (getaddrinfo(std::string(name).c_str(), nullptr, &hints, &found) != 0) {
        return std::nullopt;
    }
    const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, freeaddrinfo);
    return address_of(*found->ai_addr);
}

/// The first address of the name by gethostbyname(3), which Piranha asks: IPv4 only.
std::optional<Address> look_up_as_piranha(std::string_view name) {
    const hostent* host = gethostbyname(std::string(name).c_str());
    if (host == nullptr || host->h_addrtype != AF_INET || host->h_addr_list[0] == nullptr) {
        return std::nullopt;
    }
    in_addr address;
    std::memcpy(&address, host->h_addr_list[0], sizeof address);
    return Address::v4(ntohl(address.s_addr));
}

/// The machine's own list of services, then the built-in one: many machines have none.
std::optional<Port> look_up_service(std::string_view name) {
    if (const servent* service = getservbyname(std::string(name).c_str(), "tcp")) {
        return Port(ntohs(static_cast<std::uint16_t>(service->s_port)));
    }
    return config::well_known_tcp_port(name);
}

/// "FILE:LINE:COLUMN: message", on 0:0 for an empty file.
void print_findings(const Diagnostics& diagnostics) {
    for (const auto& d : diagnostics.items()) {
        if (d.message == config::piranha_text(config::ErrorKind::empty)) {
            std::cerr << d.location.file << ":0:0: " << d.message << '\n';
        } else {
            std::cerr << d.to_string() << '\n';
        }
    }
}

/// Reads an lvs.cf; a file that cannot be read is an error without a line.
Checked<config::LvsConfig> read_lvs_cf(const std::string& file, bool piranha) {
    std::string reason;
    const auto text = read_whole_file(file, reason);
    if (!text) {
        Checked<config::LvsConfig> nothing;
        nothing.diagnostics.add(
            {Severity::error, {file}, fmt::format("cannot be read: {}", reason)});
        return nothing;
    }
    config::Options options;
    options.piranha = piranha;
    options.names = piranha ? look_up_as_piranha : look_up;
    options.services = look_up_service;
    return config::parse(*text, file, options);
}

int show(const ShowArguments& arguments) {
    const auto parsed = read_lvs_cf(arguments.file, arguments.piranha);
    print_findings(parsed.diagnostics);
    if (!parsed) {
        return bad_input;
    }
    std::cout << (arguments.json ? config::to_json(*parsed) : config::print(*parsed));
    return held;
}

/// Reads one file and adds everything that is found in it.
std::optional<config::LvsConfig> read_and_check(const std::string& file, Diagnostics& found) {
    auto read = read_lvs_cf(file, false);
    found.append(read.diagnostics);
    if (!read) {
        return std::nullopt;
    }
    found.append(config::check(*read));
    found.append(router::check_probes(*read));
    return std::move(read.value);
}

std::size_t count(const Diagnostics& found, Severity severity) {
    return static_cast<std::size_t>(
        std::ranges::count(found.items(), severity, &Diagnostic::severity));
}

std::string counted(std::size_t number, std::string_view what) {
    return fmt::format("{} {}{}", number, what, number == 1 ? "" : "s");
}

int check(const CheckArguments& arguments) {
    Diagnostics found;
    const auto first = read_and_check(arguments.file, found);
    if (!arguments.second_file.empty()) {
        const auto second = read_and_check(arguments.second_file, found);
        if (first && second) {
            found.append(config::compare(*first, *second));
        }
    }
    found.sort();
    print_findings(found);
    const auto errors = count(found, Severity::error);
    const auto warnings = count(found, Severity::warning);
    std::cout << fmt::format("{}, {}, {}\n", counted(errors, "error"), counted(warnings, "warning"),
                             counted(count(found, Severity::note), "note"));
    return errors > 0 ? bad_input : warnings > 0 && arguments.strict ? failed : held;
}

}  // namespace

void add_config_command(CLI::App& app, int& exit_code) {
    auto* config = app.add_subcommand("config", "Work with lvs.cf files");
    config->require_subcommand(1);
    auto* show_command =
        config->add_subcommand("show", "Print what an lvs.cf says, or every error in it");
    auto arguments = std::make_shared<ShowArguments>();
    show_command->add_option("FILE", arguments->file, "the lvs.cf")->required();
    add_plugin_option(*show_command, arguments->plugins);
    show_command->add_flag("--json", arguments->json, "as JSON instead of an lvs.cf");
    show_command->add_flag("--piranha", arguments->piranha,
                           "read exactly as Piranha 0.8.6 does, oddities included");
    show_command->callback([arguments, &exit_code] { exit_code = show(*arguments); });

    auto* check_command = config->add_subcommand(
        "check", "Say what is wrong, risky or without effect in an lvs.cf, or between two");
    auto to_check = std::make_shared<CheckArguments>();
    check_command->add_option("FILE", to_check->file, "the lvs.cf")->required();
    check_command->add_option("FILE2", to_check->second_file,
                              "the other router's, to be held against it");
    add_plugin_option(*check_command, to_check->plugins);
    check_command->add_flag("--strict", to_check->strict, "exit code 1 if there are warnings");
    check_command->callback([to_check, &exit_code] { exit_code = check(*to_check); });
}

}  // namespace lvslab::cli
