// SPDX-License-Identifier: GPL-2.0-only
/// Which timers must have fired for a server's counters to be what was recorded.
#pragma once

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <vector>

#include "core/ipvs/ipvs.hpp"

namespace lvslab::conformance {

using ipvs::DueTimer;

/// What one server's recorded counters lack of the model's.
struct Missing {
    std::int64_t active;
    std::int64_t inactive;
    std::int64_t persistent;

    /// Which of these timers have fired is not told by the counters: templates hold connections or
    /// not, and of the connections there are more than are missing.
    bool leaves_choice(const std::vector<DueTimer>& timers) const {
        const auto more_than = [&](std::int64_t count, bool of_active) {
            return count > 0 && std::ranges::count_if(timers, [&](const DueTimer& timer) {
                                    return !timer.is_template && timer.active == of_active;
                                }) > count;
        };
        return persistent > 0 || more_than(active, true) || more_than(inactive, false);
    }

    /// Lists the timers of this server that must have fired; false if none explain it.
    bool account_for(const std::vector<DueTimer>& timers, std::vector<std::uint32_t>& fire) {
        // A template goes with the last connection that holds it: those that nothing holds first.
        for (const bool held : {false, true}) {
            for (const auto& timer : timers) {
                if (timer.is_template && holders(timers, timer.handle).empty() != held) {
                    take_template(timers, timer, fire);
                }
            }
        }
        for (const auto& timer : timers) {
            auto& rest = timer.active ? active : inactive;
            if (!timer.is_template && rest > 0 && !std::ranges::count(fire, timer.handle)) {
                --rest;
                fire.push_back(timer.handle);
            }
        }
        return active == 0 && inactive == 0 && persistent == 0;
    }

private:
    static std::vector<DueTimer> holders(const std::vector<DueTimer>& timers,
                                         std::uint32_t handle) {
        std::vector<DueTimer> list;
        std::ranges::copy_if(timers, std::back_inserter(list), [&](const DueTimer& timer) {
            return !timer.is_template && timer.held == handle;
        });
        return list;
    }

    void take_template(const std::vector<DueTimer>& timers, const DueTimer& timer,
                       std::vector<std::uint32_t>& fire) {
        const auto with = holders(timers, timer.handle);
        const auto actives = std::ranges::count_if(with, &DueTimer::active);
        const auto inactives = static_cast<std::int64_t>(with.size()) - actives;
        if (persistent <= 0 || active < actives || inactive < inactives) {
            return;
        }
        --persistent;
        active -= actives;
        inactive -= inactives;
        for (const auto& holder : with) {
            fire.push_back(holder.handle);
        }
        fire.push_back(timer.handle);
    }
};

}  // namespace lvslab::conformance
