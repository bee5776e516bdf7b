// SPDX-License-Identifier: GPL-2.0-only
/// Reads a journal event by event, whatever its length, and never trusts it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "core/journal/event.hpp"

namespace lvslab::journal {

/// Puts the next bytes into the buffer and returns how many; 0 = no more.
using ByteSource = std::function<std::size_t(char* buffer, std::size_t capacity)>;

/// What is wrong with a journal, and at which byte of it (from 0).
struct ReadError {
    std::uint64_t offset = 0;
    std::string message;

    /// "FILE: byte 1234: message"
    std::string to_string(const std::string& file) const;
};

/// Events that it hands out are sound: indices are within RunStarted's lists, enumerations have a
/// name, times do not run back. Damage that still reads as events is found by the fingerprint at
/// the end.
class Reader {
public:
    explicit Reader(ByteSource source);
    ~Reader();
    Reader(Reader&&) noexcept;

    /// The next event; nothing after the last, or when the journal is damaged (see error()).
    std::optional<Event> next();
    /// Why next() gave nothing; unset = the journal ended as it should.
    const std::optional<ReadError>& error() const;

    /// The run's first event; valid once next() has returned it.
    const RunStarted& run() const;
    /// What the writer kept; valid after the first next().
    Level level() const;
    /// The run's fingerprint; valid after the last event of a journal without error.
    std::uint64_t fingerprint() const;

private:
    class Decoder;
    std::unique_ptr<Decoder> decoder_;
};

}  // namespace lvslab::journal
