// SPDX-License-Identifier: GPL-2.0-only
/// The words of a heartbeat: what one router tells the other, as bytes of a datagram.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>

namespace lvslab::pulse {

/// What a router says of itself (Piranha, pulse.c: HEARTBEAT_RUNNING_MAGIC and
/// HEARTBEAT_STOPPED_MAGIC).
enum class Word : std::uint32_t {
    running = 0xbdaddbda,  ///< I am active: I hold the floating addresses
    stopped = 0xadbddabd,  ///< I am there, and inactive
};
std::string_view to_string(Word word);

/// The payload of one UDP datagram. Piranha sends the word in the byte order of its machine; lvslab
/// sends it little-endian always, as the machines of its time did: da db ad bd is "running".
using WireWord = std::array<std::uint8_t, 4>;
WireWord encode(Word word);

/// Why a datagram is no word of ours.
enum class Refusal {
    wrong_length,  ///< not four bytes
    fos,           ///< a word of Piranha's failover services (service = fos), which lvslab has not
    unknown,       ///< four bytes without a meaning
};

/// A datagram that is put aside, with what was found in it.
struct RefusedWord {
    Refusal why = Refusal::unknown;
    std::size_t length = 0;   ///< bytes of the datagram
    std::uint32_t value = 0;  ///< the four bytes, read little-endian; 0 if the length is wrong

    /// One sentence: what was found and what was expected.
    std::string to_string() const;
    friend bool operator==(const RefusedWord&, const RefusedWord&) = default;
};

using ReadWord = std::variant<Word, RefusedWord>;

/// Reads a datagram's payload; anything but the four bytes of a Word is refused.
ReadWord decode(std::span<const std::uint8_t> payload);

}  // namespace lvslab::pulse
