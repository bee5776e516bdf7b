// SPDX-License-Identifier: GPL-2.0-only
/// When the entries of the connection table are to be looked at.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

#include "core/ipvs/connection.hpp"

namespace lvslab::ipvs {

/// Alarms of connections in a wheel of 4 x 256 slots of 2^24 ns (16.8 ms): O(1) to set and to
/// move. Alarms come out in the order of their times, equal ones in the order of entries.
/// The slots hold times and numbers of entries, not the entries: none is touched before its alarm.
/// An alarm that was taken off stays where it is until its time, or until half of all are such.
class TimerWheel {
public:
    explicit TimerWheel(ConnectionTable& table) : table_(table) {}

    /// Hangs the entry at its `alarm`. It must not hang anywhere.
    void insert(ConnectionId id);
    /// Takes the entry off; does nothing if it hangs nowhere.
    void remove(ConnectionId id);
    /// Takes off the entry with the earliest alarm at or before `now`, or gives no_connection.
    ConnectionId pop(Time now);
    /// A time before which pop() gives nothing, and at which it gives something or comes nearer.
    Time next() const { return next_; }
    std::size_t bytes() const;

private:
    static constexpr unsigned tick_bits = 24;
    static constexpr unsigned slot_bits = 8;
    static constexpr unsigned levels = 4;
    static constexpr std::uint64_t slots = 1U << slot_bits;

    struct Alarm {
        Time at;
        ConnectionId id;
        friend bool operator>(const Alarm& a, const Alarm& b) {
            return a.at != b.at ? a.at > b.at : a.id > b.id;
        }
    };
    /// A part of a slot's alarms.
    struct Chunk {
        static constexpr std::uint32_t room = 15;
        Chunk* next;
        std::uint32_t size;
        std::array<Alarm, room> alarms;
    };
    static constexpr std::size_t block = 64;  ///< chunks that are allocated together

    static std::uint64_t tick_of(Time t) {
        const auto ns = t.time_since_epoch().count();
        return ns <= 0 ? 0 : static_cast<std::uint64_t>(ns) >> tick_bits;
    }
    static Time start_of(std::uint64_t tick) {
        return Time(Duration(static_cast<Duration::rep>(tick << tick_bits)));
    }
    bool rings(const Alarm& alarm) const {
        const auto& c = table_[alarm.id];
        return c.in_use != 0 && c.alarmed != 0 && c.alarm == alarm.at;
    }
    /// The slot for a time after the current tick.
    std::uint64_t slot_for(Time at) const;
    void put(std::uint64_t slot, const Alarm& alarm);
    Chunk* new_chunk();
    void take_slot(unsigned level);
    /// The next tick after `tick_` at which a slot has to be taken, or none.
    std::uint64_t next_tick() const;
    void step_to(std::uint64_t tick);
    void find_next();
    void fetch_ahead() const;
    void drop_removed();

    ConnectionTable& table_;
    std::array<Chunk*, levels * slots> heads_{};
    std::array<std::uint64_t, levels * slots / 64> occupied_{};
    std::vector<std::unique_ptr<Chunk[]>> blocks_;
    Chunk* free_ = nullptr;
    std::vector<Alarm> due_;   ///< everything up to the end of `tick_`, the earliest at the back
    std::size_t hanging_ = 0;  ///< entries that have an alarm
    std::size_t removed_ = 0;  ///< alarms whose entry was taken off
    std::uint64_t tick_ = 0;   ///< whose alarms are in due_
    Time next_ = never;
};

}  // namespace lvslab::ipvs
