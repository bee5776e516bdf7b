// SPDX-License-Identifier: GPL-2.0-only
/// The fingerprint of a run: one number that changes with any byte of its journal.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace lvslab::journal {

/// 64-bit digest of bytes that come in pieces: FNV-1a (Fowler, Noll, Vo), then the finaliser of
/// MurmurHash3, so that a change in the last byte reaches every bit. Not for security.
class Fingerprint {
public:
    void add(std::string_view bytes);
    std::uint64_t value() const;

private:
    std::uint64_t state_ = 0xCBF29CE484222325ULL;
};

/// 16 hexadecimal digits.
std::string fingerprint_text(std::uint64_t fingerprint);

}  // namespace lvslab::journal
