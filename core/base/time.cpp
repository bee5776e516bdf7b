// SPDX-License-Identifier: GPL-2.0-only
#include "core/base/time.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include <fmt/format.h>

#include "core/base/quantities.hpp"

namespace lvslab {
namespace {

struct TimeUnit {
    std::string_view name;
    std::int64_t nanoseconds;
};

constexpr std::array<TimeUnit, 6> units{{{"h", 3'600'000'000'000},
                                         {"min", 60'000'000'000},
                                         {"s", 1'000'000'000},
                                         {"ms", 1'000'000},
                                         {"us", 1'000},
                                         {"ns", 1}}};

/// A decimal number of units. The whole part is counted in integers: no floating point number keeps
/// a tenth of a nanosecond of 272 years.
std::optional<Duration> exactly(std::string_view number, std::int64_t unit) {
    const auto dot = std::min(number.find('.'), number.size());
    std::int64_t whole = 0;
    if (dot > 0 && std::from_chars(number.data(), number.data() + dot, whole).ec != std::errc{}) {
        return std::nullopt;
    }
    long double fraction = 0;
    std::from_chars(number.data() + dot, number.data() + number.size(), fraction);
    const auto rest = std::llroundl(fraction * static_cast<long double>(unit));
    if (whole > (Duration::max().count() - rest) / unit) {
        return std::nullopt;
    }
    return Duration{whole * unit + rest};
}

}  // namespace

std::optional<Duration> parse_duration(std::string_view text) {
    const auto parts = split_number(text);
    if (!parts) {
        return std::nullopt;
    }
    for (const auto& unit : units) {
        if (parts->unit != unit.name) {
            continue;
        }
        return exactly(text.substr(0, text.size() - unit.name.size()), unit.nanoseconds);
    }
    return std::nullopt;
}

std::string to_string(Duration d) {
    const auto count = d.count();
    if (count == 0) {
        return "0s";
    }
    for (const auto& unit : {units[2], units[3], units[4]}) {
        if (count % unit.nanoseconds == 0) {
            return fmt::format("{}{}", count / unit.nanoseconds, unit.name);
        }
        // One decimal place more is still easy to read ("1.5s"); finer values go to a finer unit.
        if (count % (unit.nanoseconds / 10) == 0 && count > unit.nanoseconds) {
            return fmt::format("{}.{}{}", count / unit.nanoseconds,
                               count % unit.nanoseconds / (unit.nanoseconds / 10), unit.name);
        }
    }
    return fmt::format("{}ns", count);
}

}  // namespace lvslab
