// SPDX-License-Identifier: GPL-2.0-only
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <iostream>
#include <memory>
#include <string>

#include <fmt/format.h>

#include "core/config/parse.hpp"
#include "core/config/print.hpp"
#include "sim/cli/commands.hpp"
#include "sim/cli/scenario_file.hpp"

namespace lvslab::cli {

namespace {

struct ShowArguments {
    std::string file;
    bool json = false;
    bool piranha = false;
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

/// "FILE:LINE:COLUMN: message" even where there is no line (an empty file has line 0).
void print_findings(const Diagnostics& diagnostics) {
    for (const auto& d : diagnostics.items()) {
        if (d.severity == Severity::error && d.location.line == 0) {
            std::cerr << d.location.file << ":0:0: " << d.message << '\n';
        } else {
            std::cerr << d.to_string() << '\n';
        }
    }
}

int show(const ShowArguments& arguments) {
    std::string reason;
    const auto text = read_whole_file(arguments.file, reason);
    if (!text) {
        std::cerr << fmt::format("{}: cannot be read: {}\n", arguments.file, reason);
        return bad_input;
    }
    config::Options options;
    options.piranha = arguments.piranha;
    options.names = arguments.piranha ? look_up_as_piranha : look_up;
    options.services = look_up_service;
    const auto parsed = config::parse(*text, arguments.file, options);
    print_findings(parsed.diagnostics);
    if (!parsed) {
        return bad_input;
    }
    std::cout << (arguments.json ? config::to_json(*parsed) : config::print(*parsed));
    return held;
}

}  // namespace

void add_config_command(CLI::App& app, int& exit_code) {
    auto* config = app.add_subcommand("config", "Work with lvs.cf files");
    config->require_subcommand(1);
    auto* show_command =
        config->add_subcommand("show", "Print what an lvs.cf says, or every error in it");
    auto arguments = std::make_shared<ShowArguments>();
    show_command->add_option("FILE", arguments->file, "the lvs.cf")->required();
    show_command->add_flag("--json", arguments->json, "as JSON instead of an lvs.cf");
    show_command->add_flag("--piranha", arguments->piranha,
                           "read exactly as Piranha 0.8.6 does, oddities included");
    show_command->callback([arguments, &exit_code] { exit_code = show(*arguments); });
}

}  // namespace lvslab::cli
