// SPDX-License-Identifier: GPL-2.0-only
/// Named, seeded streams of random numbers: adding a draw to one stream never shifts another.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <string_view>

namespace lvslab {

/// A 64-bit digest of text, the same on every machine (FNV-1a, then mixed). Not for security.
std::uint64_t stable_hash(std::string_view text);

/// One stream of random numbers, a function of (seed, name) alone.
/// It is a UniformRandomBitGenerator, so Boost.Random's distributions draw from it
/// (the standard library's differ between implementations).
/// Generator: xoshiro256** (Blackman and Vigna, 2018), seeded by SplitMix64.
class RandomStream {
public:
    using result_type = std::uint64_t;

    /// `name` says what is drawn and for whom, e.g. "arrivals/shop".
    RandomStream(std::uint64_t seed, std::string_view name);

    static constexpr result_type min() { return 0; }
    static constexpr result_type max() { return ~result_type{0}; }
    result_type operator()() {
        const auto result = std::rotl(state_[1] * 5, 7) * 9;
        const auto shifted = state_[1] << 17;
        state_[2] ^= state_[0];
        state_[3] ^= state_[1];
        state_[1] ^= state_[2];
        state_[0] ^= state_[3];
        state_[2] ^= shifted;
        state_[3] = std::rotl(state_[3], 45);
        return result;
    }

    /// Uniform in [0, 1), 53 bits.
    double uniform() { return static_cast<double>((*this)() >> 11) * 0x1.0p-53; }
    /// Uniform in [0, n), without bias; n > 0.
    std::uint64_t below(std::uint64_t n);
    /// Exponential with the given mean, by inversion (one draw each).
    double exponential(double mean) {
        // 1 - u loses nothing, since u is a multiple of 2^-53; log() is three times as fast as
        // log1p() and, in glibc, the more exact of the two.
        return -mean * std::log(1 - uniform());
    }
    /// Standard normal (Boost.Random's ziggurat).
    double normal();

private:
    std::uint64_t state_[4];
};

}  // namespace lvslab
