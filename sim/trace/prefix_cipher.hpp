// SPDX-License-Identifier: GPL-2.0-only
/// Addresses made unrecognisable that keep their neighbours: two addresses with a common prefix
/// have one of the same length afterwards.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "core/base/address.hpp"

namespace lvslab::trace {

/// Crypto-PAn (Xu, Fan, Ammar and Moon, "Prefix-Preserving IP Address Anonymization", ICNP 2002)
/// with AES-128: one-to-one, the same for every capture under the same key. Bit i is turned over by
/// the first bit of the block cipher over the address's first i bits, filled up from a pad. IPv6
/// addresses go the same way, over all 128 bits.
class PrefixCipher {
public:
    /// 16 bytes for AES, and 16 from which the pad is made.
    using Key = std::array<std::uint8_t, 32>;

    explicit PrefixCipher(const Key& key);
    ~PrefixCipher();
    PrefixCipher(PrefixCipher&&) noexcept;

    Address operator()(const Address& address) const;

private:
    struct Cipher;
    std::unique_ptr<Cipher> cipher_;
    std::array<std::uint8_t, 16> pad_{};
};

/// 64 hexadecimal digits, white space around them allowed; or 32 bytes as they are.
std::optional<PrefixCipher::Key> read_key(std::string_view text);

}  // namespace lvslab::trace
