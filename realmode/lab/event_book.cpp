// SPDX-License-Identifier: GPL-2.0-only
#include "realmode/lab/event_book.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

namespace lvslab::lab {

void EventBook::take(Source source, journal::Event event) {
    entries_.push_back({source, std::move(event)});
    if (listener_ != nullptr) {
        // A copy: what it does may tell of more.
        const auto told = entries_.back().event;
        listener_->take(told);
    }
}

void EventBook::hand_on(Time end, journal::Sink& sink) {
    std::stable_sort(entries_.begin(), entries_.end(), [](const Entry& a, const Entry& b) {
        return std::tie(a.event.time, a.source) < std::tie(b.event.time, b.source);
    });
    for (const auto& entry : entries_) {
        if (entry.event.time >= Time{} && entry.event.time <= end) {
            sink.take(entry.event);
        }
    }
}

}  // namespace lvslab::lab
