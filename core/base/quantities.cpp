// SPDX-License-Identifier: GPL-2.0-only
#include "core/base/quantities.hpp"

#include <charconv>
#include <cmath>
#include <span>

#include <fmt/format.h>

namespace lvslab {
namespace {

struct Unit {
    std::string_view name;
    double factor;
};

constexpr Unit byte_units[] = {{"B", 1},           {"kB", 1e3},           {"MB", 1e6},
                               {"GB", 1e9},        {"TB", 1e12},          {"KiB", 1024.0},
                               {"MiB", 1048576.0}, {"GiB", 1073741824.0}, {"TiB", 1099511627776.0}};

constexpr Unit rate_units[] = {
    {"bps", 1}, {"kbps", 1e3}, {"Mbps", 1e6}, {"Gbps", 1e9}, {"Tbps", 1e12}};

std::optional<std::uint64_t> scaled(std::string_view text, std::span<const Unit> units) {
    const auto parts = split_number(text);
    if (!parts) {
        return std::nullopt;
    }
    for (const auto& unit : units) {
        const double value = parts->number * unit.factor;
        // 2^53: beyond it a double no longer counts single bytes or bits.
        if (parts->unit == unit.name && value <= 9007199254740992.0) {
            return static_cast<std::uint64_t>(std::llround(value));
        }
    }
    return std::nullopt;
}

}  // namespace

std::optional<NumberWithUnit> split_number(std::string_view text) {
    const auto digits_end = text.find_first_not_of("0123456789.");
    const auto number_text = text.substr(0, digits_end);
    double number = 0;
    const auto [end, error] =
        std::from_chars(number_text.data(), number_text.data() + number_text.size(), number,
                        std::chars_format::fixed);
    if (number_text.empty() || error != std::errc{} ||
        end != number_text.data() + number_text.size() || !std::isfinite(number)) {
        return std::nullopt;
    }
    return NumberWithUnit{number, text.substr(number_text.size())};
}

std::optional<ByteCount> parse_byte_count(std::string_view text) {
    const auto value = scaled(text, byte_units);
    return value ? std::optional(ByteCount{*value}) : std::nullopt;
}

std::optional<BitRate> parse_bit_rate(std::string_view text) {
    const auto value = scaled(text, rate_units);
    return value ? std::optional(BitRate{*value}) : std::nullopt;
}

std::string_view to_string(Protocol p) {
    switch (p) {
        case Protocol::ip:
            return "ip";
        case Protocol::tcp:
            return "tcp";
        case Protocol::udp:
            return "udp";
        case Protocol::sctp:
            return "sctp";
    }
    return "unknown";
}

std::optional<Protocol> parse_protocol(std::string_view text) {
    for (const auto p : {Protocol::tcp, Protocol::udp, Protocol::sctp}) {
        if (text == to_string(p)) {
            return p;
        }
    }
    return std::nullopt;
}

std::optional<Endpoint> Endpoint::parse(std::string_view text) {
    const auto colon = text.rfind(':');
    if (colon == std::string_view::npos) {
        return std::nullopt;
    }
    auto host = text.substr(0, colon);
    const auto port_text = text.substr(colon + 1);
    const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
    if (bracketed) {
        host = host.substr(1, host.size() - 2);
    }
    const auto address = Address::parse(host);
    std::uint16_t port = 0;
    const auto [end, error] =
        std::from_chars(port_text.data(), port_text.data() + port_text.size(), port);
    if (!address || address->is_v6() != bracketed || error != std::errc{} ||
        end != port_text.data() + port_text.size()) {
        return std::nullopt;
    }
    return Endpoint{*address, Port{port}};
}

std::string Endpoint::to_string() const {
    return address.is_v4() ? fmt::format("{}:{}", address.to_string(), port.value())
                           : fmt::format("[{}]:{}", address.to_string(), port.value());
}

}  // namespace lvslab
