// SPDX-License-Identifier: GPL-2.0-only
/// All events of a run, from sources that tell them each in its own order, as one journal.
#pragma once

#include <cstdint>
#include <vector>

#include "core/journal/event.hpp"

namespace lvslab::lab {

/// Who tells: at one time the lower number comes first.
using Source = std::uint32_t;

/// Keeps what is told until the run is over: a daemon that is stopped (SIGSTOP) between looking at
/// the clock and telling says late what happened long ago. Memory grows with the run's events.
class EventBook {
public:
    void take(Source source, journal::Event event);
    /// Whoever wants to hear events as they come in, late ones late; null = nobody.
    void also_to(journal::Sink* sink) { listener_ = sink; }

    /// Hands all events from 0 to `end` on in the order of (time, source, as told).
    void hand_on(Time end, journal::Sink& sink);
    std::size_t size() const { return entries_.size(); }

private:
    struct Entry {
        Source source;
        journal::Event event;
    };
    std::vector<Entry> entries_;
    journal::Sink* listener_ = nullptr;
};

/// One source of a book.
class BookSource final : public journal::Sink {
public:
    BookSource(EventBook& book, Source source) : book_(book), source_(source) {}
    void take(const journal::Event& event) override { book_.take(source_, event); }

private:
    EventBook& book_;
    Source source_;
};

}  // namespace lvslab::lab
