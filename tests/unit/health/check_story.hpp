// SPDX-License-Identifier: GPL-2.0-only
/// Short words for stories about the check of one server.
#pragma once

#include <algorithm>
#include <functional>
#include <ostream>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/health/check.hpp"

namespace lvslab::health {

using namespace std::chrono_literals;

/// What a probe that starts at a given moment meets: its answer, and how long it takes.
struct Answer {
    bool up = true;
    Duration takes{};
};
using Server = std::function<Answer(Time)>;

inline Server healthy() {
    return [](Time) { return Answer{true, 0s}; };
}

/// Runs a check against a server, and remembers what it did to the service.
class Story {
public:
    struct Step {
        Time at{};
        Action action;
        friend bool operator==(const Step&, const Step&) = default;
        friend void PrintTo(const Step& step, std::ostream* out) {
            *out << to_seconds(step.at) << " s: ";
            if (const auto* add = std::get_if<AddServer>(&step.action)) {
                *out << "add, weight " << add->weight.value();
            } else if (const auto* set = std::get_if<SetWeight>(&step.action)) {
                *out << "weight " << set->weight.value();
            } else {
                *out << (std::holds_alternative<RemoveServer>(step.action) ? "remove" : "ask");
            }
        }
    };

    Story(CheckSettings settings, Server server, Started started = {})
        : check_(settings), server_(std::move(server)) {
        hand_in(started, Time{});
    }

    /// Lets the time go on up to `when` (included).
    void until(Duration when) {
        const auto end = Time{} + when;
        while (std::min(check_.next_deadline(), answer_at_) <= end) {
            if (answer_at_ <= check_.next_deadline()) {
                const auto at = std::exchange(answer_at_, never);
                hand_in(Probed{answer_.up}, at);
            } else {
                const auto due = check_.next_deadline();
                hand_in(Woken{}, due);
            }
        }
    }
    void hand_in(const Event& event, Time now) {
        for (const auto& action : check_.step(event, now)) {
            if (std::holds_alternative<StartProbe>(action)) {
                probes_.push_back(now);
                answer_ = server_(now);
                answer_at_ = now + answer_.takes;
            } else {
                steps_.push_back({now, action});
            }
        }
    }
    void now_meets(Server server) { server_ = std::move(server); }

    const Check& check() const { return check_; }
    const std::vector<Time>& probes() const { return probes_; }
    /// Everything but the probes, since the last call.
    std::vector<Step> steps() { return std::exchange(steps_, {}); }

private:
    Check check_;
    Server server_;
    Answer answer_;
    Time answer_at_ = never;
    std::vector<Time> probes_;
    std::vector<Step> steps_;
};

inline Story::Step adds(Duration at, int weight) {
    return {Time{} + at, AddServer{Weight{weight}}};
}
inline Story::Step weighs(Duration at, int weight) {
    return {Time{} + at, SetWeight{Weight{weight}}};
}
inline Story::Step removes(Duration at) {
    return {Time{} + at, RemoveServer{}};
}
inline Story::Step asks(Duration at) {
    return {Time{} + at, AskLoad{}};
}

}  // namespace lvslab::health
