// SPDX-License-Identifier: GPL-2.0-only
/// The hashes that the kernel's schedulers place clients by.
#pragma once

#include <cstdint>

#include "core/base/address.hpp"

namespace lvslab::ipvs {

/// An address as one number: IPv4 as it is, IPv6 as the exclusive or of its four words.
constexpr std::uint32_t folded(const Address& a) {
    return a.is_v4() ? a.v4_host_order() : a.word(0) ^ a.word(1) ^ a.word(2) ^ a.word(3);
}

/// Multiplicative hash to `bits` bits, 0 < bits <= 32 (hash_32, linux/hash.h).
constexpr std::uint32_t hash_32(std::uint32_t value, unsigned bits) {
    return (value * 0x61C88647U) >> (32 - bits);
}

/// What `hsiphash` of one 32-bit number is on a 64-bit kernel: SipHash-1-3 over its four bytes
/// (little endian), low half of the result, both halves of the key equal to `key`
/// (lib/siphash.c; Aumasson and Bernstein, 2012).
std::uint32_t hsiphash(std::uint32_t value, std::uint64_t key);

}  // namespace lvslab::ipvs
