// SPDX-License-Identifier: GPL-2.0-only
/// A world's alarms on a clock that a test moves.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <utility>

#include "core/ports/timers.hpp"

namespace lvslab::world {

/// Timers whose clock the test moves.
class TimersByHand final : public ports::Timers {
public:
    Time now() const override { return now_; }
    ports::TimerId at(Time when, std::function<void()> call) override {
        alarms_.emplace(std::pair{when, ++last_}, std::move(call));
        return ports::TimerId{last_};
    }
    void cancel(ports::TimerId timer) override {
        std::erase_if(alarms_, [&](const auto& a) { return a.first.second == timer.value(); });
    }
    /// Alarms up to then go off, those that they ask for too.
    void pass(Time until) {
        while (!alarms_.empty() && alarms_.begin()->first.first <= until) {
            auto alarm = alarms_.extract(alarms_.begin());
            now_ = std::max(now_, alarm.key().first);
            alarm.mapped()();
        }
        now_ = std::max(now_, until);
    }
    std::size_t waiting() const { return alarms_.size(); }

private:
    Time now_{};
    std::map<std::pair<Time, std::uint64_t>, std::function<void()>> alarms_;
    std::uint64_t last_ = 0;
};

}  // namespace lvslab::world
