// SPDX-License-Identifier: GPL-2.0-only
#include "core/health/probe.hpp"

#include <sstream>

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

}  // namespace

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
    if (text.send_program) {
        ProgramProbe program{program_arguments(*text.send_program, server), {}, text.limit};
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
