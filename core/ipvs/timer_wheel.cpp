// SPDX-License-Identifier: GPL-2.0-only
#include <algorithm>
#include <bit>

#include "core/ipvs/connection.hpp"

namespace lvslab::ipvs {
namespace {

constexpr std::uint64_t no_tick = ~std::uint64_t{0};

}  // namespace

void TimerWheel::push_due(ConnectionId id) {
    pool_[id].timer_slot = in_due;
    due_.push_back({pool_[id].alarm, id});
    std::push_heap(due_.begin(), due_.end(), std::greater<>{});
}

void TimerWheel::hang(ConnectionId id) {
    auto& c = pool_[id];
    // What even the highest level does not reach is looked at when that one comes round.
    const auto last = tick_ | ((std::uint64_t{1} << (slot_bits * levels)) - 1);
    const auto tick = std::min(tick_of(c.alarm), last);
    if (tick <= tick_) {
        push_due(id);
        return;
    }
    // The lowest level that reaches it.
    unsigned level = 0;
    while (level + 1 < levels &&
           (tick >> (slot_bits * (level + 1))) != (tick_ >> (slot_bits * (level + 1)))) {
        ++level;
    }
    const auto slot = level * slots + ((tick >> (slot_bits * level)) % slots);
    c.timer_slot = static_cast<std::uint16_t>(slot);
    c.timer_previous = no_connection;
    c.timer_next = heads_[slot];
    if (c.timer_next != no_connection) {
        pool_[c.timer_next].timer_previous = id;
    }
    heads_[slot] = id;
    occupied_[slot / 64] |= std::uint64_t{1} << (slot % 64);
}

void TimerWheel::insert(ConnectionId id) {
    hang(id);
    const auto& c = pool_[id];
    if (c.timer_slot == in_due) {
        next_ = std::min(next_, c.alarm);
        return;
    }
    const auto level = c.timer_slot / slots;
    const auto tick = tick_of(c.alarm) >> (slot_bits * level) << (slot_bits * level);
    next_ = std::min(next_, start_of(tick));
}

void TimerWheel::remove(ConnectionId id) {
    auto& c = pool_[id];
    const auto slot = c.timer_slot;
    c.timer_slot = hangs_nowhere;
    if (slot == hangs_nowhere || slot == in_due) {
        return;  // its place among the due ones is passed over by pop()
    }
    if (c.timer_next != no_connection) {
        pool_[c.timer_next].timer_previous = c.timer_previous;
    }
    if (c.timer_previous != no_connection) {
        pool_[c.timer_previous].timer_next = c.timer_next;
        return;
    }
    heads_[slot] = c.timer_next;
    if (c.timer_next == no_connection) {
        occupied_[slot / 64] &= ~(std::uint64_t{1} << (slot % 64));
    }
}

void TimerWheel::take_slot(unsigned level) {
    const auto slot = level * slots + ((tick_ >> (slot_bits * level)) % slots);
    auto id = heads_[slot];
    heads_[slot] = no_connection;
    occupied_[slot / 64] &= ~(std::uint64_t{1} << (slot % 64));
    while (id != no_connection) {
        const auto next = pool_[id].timer_next;
        hang(id);
        id = next;
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
}

void TimerWheel::find_next() {
    if (!due_.empty()) {
        next_ = due_.front().alarm;
        return;
    }
    const auto tick = next_tick();
    next_ = tick == no_tick ? never : start_of(tick);
}

ConnectionId TimerWheel::pop(Time now) {
    const auto last = tick_of(now);
    while (true) {
        while (!due_.empty() && due_.front().alarm <= now) {
            const auto due = due_.front();
            std::pop_heap(due_.begin(), due_.end(), std::greater<>{});
            due_.pop_back();
            auto& c = pool_[due.id];
            if (c.in_use != 0 && c.timer_slot == in_due && c.alarm == due.alarm) {
                c.timer_slot = hangs_nowhere;
                find_next();
                return due.id;
            }
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
