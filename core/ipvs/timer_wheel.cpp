// SPDX-License-Identifier: GPL-2.0-only
#include "core/ipvs/timer_wheel.hpp"

#include <algorithm>
#include <bit>
#include <functional>

namespace lvslab::ipvs {
namespace {

constexpr std::uint64_t no_tick = ~std::uint64_t{0};
/// How far ahead of their turn entries are asked for from memory, and the slots they are found by.
constexpr std::size_t entries_ahead = 12;
constexpr std::size_t slots_ahead = 6;

}  // namespace

TimerWheel::Chunk* TimerWheel::new_chunk() {
    if (free_ == nullptr) {
        blocks_.push_back(std::make_unique_for_overwrite<Chunk[]>(block));
        for (std::size_t i = block; i-- > 0;) {
            blocks_.back()[i].next = free_;
            free_ = &blocks_.back()[i];
        }
    }
    auto* chunk = free_;
    free_ = chunk->next;
    return chunk;
}

std::size_t TimerWheel::bytes() const {
    return blocks_.size() * block * sizeof(Chunk) + due_.capacity() * sizeof(Alarm);
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
    if (head == nullptr || head->size == Chunk::room) {
        auto* chunk = new_chunk();
        chunk->next = head;
        chunk->size = 0;
        head = chunk;
        occupied_[slot / 64] |= std::uint64_t{1} << (slot % 64);
    }
    head->alarms[head->size++] = alarm;
}

void TimerWheel::insert(ConnectionId id) {
    auto& c = table_[id];
    c.alarmed = 1;
    ++hanging_;
    const Alarm alarm{c.alarm, id};
    if (tick_of(alarm.at) <= tick_) {
        due_.insert(std::upper_bound(due_.begin(), due_.end(), alarm, std::greater<>{}), alarm);
        next_ = std::min(next_, alarm.at);
        return;
    }
    const auto slot = slot_for(alarm.at);
    put(slot, alarm);
    const auto unit = slot_bits * static_cast<unsigned>(slot / slots);
    next_ = std::min(next_, start_of(tick_of(alarm.at) >> unit << unit));
}

void TimerWheel::remove(ConnectionId id) {
    auto& c = table_[id];
    if (c.alarmed == 0) {
        return;
    }
    c.alarmed = 0;
    --hanging_;
    if (++removed_ > hanging_ + 1024) {
        drop_removed();
    }
}

/// Leaves only alarms that will ring.
void TimerWheel::drop_removed() {
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
            done->next = free_;
            free_ = done;
        }
    }
    removed_ = 0;
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
        done->next = free_;
        free_ = done;
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
    for (auto i = due_.size() - std::min(due_.size(), entries_ahead); i < due_.size(); ++i) {
        table_.prefetch(due_[i].id);
    }
}

void TimerWheel::find_next() {
    if (!due_.empty()) {
        next_ = due_.back().at;
        return;
    }
    const auto tick = next_tick();
    next_ = tick == no_tick ? never : start_of(tick);
}

/// The entries that ring soon are on their way from memory when their turn comes.
void TimerWheel::fetch_ahead() const {
    const auto last = due_.size() - 1;
    if (last >= entries_ahead) {
        table_.prefetch(due_[last - entries_ahead].id);
    }
    if (last > 0) {
        table_.prefetch_slot(due_[last - std::min(last, slots_ahead)].id);
    }
}

ConnectionId TimerWheel::pop(Time now) {
    const auto last = tick_of(now);
    while (true) {
        while (!due_.empty() && due_.back().at <= now) {
            fetch_ahead();
            const auto due = due_.back();
            due_.pop_back();
            if (rings(due)) {
                table_[due.id].alarmed = 0;
                --hanging_;
                find_next();
                return due.id;
            }
            removed_ -= removed_ > 0 ? 1 : 0;
        }
        if (tick_ >= last) {
            break;
        }
        const auto tick = next_tick();
        if (tick > last) {
            // Nothing hangs between here and `last`, on any level.
            step_to(last);
            break;
        }
        step_to(tick);
    }
    find_next();
    return no_connection;
}

}  // namespace lvslab::ipvs
