// SPDX-License-Identifier: GPL-2.0-only
/// IP addresses and networks, IPv4 and IPv6, as values.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace lvslab {

enum class Family : std::uint8_t { ipv4, ipv6 };

/// An IPv4 or IPv6 address. Default: 0.0.0.0, which stands for "none" as it does in lvs.cf.
class Address {
public:
    using Bytes = std::array<std::uint8_t, 16>;

    constexpr Address() = default;

    /// From a host-order number: 0xC0A80704 is 192.168.7.4.
    static constexpr Address v4(std::uint32_t host_order) {
        Address a;
        for (int i = 0; i < 4; ++i) {
            a.bytes_[static_cast<std::size_t>(i)] =
                static_cast<std::uint8_t>(host_order >> (24 - 8 * i));
        }
        return a;
    }
    static constexpr Address v6(const Bytes& network_order) {
        Address a;
        a.family_ = Family::ipv6;
        a.bytes_ = network_order;
        return a;
    }

    /// Dotted quad or RFC 4291 text, nothing else (no host names, no short forms).
    static std::optional<Address> parse(std::string_view text);

    constexpr Family family() const { return family_; }
    constexpr bool is_v4() const { return family_ == Family::ipv4; }
    constexpr bool is_v6() const { return family_ == Family::ipv6; }
    /// 0.0.0.0 or ::
    constexpr bool is_unspecified() const {
        for (auto b : bytes_) {
            if (b != 0) {
                return false;
            }
        }
        return true;
    }
    /// The IPv4 address as a host-order number. Meaningless for IPv6.
    constexpr std::uint32_t v4_host_order() const { return word(0); }
    /// 32-bit word i (0..3) of the address, host order. IPv4 has its address in word 0.
    constexpr std::uint32_t word(std::size_t i) const {
        return (std::uint32_t{bytes_[4 * i]} << 24) | (std::uint32_t{bytes_[4 * i + 1]} << 16) |
               (std::uint32_t{bytes_[4 * i + 2]} << 8) | std::uint32_t{bytes_[4 * i + 3]};
    }
    /// Network order; the first 4 bytes for IPv4.
    constexpr const Bytes& bytes() const { return bytes_; }

    /// The address with all but the first `length` bits cleared (length up to 32 or 128).
    Address masked(unsigned length) const;

    std::string to_string() const;

    friend constexpr auto operator<=>(const Address&, const Address&) = default;

private:
    Family family_ = Family::ipv4;
    Bytes bytes_{};
};

/// An address with a prefix length: a network (`10.0.0.0/8`) or an interface (`10.0.0.9/8`).
struct Network {
    Address address;
    unsigned prefix_length = 32;

    /// "ADDRESS/LENGTH"; the host bits may be set.
    static std::optional<Network> parse(std::string_view text);

    bool contains(const Address& a) const;
    /// The network address (host bits cleared).
    Address base() const { return address.masked(prefix_length); }
    bool overlaps(const Network& other) const;
    std::string to_string() const;

    friend auto operator<=>(const Network&, const Network&) = default;
};

/// A dotted IPv4 netmask as a prefix length; nothing if its ones are not contiguous.
std::optional<unsigned> prefix_length_of_mask(const Address& mask);
/// 24 -> 255.255.255.0
Address mask_of_prefix_length(unsigned length);

}  // namespace lvslab

template <>
struct std::hash<lvslab::Address> {
    std::size_t operator()(const lvslab::Address& a) const noexcept {
        std::size_t h = a.is_v4() ? 0 : 0x9E3779B97F4A7C15ULL;
        for (std::size_t i = 0; i < 4; ++i) {
            h = (h ^ a.word(i)) * 0x9E3779B97F4A7C15ULL;
            h ^= h >> 32;
        }
        return h;
    }
};
