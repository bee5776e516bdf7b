// SPDX-License-Identifier: GPL-2.0-only
/// What is to happen, by time: small plain events in a heap of four.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/base/time.hpp"

namespace lvslab::flow_world {

/// Events of one time come out in the order in which they went in. `What` is a number that the
/// owner gives a meaning. 16 bytes an event: a node's four children are one cache line's worth.
class EventQueue {
public:
    using What = std::uint32_t;
    struct Event {
        Time at;
        std::uint32_t order;
        What what;
    };
    static_assert(sizeof(Event) == 16);

    bool empty() const { return heap_.empty(); }
    std::size_t size() const { return heap_.size(); }
    /// The earliest; not if it is empty.
    const Event& top() const { return heap_.front(); }
    /// When the earliest comes, or `never`.
    Time next() const { return heap_.empty() ? never : heap_.front().at; }

    void push(Time at, What what) {
        heap_.push_back({at, order_++, what});
        rise(heap_.size() - 1);
    }
    void pop() {
        const Event last = heap_.back();
        heap_.pop_back();
        if (!heap_.empty()) {
            sink(last);
        }
    }

private:
    /// The order wraps; events of one time are never 2^31 events apart.
    static bool before(const Event& a, const Event& b) {
        return a.at != b.at ? a.at < b.at : static_cast<std::int32_t>(a.order - b.order) < 0;
    }

    void rise(std::size_t i) {
        const Event event = heap_[i];
        while (i > 0) {
            const std::size_t parent = (i - 1) / 4;
            if (!before(event, heap_[parent])) {
                break;
            }
            heap_[i] = heap_[parent];
            i = parent;
        }
        heap_[i] = event;
    }

    /// Puts the event in the root's place and lets it sink.
    void sink(const Event event) {
        const std::size_t size = heap_.size();
        std::size_t i = 0;
        for (std::size_t child = 1; child < size; child = 4 * i + 1) {
            const std::size_t end = child + 4 < size ? child + 4 : size;
            std::size_t least = child;
            for (std::size_t c = child + 1; c < end; ++c) {
                least = before(heap_[c], heap_[least]) ? c : least;
            }
            if (!before(heap_[least], event)) {
                break;
            }
            heap_[i] = heap_[least];
            i = least;
        }
        heap_[i] = event;
    }

    std::vector<Event> heap_;
    std::uint32_t order_ = 0;
};

}  // namespace lvslab::flow_world
