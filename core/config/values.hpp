// SPDX-License-Identifier: GPL-2.0-only
/// How the C library that Piranha leans on reads numbers and addresses.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "core/base/address.hpp"

namespace lvslab::config {

/// A number as Piranha keeps it: strtol's long, cut to an int.
struct Integer {
    std::int32_t value = 0;
    bool as_written = true;  ///< false: the text names another number, that an int cannot hold
    bool octal = false;      ///< read with base 8: a leading 0 and more digits
};

/// strtol(text, &end, 0) that must end where the text ends (getNum in lvsconfig.c): leading white
/// space, a sign, 0x and a leading 0 are understood; the empty text is 0.
std::optional<Integer> read_integer(std::string_view text);

/// inet_aton(3) of glibc: one to four parts, each decimal, octal or hexadecimal, the last one
/// filling what is left; whatever follows white space is not looked at.
std::optional<Address> read_dotted(std::string_view text);

}  // namespace lvslab::config
