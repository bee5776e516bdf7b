// SPDX-License-Identifier: GPL-2.0-only
#include "tests/real/oracle/script.hpp"

#include <linux/ip_vs.h>
#include <netinet/in.h>

#include <charconv>
#include <sstream>

namespace lvslab::oracle {
namespace {

std::int64_t option(const Step& step, std::string_view key, std::int64_t otherwise) {
    const auto found = step.options.find(key);
    return found == step.options.end() ? otherwise : parse_number(step, found->second);
}

std::uint32_t parse_mask(const Step& step, Family family) {
    const auto found = step.options.find("mask");
    if (found == step.options.end()) {
        return family == Family::ipv4 ? 0xFFFFFFFFU : 128U;
    }
    if (family == Family::ipv6) {
        return static_cast<std::uint32_t>(parse_number(step, found->second));
    }
    const auto mask = Address::parse(found->second);
    if (!mask || !mask->is_v4()) {
        throw ScriptError{step.line, "mask= needs a netmask, found " + found->second};
    }
    return mask->v4_host_order();
}

}  // namespace

std::vector<Step> split_script(std::string_view text) {
    std::vector<Step> steps;
    std::istringstream lines{std::string(text)};
    std::string line;
    for (std::size_t number = 1; std::getline(lines, line); ++number) {
        Step step{number, line, {}, {}};
        std::istringstream words(line);
        for (std::string word; words >> word;) {
            const auto equals = word.find('=');
            // `svc=` and `dst=` are operations, not options.
            if (step.words.empty() || equals == std::string::npos) {
                step.words.push_back(word);
            } else {
                step.options[word.substr(0, equals)] = word.substr(equals + 1);
            }
        }
        if (!step.words.empty() && step.words[0][0] != '#') {
            steps.push_back(std::move(step));
        }
    }
    return steps;
}

const std::string& word_of(const Step& step, std::size_t n) {
    if (n >= step.words.size()) {
        throw ScriptError{step.line, "'" + step.words[0] + "' needs at least " + std::to_string(n) +
                                         " words after it, found " +
                                         std::to_string(step.words.size() - 1)};
    }
    return step.words[n];
}

std::int64_t parse_number(const Step& step, std::string_view word) {
    const bool hex = word.starts_with("0x");
    const auto digits = hex ? word.substr(2) : word;
    std::int64_t value = 0;
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), value, hex ? 16 : 10);
    if (error != std::errc{} || end != digits.data() + digits.size()) {
        throw ScriptError{step.line, "a number expected, found " + std::string(word)};
    }
    return value;
}

Endpoint parse_endpoint(const Step& step, std::string_view word) {
    const auto endpoint = Endpoint::parse(word);
    if (!endpoint) {
        throw ScriptError{step.line, "ADDRESS:PORT expected, found " + std::string(word)};
    }
    return *endpoint;
}

Service parse_service(const Step& step) {
    Service s;
    s.name = word_of(step, 1);
    const auto& kind = word_of(step, 2);
    if (kind == "fwm" || kind == "fwm6") {
        s.fwmark = static_cast<std::uint32_t>(parse_number(step, word_of(step, 3)));
        s.family = kind == "fwm6" ? Family::ipv6 : Family::ipv4;
    } else if (kind == "tcp" || kind == "udp") {
        s.protocol = kind == "tcp" ? IPPROTO_TCP : IPPROTO_UDP;
        const auto address = Address::parse(word_of(step, 3));
        if (!address) {
            throw ScriptError{step.line, "an address expected, found " + step.words[3]};
        }
        s.endpoint.address = *address;
        s.endpoint.port = static_cast<std::uint16_t>(parse_number(step, word_of(step, 4)));
        s.family = address->family();
    } else {
        throw ScriptError{step.line, "tcp, udp, fwm or fwm6 expected, found " + kind};
    }
    s.scheduler = word_of(step, 5);
    s.flags = static_cast<std::uint32_t>(option(step, "flags", 0));
    s.persistent = static_cast<std::uint32_t>(option(step, "pers", 0));
    s.netmask = parse_mask(step, s.family);
    return s;
}

Destination parse_destination(const Step& step) {
    Destination d;
    d.endpoint = parse_endpoint(step, word_of(step, 2));
    if (step.words[0] == "dst-") {
        return d;
    }
    static const std::map<std::string, std::uint32_t, std::less<>> methods{
        {"nat", IP_VS_CONN_F_MASQ}, {"tun", IP_VS_CONN_F_TUNNEL}, {"dr", IP_VS_CONN_F_DROUTE}};
    const auto method = methods.find(word_of(step, 3));
    if (method == methods.end()) {
        throw ScriptError{step.line, "nat, dr or tun expected, found " + step.words[3]};
    }
    d.method = method->second;
    d.weight = static_cast<std::int32_t>(parse_number(step, word_of(step, 4)));
    d.upper = static_cast<std::uint32_t>(option(step, "u", 0));
    d.lower = static_cast<std::uint32_t>(option(step, "l", 0));
    return d;
}

}  // namespace lvslab::oracle
