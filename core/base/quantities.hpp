// SPDX-License-Identifier: GPL-2.0-only
/// Strong types for the small numbers of the field, so that a port is never a weight.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/address.hpp"

namespace lvslab {

/// A number with a meaning. Tag tells the meaning; nothing converts by itself.
template <class Tag, class Rep>
class Quantity {
public:
    using rep = Rep;
    constexpr Quantity() = default;
    constexpr explicit Quantity(Rep value) : value_(value) {}
    constexpr Rep value() const { return value_; }
    friend constexpr auto operator<=>(Quantity, Quantity) = default;

private:
    Rep value_{};
};

/// TCP, UDP or SCTP port, host order. 0 = any (a port-0 service).
using Port = Quantity<struct PortTag, std::uint16_t>;
/// Weight of a real server. 0 = quiesced: it keeps its connections and gets no new ones.
using Weight = Quantity<struct WeightTag, std::int32_t>;
/// Firewall mark. 0 = none.
using Fwmark = Quantity<struct FwmarkTag, std::uint32_t>;

/// Transport protocol, valued by its IP protocol number.
enum class Protocol : std::uint8_t { ip = 0, tcp = 6, udp = 17, sctp = 132 };
std::string_view to_string(Protocol p);
std::optional<Protocol> parse_protocol(std::string_view text);

/// An address and a port.
struct Endpoint {
    Address address;
    Port port;

    /// "10.0.0.1:80" or "[2001:db8::1]:80"
    static std::optional<Endpoint> parse(std::string_view text);
    std::string to_string() const;
    friend constexpr auto operator<=>(const Endpoint&, const Endpoint&) = default;
};

/// A number of bytes.
using ByteCount = Quantity<struct ByteCountTag, std::uint64_t>;
/// "400B", "64KiB", "12kB", "1.5MiB"; a bare number is refused, as is more than 2^53. Fractions of
/// a byte are rounded.
std::optional<ByteCount> parse_byte_count(std::string_view text);

/// Bits per second.
using BitRate = Quantity<struct BitRateTag, std::uint64_t>;
/// "100Mbps", "1Gbps", "64kbps", "9600bps"; a bare number is refused, as is more than 2^53.
std::optional<BitRate> parse_bit_rate(std::string_view text);

/// Reads a decimal number and what follows it: "1.5MiB" -> 1.5, "MiB". Nothing if no number starts
/// the text; never accepts inf, nan, hex or a sign.
struct NumberWithUnit {
    double number;
    std::string_view unit;
};
std::optional<NumberWithUnit> split_number(std::string_view text);

}  // namespace lvslab

template <class Tag, class Rep>
struct std::hash<lvslab::Quantity<Tag, Rep>> {
    std::size_t operator()(lvslab::Quantity<Tag, Rep> q) const noexcept {
        return std::hash<Rep>{}(q.value());
    }
};
template <>
struct std::hash<lvslab::Endpoint> {
    std::size_t operator()(const lvslab::Endpoint& e) const noexcept {
        return (std::hash<lvslab::Address>{}(e.address) ^ e.port.value()) * 0x9E3779B97F4A7C15ULL;
    }
};
