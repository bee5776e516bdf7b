// SPDX-License-Identifier: GPL-2.0-only
/// Alarms of the connection table's entries in chunks, and queues of those whose times come in
/// order.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "core/base/prefetch.hpp"
#include "core/ipvs/connection.hpp"

namespace lvslab::ipvs {

/// When an entry is to be looked at. By time, equal ones by the entry's number.
struct Alarm {
    Time at;
    ConnectionId id;
    std::uint32_t off = 0;  ///< not zero: taken off where it stands, nobody is to be looked at
    friend bool operator>(const Alarm& a, const Alarm& b) {
        return a.at != b.at ? a.at > b.at : a.id > b.id;
    }
};
static_assert(sizeof(Alarm) == 16);

/// Four cache lines of alarms.
struct alignas(64) AlarmChunk {
    static constexpr std::uint32_t room = 15;
    AlarmChunk* next;
    std::uint32_t size;
    std::array<Alarm, room> alarms;
};

/// Chunks that are used again and again.
class AlarmChunks {
public:
    /// An empty one, before `next`.
    AlarmChunk* take(AlarmChunk* next) {
        if (free_ == nullptr) {
            allocate();
        }
        auto* chunk = free_;
        free_ = chunk->next;
        chunk->next = next;
        chunk->size = 0;
        return chunk;
    }
    void give_back(AlarmChunk* chunk) {
        chunk->next = free_;
        free_ = chunk;
    }
    std::size_t bytes() const { return blocks_.size() * block * sizeof(AlarmChunk); }

private:
    static constexpr std::size_t block = 64;  ///< chunks that are allocated together
    void allocate();

    std::vector<std::unique_ptr<AlarmChunk[]>> blocks_;
    AlarmChunk* free_ = nullptr;
};

/// Alarms that came in the order in which they are due, as those of one timeout do: first in,
/// first out.
class AlarmQueue {
public:
    bool empty() const { return first_ == nullptr; }
    const Alarm& front() const { return first_->alarms[taken_]; }
    /// It comes after all that are here.
    bool takes(Time at, ConnectionId id) const {
        return empty() || Alarm{at, id} > last_->alarms[last_->size - 1];
    }
    /// Where it stands until it is popped.
    Alarm* push(Time at, ConnectionId id, AlarmChunks& chunks) {
        if (empty()) {
            first_ = last_ = chunks.take(nullptr);
            taken_ = 0;
        } else if (last_->size == AlarmChunk::room) {
            last_->next = chunks.take(nullptr);
            last_ = last_->next;
        }
        // Filled in where it stands: a copy would wait for its last stores.
        auto& place = last_->alarms[last_->size++];
        place.at = at;
        place.id = id;
        place.off = 0;
        return &place;
    }
    void pop(AlarmChunks& chunks) {
        if (++taken_ < first_->size) {
            return;
        }
        auto* const done = first_;
        first_ = done->next;
        taken_ = 0;
        chunks.give_back(done);
        if (first_ != nullptr && first_->next != nullptr) {
            for (std::uint32_t i = 0; i < AlarmChunk::room; i += 4) {  // a line each
                prefetch(&first_->next->alarms[i]);
            }
        }
    }
    /// The alarm that is `n` (at most a chunk's) after the front, or nullptr.
    const Alarm* ahead(std::uint32_t n) const {
        const auto at = taken_ + n;
        if (at < first_->size) {
            return &first_->alarms[at];
        }
        const auto* next = first_->next;
        return next != nullptr && at - first_->size < next->size ? &next->alarms[at - first_->size]
                                                                 : nullptr;
    }

private:
    AlarmChunk* first_ = nullptr;
    AlarmChunk* last_ = nullptr;
    std::uint32_t taken_ = 0;  ///< of the first chunk
};

}  // namespace lvslab::ipvs
