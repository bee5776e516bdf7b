// SPDX-License-Identifier: GPL-2.0-only
#include "core/ipvs/timer_wheel.hpp"

#include <algorithm>
#include <bit>
#include <functional>

namespace lvslab::ipvs {
namespace {

constexpr std::uint64_t no_tick = ~std::uint64_t{0};
/// How far ahead of their turn entries are asked for from memory, and the buckets they are in.
constexpr std::uint32_t entries_ahead = 12;
constexpr std::uint32_t buckets_ahead = 6;

}  // namespace

void AlarmChunks::allocate() {
    blocks_.push_back(std::make_unique_for_overwrite<AlarmChunk[]>(block));
    for (std::size_t i = block; i-- > 0;) {
        give_back(&blocks_.back()[i]);
    }
}

std::size_t TimerWheel::bytes() const {
    return chunks_.bytes() + due_.capacity() * sizeof(Alarm);
}

/// The lowest level that reaches it. What even the highest one does not reach is looked at when
/// that one comes round.
std::uint64_t TimerWheel::slot_for(Time at) const {
    const auto last = tick_ | ((std::uint64_t{1} << (slot_bits * levels)) - 1);
    const auto tick = std::min(tick_of(at), last);
    const auto differing = static_cast<unsigned>(std::bit_width(tick ^ tick_));
    const auto level = std::min((std::max(differing, 1U) - 1) / slot_bits, levels - 1);
    return level * slots + ((tick >> (slot_bits * level)) % slots);
}

void TimerWheel::put(std::uint64_t slot, const Alarm& alarm) {
    auto*& head = heads_[slot];
    if (head == nullptr || head->size == AlarmChunk::room) {
        head = chunks_.take(head);
        occupied_[slot / 64] |= std::uint64_t{1} << (slot % 64);
    }
    head->alarms[head->size++] = alarm;
}

void TimerWheel::insert(ConnectionId id, std::size_t queue) {
    auto& c = table_[id];
    c.alarmed = 1;
    ++hanging_;
    hang(c.alarm, id, queue);
}

void TimerWheel::move(ConnectionId id, Time at, std::size_t queue) {
    remove(id);
    table_[id].alarm = at;
    insert(id, queue);
}

void TimerWheel::hang(Time at, ConnectionId id, std::size_t queue) {
    auto& q = queues_[queue];
    if (!q.takes(at, id)) {
        insert_into_wheel(at, id);
        return;
    }
    const bool first = q.empty();
    table_[id].queued = q.push(at, id, chunks_);
    if (first) {
        first_came(queue);
    } else {
        shed(queue);
    }
}

void TimerWheel::first_came(std::size_t queue) {
    waiting_ |= 1U << queue;
    find_next_queue();
    find_next();
}

/// Alarms that were taken off go from the front of a queue as others come to its end.
void TimerWheel::shed(std::size_t queue) {
    auto& q = queues_[queue];
    if (q.front().off == 0) {
        return;
    }
    for (unsigned most = 2; most > 0 && q.front().off != 0; --most) {  // the last one is not
        q.pop(chunks_);
        removed_ -= removed_ > 0 ? 1 : 0;
    }
    if (queue == next_queue_) {
        find_next_queue();
        find_next();
    }
}

void TimerWheel::insert_into_wheel(Time at, ConnectionId id) {
    const Alarm alarm{at, id};
    if (tick_of(alarm.at) <= tick_) {
        due_.insert(std::upper_bound(due_.begin(), due_.end(), alarm, std::greater<>{}), alarm);
        next_in_wheel_ = std::min(next_in_wheel_, alarm.at);
    } else {
        const auto slot = slot_for(alarm.at);
        put(slot, alarm);
        const auto unit = slot_bits * static_cast<unsigned>(slot / slots);
        next_in_wheel_ = std::min(next_in_wheel_, start_of(tick_of(alarm.at) >> unit << unit));
    }
    find_next();
}

void TimerWheel::remove(ConnectionId id) {
    auto& c = table_[id];
    if (c.alarmed == 0) {
        return;
    }
    c.alarmed = 0;
    --hanging_;
    if (c.queued != nullptr) {
        c.queued->off = 1;
        c.queued = nullptr;
    }
    if (++removed_ > hanging_ + 1024) {
        drop_removed();
    }
}

/// Leaves only alarms that will ring.
void TimerWheel::drop_removed() {
    waiting_ = 0;
    for (std::size_t q = 0; q < queues; ++q) {
        AlarmQueue left;
        for (auto& queue = queues_[q]; !queue.empty(); queue.pop(chunks_)) {
            if (const auto& alarm = queue.front(); alarm.off == 0) {
                table_[alarm.id].queued = left.push(alarm.at, alarm.id, chunks_);
                waiting_ |= 1U << q;
            }
        }
        queues_[q] = left;
    }
    find_next_queue();
    drop_removed_from_wheel();
    removed_ = 0;
}

void TimerWheel::drop_removed_from_wheel() {
    std::erase_if(due_, [this](const Alarm& alarm) { return !rings(alarm); });
    for (std::uint64_t slot = 0; slot < heads_.size(); ++slot) {
        auto* chunk = heads_[slot];
        heads_[slot] = nullptr;
        occupied_[slot / 64] &= ~(std::uint64_t{1} << (slot % 64));
        while (chunk != nullptr) {
            for (std::uint32_t i = 0; i < chunk->size; ++i) {
                if (rings(chunk->alarms[i])) {
                    put(slot, chunk->alarms[i]);
                }
            }
            auto* const done = chunk;
            chunk = chunk->next;
            chunks_.give_back(done);
        }
    }
}

void TimerWheel::take_slot(unsigned level) {
    const auto slot = level * slots + ((tick_ >> (slot_bits * level)) % slots);
    auto* chunk = heads_[slot];
    heads_[slot] = nullptr;
    occupied_[slot / 64] &= ~(std::uint64_t{1} << (slot % 64));
    while (chunk != nullptr) {
        for (std::uint32_t i = 0; i < chunk->size; ++i) {
            const auto& alarm = chunk->alarms[i];
            if (tick_of(alarm.at) <= tick_) {
                due_.push_back(alarm);
            } else {
                put(slot_for(alarm.at), alarm);
            }
        }
        auto* const done = chunk;
        chunk = chunk->next;
        chunks_.give_back(done);
    }
}

std::uint64_t TimerWheel::next_tick() const {
    for (unsigned level = 0; level < levels; ++level) {
        const auto here = (tick_ >> (slot_bits * level)) % slots;
        for (auto slot = here + 1; slot < slots;) {
            const auto index = level * slots + slot;
            const auto word = occupied_[index / 64] >> (index % 64);
            if (word != 0) {
                slot += static_cast<std::uint64_t>(std::countr_zero(word));
                return ((tick_ >> (slot_bits * level)) - here + slot) << (slot_bits * level);
            }
            slot += 64 - index % 64;
        }
    }
    return no_tick;
}

void TimerWheel::step_to(std::uint64_t tick) {
    const auto before = tick_;
    tick_ = tick;
    for (unsigned level = levels; level-- > 0;) {
        if (before >> (slot_bits * level) != tick >> (slot_bits * level)) {
            take_slot(level);
        }
    }
    std::sort(due_.begin(), due_.end(), std::greater<>{});
    for (auto i = due_.size() - std::min<std::size_t>(due_.size(), entries_ahead); i < due_.size();
         ++i) {
        table_.prefetch(due_[i].id);
    }
}

/// Until something is due by `now`, or nothing can be.
void TimerWheel::turn_to(Time now) {
    const auto last = tick_of(now);
    while (next_in_wheel_ <= now && (due_.empty() || due_.back().at > now) && tick_ < last) {
        // Nothing hangs between here and the next tick, on any level.
        step_to(std::min(next_tick(), last));
        find_next_in_wheel();
    }
}

void TimerWheel::find_next_in_wheel() {
    if (!due_.empty()) {
        next_in_wheel_ = due_.back().at;
        return;
    }
    const auto tick = next_tick();
    next_in_wheel_ = tick == no_tick ? never : start_of(tick);
}

void TimerWheel::find_next_queue() {
    first_queued_ = {never, no_connection};
    for (auto rest = waiting_; rest != 0; rest &= rest - 1) {
        const auto q = static_cast<std::size_t>(std::countr_zero(rest));
        if (const auto& front = queues_[q].front(); first_queued_ > front) {
            first_queued_ = front;
            next_queue_ = q;
        }
    }
}

/// The entries that ring soon are on their way from memory when their turn comes.
Alarm TimerWheel::take_from_wheel() {
    const auto last = due_.size() - 1;
    if (last >= entries_ahead) {
        table_.prefetch(due_[last - entries_ahead].id);
    }
    if (last > 0 && table_.is_far()) {
        upcoming_ = due_[last - std::min<std::size_t>(last, buckets_ahead)].id;
        table_.prefetch_bucket(upcoming_);
    }
    const auto due = due_.back();
    due_.pop_back();
    find_next_in_wheel();
    return due;
}

void TimerWheel::fetch_ahead(const AlarmQueue& queue) {
    if (const auto* alarm = queue.ahead(entries_ahead)) {
        table_.prefetch(alarm->id);
    }
    if (const auto* alarm = queue.ahead(buckets_ahead)) {
        upcoming_ = alarm->id;
        table_.prefetch_bucket(upcoming_);
    }
}

Alarm TimerWheel::take_from_queue() {
    auto& queue = queues_[next_queue_];
    if (table_.is_far()) {
        fetch_ahead(queue);
    }
    const auto due = queue.front();
    queue.pop(chunks_);
    if (queue.empty()) {
        waiting_ &= ~(1U << next_queue_);
    }
    find_next_queue();
    return due;
}

ConnectionId TimerWheel::pop(Time now) {
    while (true) {
        if (next_in_wheel_ <= std::min(first_queued_.at, now)) {
            turn_to(std::min(first_queued_.at, now));
        }
        const bool from_wheel =
            !due_.empty() && due_.back().at <= now && first_queued_ > due_.back();
        if (!from_wheel && first_queued_.at > now) {
            find_next();
            return no_connection;
        }
        const auto due = from_wheel ? take_from_wheel() : take_from_queue();
        if (from_wheel ? rings(due) : due.off == 0) {
            auto& c = table_[due.id];
            if (from_wheel && c.queued != nullptr) {
                c.queued->off = 1;  // of the same time, and this one came before it
            }
            c.queued = nullptr;
            c.alarmed = 0;
            --hanging_;
            find_next();
            return due.id;
        }
        removed_ -= removed_ > 0 ? 1 : 0;
    }
}

}  // namespace lvslab::ipvs
