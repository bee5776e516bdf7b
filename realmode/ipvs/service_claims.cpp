// SPDX-License-Identifier: GPL-2.0-only
#include "realmode/ipvs/service_claims.hpp"

#include <charconv>
#include <optional>
#include <sstream>
#include <string_view>

#include <fmt/format.h>

#include "realmode/ipvs/ipvs_table.hpp"

namespace lvslab::realmode {
namespace {

constexpr std::string_view first_line = "lvsrouter services 1";

/// Cuts off what stands before the next blank.
std::string_view next_word(std::string_view& line) {
    const auto end = std::min(line.find(' '), line.size());
    const auto word = line.substr(0, end);
    line.remove_prefix(std::min(end + 1, line.size()));
    return word;
}

/// The key at the beginning of the line, as to_string(key) wrote it.
std::optional<ipvs::ServiceKey> next_key(std::string_view& line) {
    const auto kind = next_word(line);
    const auto what = next_word(line);
    ipvs::ServiceKey key;
    if (kind == "fwmark") {
        std::uint32_t mark = 0;
        const auto* end = what.data() + what.size();
        const auto read = std::from_chars(what.data(), end, mark);
        if (read.ec != std::errc{} || read.ptr != end || mark == 0) {
            return std::nullopt;
        }
        key.fwmark = Fwmark{mark};
        if (line == "ipv6" || line.starts_with("ipv6 ")) {
            next_word(line);
            key.family = Family::ipv6;
        }
        return normalised(key);
    }
    const auto protocol = parse_protocol(kind);
    const auto endpoint = Endpoint::parse(what);
    if (!protocol || !endpoint) {
        return std::nullopt;
    }
    key.protocol = *protocol;
    key.endpoint = *endpoint;
    return normalised(key);
}

bool take_line(ServiceClaims& claims, std::string_view line) {
    const auto kind = next_word(line);
    if (kind == "place") {
        claims.place = line;
        return !line.empty();
    }
    const auto key = next_key(line);
    if (!key) {
        return false;
    }
    if (kind == "own" && line.empty()) {
        claims.own.insert(*key);
        return true;
    }
    if (kind == "unsure" && !line.empty()) {
        claims.unsure[*key].emplace(line);
        return true;
    }
    return false;
}

}  // namespace

std::string looks_of(const ipvs::ServiceSettings& s, Family family) {
    const auto mask =
        s.persistence_mask.is_unspecified() ? Address::v4(0xFFFFFFFFU) : s.persistence_mask;
    return fmt::format(
        "{} persistent {} mask {}{}{}{}", s.scheduler,
        std::chrono::ceil<std::chrono::seconds>(s.persistent).count(),
        family == Family::ipv6 ? std::to_string(s.persistence_prefix) : mask.to_string(),
        s.one_packet ? " ops" : "", s.scheduler_flag_1 ? " flag-1" : "",
        s.scheduler_flag_2 ? " flag-2" : "");
}

std::string print(const ServiceClaims& claims) {
    std::string text = fmt::format("{}\nplace {}\n", first_line, claims.place);
    for (const auto& key : claims.own) {
        text += fmt::format("own {}\n", to_string(key));
    }
    for (const auto& [key, looks] : claims.unsure) {
        for (const auto& one : looks) {
            text += fmt::format("unsure {} {}\n", to_string(key), one);
        }
    }
    return text;
}

Checked<ServiceClaims> parse_claims(const std::string& text, const std::string& file) {
    Checked<ServiceClaims> read{ServiceClaims{}, {}};
    std::istringstream lines(text);
    std::string line;
    for (unsigned number = 1; std::getline(lines, line); ++number) {
        if (number == 1 ? line != first_line : !take_line(*read, line)) {
            read.diagnostics.error({file, number},
                                   fmt::format("\"{}\" is no line of a router's services", line));
        }
    }
    if (read->place.empty()) {
        read.diagnostics.error({file}, "it does not say where it holds");
    }
    if (read.diagnostics.has_errors()) {
        read.value.reset();
    }
    return read;
}

}  // namespace lvslab::realmode
