// SPDX-License-Identifier: GPL-2.0-only
#include "core/config/values.hpp"

#include <array>
#include <cstddef>
#include <limits>

namespace lvslab::config {

namespace {

constexpr bool is_space(char c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}

constexpr bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/// The value of a digit in any base up to 16; 16 if it is none.
constexpr unsigned digit_value(char c) {
    if (is_digit(c)) {
        return static_cast<unsigned>(c - '0');
    }
    const char lower = static_cast<char>(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? static_cast<unsigned>(lower - 'a') + 10 : 16;
}

struct Digits {
    std::uint64_t value = 0;  ///< saturated
    std::size_t length = 0;   ///< prefix included; 0 = no number here
    unsigned base = 10;
    bool overflow = false;  ///< beyond 64 bits
};

/// The unsigned number at the start of the text, its base told by its prefix as strtoul does.
Digits read_digits(std::string_view text) {
    Digits d;
    std::size_t i = 0;
    if (text.size() > 2 && text[0] == '0' && (text[1] | 0x20) == 'x' && digit_value(text[2]) < 16) {
        d.base = 16;
        i = 2;
    } else if (!text.empty() && text[0] == '0') {
        d.base = 8;
    }
    for (; i < text.size() && digit_value(text[i]) < d.base; ++i) {
        const unsigned digit = digit_value(text[i]);
        if (d.value > (std::numeric_limits<std::uint64_t>::max() - digit) / d.base) {
            d.overflow = true;
            d.value = std::numeric_limits<std::uint64_t>::max();
        } else if (!d.overflow) {
            d.value = d.value * d.base + digit;
        }
    }
    d.length = i;
    return d;
}

}  // namespace

std::optional<Integer> read_integer(std::string_view text) {
    Integer result;
    if (text.empty()) {
        return result;
    }
    std::size_t i = 0;
    while (i < text.size() && is_space(text[i])) {
        ++i;
    }
    const bool negative = i < text.size() && text[i] == '-';
    if (i < text.size() && (text[i] == '-' || text[i] == '+')) {
        ++i;
    }
    const Digits digits = read_digits(text.substr(i));
    if (digits.length == 0 || i + digits.length != text.size()) {
        return std::nullopt;
    }
    constexpr auto long_max = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
    const std::uint64_t limit = negative ? long_max + 1 : long_max;
    const std::uint64_t magnitude = digits.value > limit ? limit : digits.value;
    // Unsigned arithmetic wraps as the hardware's conversion from long to int does.
    const auto low = static_cast<std::uint32_t>(negative ? 0 - magnitude : magnitude);
    result.value = static_cast<std::int32_t>(low);
    const std::uint64_t fits = negative ? std::uint64_t{1} << 31 : (std::uint64_t{1} << 31) - 1;
    result.as_written = !digits.overflow && digits.value <= fits;
    result.octal = digits.base == 8 && digits.length > 1;
    return result;
}

std::optional<Address> read_dotted(std::string_view text) {
    // The last part may be as wide as the parts that are missing.
    constexpr std::array<std::uint64_t, 4> largest_last{0xFFFFFFFF, 0xFFFFFF, 0xFFFF, 0xFF};
    std::uint32_t word = 0;
    std::size_t i = 0;
    for (std::size_t part = 0; part < 4; ++part) {
        if (i >= text.size() || !is_digit(text[i])) {
            return std::nullopt;
        }
        const Digits digits = read_digits(text.substr(i));
        i += digits.length;
        if (i < text.size() && text[i] == '.') {
            if (part == 3 || digits.value > 0xFF) {
                return std::nullopt;
            }
            word |= static_cast<std::uint32_t>(digits.value) << (24 - 8 * part);
            ++i;
            continue;
        }
        const bool ends_here = i == text.size() || is_space(text[i]);
        if (!ends_here || digits.value > largest_last[part]) {
            return std::nullopt;
        }
        return Address::v4(word | static_cast<std::uint32_t>(digits.value));
    }
    return std::nullopt;
}

}  // namespace lvslab::config
