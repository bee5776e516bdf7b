// SPDX-License-Identifier: GPL-2.0-only
#include "core/health/probe.hpp"

#include <algorithm>
#include <sstream>

#include <fmt/format.h>

namespace lvslab::health {
namespace {

Checked<Expectation> make_expectation(const CheckText& text) {
    if (!text.expect) {
        // A datagram service that says nothing cannot be told from a dead one.
        return {text.protocol == Protocol::udp ? Expectation::anything() : Expectation::nothing(),
                {}};
    }
    const auto expected = unescape(*text.expect);
    if (text.use_regex) {
        return Expectation::regex(expected, text.location);
    }
    const bool any = expected.empty() || expected == "*";
    return {any ? Expectation::anything() : Expectation::prefix(expected), {}};
}

/// RFC 9110, 7.2: the port is left out where it is the protocol's own; IPv6 stands in brackets.
std::string host_of(const Endpoint& server, bool tls) {
    if (server.port != Port{static_cast<std::uint16_t>(tls ? 443 : 80)}) {
        return server.to_string();
    }
    const auto address = server.address.to_string();
    return server.address.is_v4() ? address : fmt::format("[{}]", address);
}

Checked<Probe> make_http_probe(const CheckText& text, const Endpoint& server) {
    const bool tls = text.check == CheckType::https;
    HttpProbe probe{
        server,    tls,       text.path.value_or("/"), text.host.value_or(host_of(server, tls)),
        text.http, text.limit};
    Checked<Probe> result;
    // A blank or a line's end would make another request of it.
    const auto visible = [](char c) { return c > ' ' && c < '\x7F'; };
    if (!probe.path.starts_with('/') || !std::ranges::all_of(probe.path, visible)) {
        result.diagnostics.error(text.location,
                                 "check_path is no path that starts with / and "
                                 "holds no blanks");
    }
    if (probe.host.empty() || !std::ranges::all_of(probe.host, visible)) {
        result.diagnostics.error(text.location, "check_host is no name or address without blanks");
    }
    if (result.diagnostics.empty()) {
        result.value = std::move(probe);
    }
    return result;
}

}  // namespace

std::string http_request(const HttpProbe& probe) {
    return fmt::format(
        "GET {} HTTP/1.0\r\nHost: {}\r\nUser-Agent: lvslab\r\nConnection: close\r\n\r\n",
        probe.path, probe.host);
}

bool says_up(const ProgramProbe& probe, const ProgramResult& result) {
    if (result.timed_out || result.exit_status != 0) {
        return false;
    }
    std::string_view output = result.output;
    if (output.ends_with('\n')) {
        output.remove_suffix(1);
    }
    return !probe.expect || output == *probe.expect;
}

Checked<Probe> make_probe(const CheckText& text, const Endpoint& server) {
    if (text.check == CheckType::tcp) {
        return {Probe{ConnectProbe{server, Protocol::tcp, {}, Expectation::nothing(), text.limit}},
                {}};
    }
    if (text.check) {
        return make_http_probe(text, server);
    }
    if (text.send_program) {
        ProgramProbe program{
            program_arguments(*text.send_program, server), {}, text.limit, server, text.protocol};
        if (text.expect) {
            program.expect = unescape(*text.expect);
        }
        if (program.arguments.empty()) {
            Checked<Probe> result;
            result.diagnostics.error(text.location, "send_program names no program");
            return result;
        }
        return {Probe{std::move(program)}, {}};
    }
    ConnectProbe probe{server, text.protocol, {}, Expectation::nothing(), text.limit};
    if (text.service_port == Port{80} && !text.send && !text.expect) {
        probe.send = "GET / HTTP/1.0\r\n\r\n";
        probe.expect = Expectation::prefix("HTTP");
        return {Probe{std::move(probe)}, {}};
    }
    auto expectation = make_expectation(text);
    if (!expectation) {
        return {std::nullopt, std::move(expectation.diagnostics)};
    }
    probe.expect = *std::move(expectation.value);
    if (text.send) {
        probe.send = unescape(*text.send);
    }
    return {Probe{std::move(probe)}, {}};
}

std::vector<std::string> program_arguments(std::string_view command, const Endpoint& server) {
    std::vector<std::string> arguments;
    std::istringstream words{std::string(command)};
    for (std::string word; std::getline(words, word, ' ');) {
        if (word.empty()) {
            continue;
        }
        if (word == "%h") {
            word = server.address.to_string();
        } else if (word == "%p") {
            word = std::to_string(server.port.value());
        }
        arguments.push_back(std::move(word));
    }
    return arguments;
}

}  // namespace lvslab::health
