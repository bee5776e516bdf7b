// SPDX-License-Identifier: GPL-2.0-only
/// Writes a journal as it happens. The format is told in docs/journal.md.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

#include "core/journal/event.hpp"

namespace lvslab::journal {

/// Takes the next bytes of a journal. Whoever owns the file notices its errors.
using ByteSink = std::function<void(std::string_view)>;

/// Keeps the events of a level, in bounded memory: bytes go to the sink in blocks of about 64 KiB.
class Writer : public Sink {
public:
    /// Writes the header. `level` says which events are kept (Description<>::level).
    explicit Writer(ByteSink sink, Level level = Level::all);
    /// Hands on what is buffered; without finish() the journal reads as cut off, which it is.
    ~Writer() override;

    /// Events come in order of time, a RunStarted first; throws std::invalid_argument otherwise.
    void take(const Event& event) override;
    /// Hands what is buffered to the sink.
    void flush();
    /// Writes the end mark; returns the fingerprint. Nothing may follow.
    std::uint64_t finish();
    /// Hash of all bytes so far; after finish(), the run's fingerprint.
    std::uint64_t fingerprint() const;

private:
    class Encoder;
    std::unique_ptr<Encoder> encoder_;
};

}  // namespace lvslab::journal
