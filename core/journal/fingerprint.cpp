// SPDX-License-Identifier: GPL-2.0-only
#include "core/journal/fingerprint.hpp"

#include <fmt/format.h>

namespace lvslab::journal {

void Fingerprint::add(std::string_view bytes) {
    for (const char byte : bytes) {
        state_ = (state_ ^ static_cast<unsigned char>(byte)) * 0x100000001B3ULL;
    }
}

std::uint64_t Fingerprint::value() const {
    std::uint64_t h = state_;
    h = (h ^ (h >> 33)) * 0xFF51AFD7ED558CCDULL;
    h = (h ^ (h >> 33)) * 0xC4CEB9FE1A85EC53ULL;
    return h ^ (h >> 33);
}

std::string fingerprint_text(std::uint64_t fingerprint) {
    return fmt::format("{:016x}", fingerprint);
}

}  // namespace lvslab::journal
