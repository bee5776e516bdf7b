// SPDX-License-Identifier: GPL-2.0-only
/// Numbers of the journal's file format that writer and reader share (docs/journal.md).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>
#include <vector>

#include "core/journal/event.hpp"

namespace lvslab::journal::format {

inline constexpr std::string_view magic{"LVSJ", 4};
inline constexpr std::uint8_t version = 2;
/// In the place of an event kind's number: the end mark.
inline constexpr std::uint8_t end_mark = 0;
/// Addresses and strings are written once and then named by a slot; the oldest slot is reused, so
/// that neither side's memory grows with the run.
inline constexpr std::size_t slots = 4096;
/// Longer strings and lists are refused by both sides.
inline constexpr std::size_t longest_string = 65536;
inline constexpr std::size_t longest_list = 1U << 20U;
inline constexpr std::size_t block = 65536;

constexpr std::uint64_t zigzag(std::int64_t value) {
    return (static_cast<std::uint64_t>(value) << 1U) ^ static_cast<std::uint64_t>(value >> 63);
}
constexpr std::int64_t unzigzag(std::uint64_t value) {
    return static_cast<std::int64_t>(value >> 1U) ^ -static_cast<std::int64_t>(value & 1U);
}

template <class T>
struct is_list : std::false_type {};
template <class T>
struct is_list<std::vector<T>> : std::true_type {};

}  // namespace lvslab::journal::format
