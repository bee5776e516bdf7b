// SPDX-License-Identifier: GPL-2.0-only
#include "core/base/random.hpp"

#include <boost/random/normal_distribution.hpp>

namespace lvslab {
namespace {

std::uint64_t splitmix64(std::uint64_t& state) {
    std::uint64_t z = (state += 0x9E3779B97F4A7C15ULL);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
    return z ^ (z >> 31);
}

}  // namespace

std::uint64_t stable_hash(std::string_view text) {
    std::uint64_t h = 0xCBF29CE484222325ULL;
    for (const char c : text) {
        h = (h ^ static_cast<unsigned char>(c)) * 0x100000001B3ULL;
    }
    return splitmix64(h);
}

RandomStream::RandomStream(std::uint64_t seed, std::string_view name) {
    std::uint64_t mixed = seed;
    mixed = splitmix64(mixed) ^ stable_hash(name);
    for (auto& word : state_) {
        word = splitmix64(mixed);
    }
}

std::uint64_t RandomStream::below(std::uint64_t n) {
    // Rejects the tail that would favour small values (OpenBSD's arc4random_uniform).
    const std::uint64_t tail = (0 - n) % n;
    for (;;) {
        const auto draw = (*this)();
        if (draw >= tail) {
            return draw % n;
        }
    }
}

double RandomStream::normal() {
    boost::random::normal_distribution<double> standard;
    return standard(*this);
}

}  // namespace lvslab
