// SPDX-License-Identifier: GPL-2.0-only
#include "core/pulse/words.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace lvslab::pulse {
namespace {

/// Piranha, pulse.c: FOS_HEARTBEAT_{RUNNING,STOPPED,STOPME}_MAGIC and the two words that its shared
/// storage uses, HEARTBEAT_{HOLD,HELD}_MAGIC.
constexpr std::array<std::pair<std::uint32_t, std::string_view>, 5> fos_words{{
    {0xbeefbabe, "running"},
    {0xdeadbeef, "stopped"},
    {0xdeaddada, "stop me"},
    {0xdeafbabe, "hold"},
    {0xdeafdada, "held"},
}};

const auto* find_fos(std::uint32_t value) {
    return std::ranges::find(fos_words, value, &std::pair<std::uint32_t, std::string_view>::first);
}

}  // namespace

std::string_view to_string(Word word) {
    return word == Word::running ? "running" : "stopped";
}

WireWord encode(Word word) {
    const auto value = static_cast<std::uint32_t>(word);
    WireWord bytes{};
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        bytes[i] = static_cast<std::uint8_t>(value >> (8 * i));
    }
    return bytes;
}

ReadWord decode(std::span<const std::uint8_t> payload) {
    if (payload.size() != WireWord{}.size()) {
        return RefusedWord{Refusal::wrong_length, payload.size(), 0};
    }
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < payload.size(); ++i) {
        value |= std::uint32_t{payload[i]} << (8 * i);
    }
    for (const auto word : {Word::running, Word::stopped}) {
        if (value == static_cast<std::uint32_t>(word)) {
            return word;
        }
    }
    const bool fos = find_fos(value) != fos_words.end();
    return RefusedWord{fos ? Refusal::fos : Refusal::unknown, payload.size(), value};
}

std::string RefusedWord::to_string() const {
    switch (why) {
        case Refusal::wrong_length:
            return fmt::format("heartbeat of {} bytes; a heartbeat has 4", length);
        case Refusal::fos:
            return fmt::format(
                "heartbeat 0x{:08x} is the word \"{}\" of failover services: the "
                "partner runs service = fos, this router runs lvs",
                value, find_fos(value)->second);
        case Refusal::unknown:
            break;
    }
    return fmt::format("heartbeat 0x{:08x}; expected 0xbdaddbda (running) or 0xadbddabd (stopped)",
                       value);
}

}  // namespace lvslab::pulse
