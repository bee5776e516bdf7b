// SPDX-License-Identifier: GPL-2.0-only
/// The flow world's clock: what is to happen, and the alarms of those who are seldom woken.
#pragma once

#include <cstdint>
#include <functional>
#include <utility>

#include "core/ports/timers.hpp"
#include "sim/flow/event_queue.hpp"
#include "sim/flow/slots.hpp"

namespace lvslab::flow_world {

/// Where an event is handled.
enum class Hop : std::uint8_t {
    alarm,        ///< of the world or of a node's daemons
    arrival,      ///< the plan's next connection
    at_director,  ///< a message of a connection, and so on
    at_server,
    reply_at_director,
    at_client,
    retry,  ///< the sender of a message that was lost sends it again
};

/// Virtual time. Events are plain; alarms carry a call. Implements the world's own timers, which no
/// machine holds up.
class Simulation final : public ports::Timers {
public:
    static constexpr unsigned hop_bits = 3, detail_bits = 4, number_bits = 25;
    static constexpr std::uint32_t most_numbers = 1U << number_bits;

    Time now() const override { return now_; }
    ports::TimerId at(Time when, std::function<void()> call) override;
    void cancel(ports::TimerId timer) override;
    void after(Duration d, std::function<void()> call) { at(now_ + d, std::move(call)); }

    void push(Time at, Hop hop, std::uint32_t number, std::uint32_t detail = 0) {
        queue_.push(at, static_cast<std::uint32_t>(hop) << (detail_bits + number_bits) |
                            detail << number_bits | number);
    }

    /// Hands every event up to `end` to `handle(hop, number, detail)`, alarms to their calls.
    template <class Handle>
    void run(Time end, Handle&& handle) {
        while (!stopped_ && queue_.next() <= end) {
            const auto event = queue_.top();
            queue_.pop();
            now_ = event.at;
            ++events_;
            const auto hop = static_cast<Hop>(event.what >> (detail_bits + number_bits));
            const auto number = event.what & (most_numbers - 1);
            if (hop == Hop::alarm) {
                ring(number);
            } else {
                handle(hop, number, event.what >> number_bits & ((1U << detail_bits) - 1));
            }
        }
        if (!stopped_) {
            now_ = end;
        }
    }
    void stop() { stopped_ = true; }
    bool stopped() const { return stopped_; }
    std::uint64_t events() const { return events_; }

private:
    struct Alarm {
        std::function<void()> call;
        std::uint32_t generation = 0;
    };
    void ring(std::uint32_t number);

    EventQueue queue_;
    Slots<Alarm> alarms_;
    Time now_{};
    std::uint64_t events_ = 0;
    bool stopped_ = false;
};

}  // namespace lvslab::flow_world
