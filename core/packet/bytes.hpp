// SPDX-License-Identifier: GPL-2.0-only
/// Numbers in network order, read from and written to bytes. The caller has checked the length.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

#include "core/base/address.hpp"

namespace lvslab::packet {

/// A byte that may be written.
template <class Byte>
concept Writable = std::is_same_v<Byte, std::uint8_t>;

constexpr std::uint16_t read16(std::span<const std::uint8_t> bytes, std::size_t at) {
    return static_cast<std::uint16_t>((bytes[at] << 8) | bytes[at + 1]);
}
constexpr std::uint32_t read32(std::span<const std::uint8_t> bytes, std::size_t at) {
    return (std::uint32_t{read16(bytes, at)} << 16) | read16(bytes, at + 2);
}
constexpr void write16(std::span<std::uint8_t> bytes, std::size_t at, std::uint16_t value) {
    bytes[at] = static_cast<std::uint8_t>(value >> 8);
    bytes[at + 1] = static_cast<std::uint8_t>(value);
}
constexpr void write32(std::span<std::uint8_t> bytes, std::size_t at, std::uint32_t value) {
    write16(bytes, at, static_cast<std::uint16_t>(value >> 16));
    write16(bytes, at + 2, static_cast<std::uint16_t>(value));
}

/// Bytes that an address takes in a header.
constexpr std::size_t wire_size(Family family) {
    return family == Family::ipv4 ? 4 : 16;
}
constexpr Address read_address(Family family, std::span<const std::uint8_t> bytes, std::size_t at) {
    if (family == Family::ipv4) {
        return Address::v4(read32(bytes, at));
    }
    Address::Bytes copy{};
    std::ranges::copy(bytes.subspan(at, copy.size()), copy.begin());
    return Address::v6(copy);
}
constexpr void write_address(std::span<std::uint8_t> bytes, std::size_t at, const Address& a) {
    std::ranges::copy(std::span(a.bytes()).first(wire_size(a.family())), bytes.subspan(at).begin());
}

}  // namespace lvslab::packet
