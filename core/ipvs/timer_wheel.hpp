// SPDX-License-Identifier: GPL-2.0-only
/// When the entries of the connection table are to be looked at.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "core/ipvs/alarm_queue.hpp"
#include "core/ipvs/connection.hpp"

namespace lvslab::ipvs {

/// Alarms of connections: queues of those that come in the order of their times, as the alarms of
/// one timeout do, and a wheel of 4 x 256 slots of 2^24 ns (16.8 ms) for all others. O(1) to set
/// and to move. Alarms come out in the order of their times, equal ones in the order of entries.
/// Both hold times and numbers of entries, not the entries: none is touched before its alarm.
/// An entry knows where its alarm stands in a queue, so that one that was taken off says so there.
/// An alarm that was taken off stays where it is until its time, until it is the first of its queue
/// as another one comes there, or until half of all are such.
class TimerWheel {
public:
    /// Any alarm may go to any queue: it goes on to the wheel if it does not come last there.
    static constexpr std::size_t queues = 16;

    explicit TimerWheel(ConnectionTable& table) : table_(table) {}

    /// Hangs the entry at its `alarm`. It must not hang anywhere. Alarms with the same timeout go
    /// to the same queue (number below `queues`).
    void insert(ConnectionId id, std::size_t queue);
    /// Hangs the entry at `at`, wherever it hangs now.
    void move(ConnectionId id, Time at, std::size_t queue);
    /// Takes the entry off; does nothing if it hangs nowhere.
    void remove(ConnectionId id);
    /// Takes off the entry with the earliest alarm at or before `now`, or gives no_connection.
    ConnectionId pop(Time now);
    /// Of a table that is far away (ConnectionTable::is_far): an entry whose turn comes in a while,
    /// and which has come from memory by now; or none.
    ConnectionId upcoming() const { return upcoming_; }
    /// A time before which pop() gives nothing, and at which it gives something or comes nearer.
    Time next() const { return next_; }
    std::size_t bytes() const;

private:
    static constexpr unsigned tick_bits = 24;
    static constexpr unsigned slot_bits = 8;
    static constexpr unsigned levels = 4;
    static constexpr std::uint64_t slots = 1U << slot_bits;

    static std::uint64_t tick_of(Time t) {
        const auto ns = t.time_since_epoch().count();
        return ns <= 0 ? 0 : static_cast<std::uint64_t>(ns) >> tick_bits;
    }
    static Time start_of(std::uint64_t tick) {
        return Time(Duration(static_cast<Duration::rep>(tick << tick_bits)));
    }
    /// One of the wheel's: it does not know that it was taken off. (A queue's does.)
    bool rings(const Alarm& alarm) const {
        const auto& c = table_[alarm.id];
        return c.in_use != 0 && c.alarmed != 0 && c.alarm == alarm.at;
    }
    void hang(Time at, ConnectionId id, std::size_t queue);
    void shed(std::size_t queue);
    void first_came(std::size_t queue);
    [[gnu::noinline]] void insert_into_wheel(Time at, ConnectionId id);
    /// The slot for a time after the current tick.
    std::uint64_t slot_for(Time at) const;
    void put(std::uint64_t slot, const Alarm& alarm);
    void take_slot(unsigned level);
    /// The next tick after `tick_` at which a slot has to be taken, or none.
    std::uint64_t next_tick() const;
    void step_to(std::uint64_t tick);
    [[gnu::noinline]] void turn_to(Time now);
    Alarm take_from_wheel();
    Alarm take_from_queue();
    void fetch_ahead(const AlarmQueue& queue);
    void find_next_in_wheel();
    void find_next_queue();
    void find_next() { next_ = std::min(next_in_wheel_, first_queued_.at); }
    [[gnu::noinline]] void drop_removed();
    void drop_removed_from_wheel();

    ConnectionTable& table_;
    AlarmChunks chunks_;
    std::array<AlarmQueue, queues> queues_;
    std::uint32_t waiting_ = 0;   ///< bit q: queue q is not empty
    std::size_t next_queue_ = 0;  ///< the one whose front is the earliest, if any waits
    Alarm first_queued_{never, no_connection};  ///< that front
    std::array<AlarmChunk*, levels * slots> heads_{};
    std::array<std::uint64_t, levels * slots / 64> occupied_{};
    std::vector<Alarm> due_;   ///< of the wheel, up to the end of `tick_`, the earliest at the back
    std::size_t hanging_ = 0;  ///< entries that have an alarm
    std::size_t removed_ = 0;  ///< alarms whose entry was taken off
    std::uint64_t tick_ = 0;   ///< whose alarms are in due_
    Time next_in_wheel_ = never;
    ConnectionId upcoming_ = no_connection;
    Time next_ = never;
};

}  // namespace lvslab::ipvs
