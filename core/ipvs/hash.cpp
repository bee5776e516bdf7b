// SPDX-License-Identifier: GPL-2.0-only
#include "core/ipvs/hash.hpp"

#include <bit>

namespace lvslab::ipvs {
namespace {

struct SipState {
    std::uint64_t v0, v1, v2, v3;

    void round() {
        v0 += v1;
        v1 = std::rotl(v1, 13) ^ v0;
        v0 = std::rotl(v0, 32);
        v2 += v3;
        v3 = std::rotl(v3, 16) ^ v2;
        v0 += v3;
        v3 = std::rotl(v3, 21) ^ v0;
        v2 += v1;
        v1 = std::rotl(v1, 17) ^ v2;
        v2 = std::rotl(v2, 32);
    }
};

}  // namespace

std::uint32_t hsiphash(std::uint32_t value, std::uint64_t key) {
    SipState s{key ^ 0x736F6D6570736575ULL, key ^ 0x646F72616E646F6DULL,
               key ^ 0x6C7967656E657261ULL, key ^ 0x7465646279746573ULL};
    // The message is shorter than a block: its length goes into the top byte of the only one.
    const auto block = (std::uint64_t{4} << 56) | value;
    s.v3 ^= block;
    s.round();
    s.v0 ^= block;
    s.v2 ^= 0xFF;
    s.round();
    s.round();
    s.round();
    return static_cast<std::uint32_t>(s.v0 ^ s.v1 ^ s.v2 ^ s.v3);
}

}  // namespace lvslab::ipvs
