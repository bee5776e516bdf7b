// SPDX-License-Identifier: GPL-2.0-only
/// Short words for stories about one router and the partner it hears.
#pragma once

#include <algorithm>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/pulse/pulse.hpp"

namespace lvslab::pulse {

using namespace std::chrono_literals;

inline Event heartbeat(Word word, Path path = Path::public_net) {
    return Heard{path, word};
}

/// A node of a pair with keepalive 2 s and deadtime 6 s; it starts at 0.
class Story {
public:
    static Settings pair(NodeRole role) {
        Settings settings;
        settings.role = role;
        settings.keepalive = 2s;
        settings.deadtime = 6s;
        return settings;
    }
    explicit Story(Settings settings, const Started& started = {}) : node_(std::move(settings)) {
        at(0s, started);
    }
    explicit Story(NodeRole role) : Story(pair(role)) {}

    /// Lets the time go on, waking the node whenever it asks for it, then hands in the event.
    void at(Duration when, const Event& event) {
        passes(when);
        record(node_.step(event, Time{} + when));
    }
    /// Time goes on up to `when` (included), and nothing comes in from outside.
    void passes(Duration when) {
        done_.clear();
        while (node_.next_deadline() <= Time{} + when) {
            const auto due = node_.next_deadline();
            record(node_.step(Woken{}, due));
        }
    }
    /// The node was held up: what comes in finds nothing done in between.
    void held_up_until(Duration when, const Event& event) {
        done_.clear();
        record(node_.step(event, Time{} + when));
    }

    /// What the node did since the last step of the story.
    const std::vector<Action>& done() const { return done_; }
    /// Of these, the ones of one kind.
    template <class A>
    std::vector<A> done_of() const {
        std::vector<A> found;
        for (const auto& action : done_) {
            if (const auto* a = std::get_if<A>(&action)) {
                found.push_back(*a);
            }
        }
        return found;
    }
    bool noted(Notice what) const {
        const auto notes = done_of<Note>();
        return std::ranges::any_of(notes, [&](const Note& n) { return n.what == what; });
    }
    const Pulse& node() const { return node_; }

    friend void PrintTo(const Story& story, std::ostream* out) {
        *out << (story.node_.active() ? "an active node" : "an inactive node") << " that did "
             << story.done_.size() << " actions";
        for (const auto& change : story.done_of<RoleChanged>()) {
            *out << ", became " << (change.active ? "active: " : "inactive: ")
                 << to_string(change.reason);
        }
    }

private:
    void record(std::vector<Action> actions) {
        done_.insert(done_.end(), actions.begin(), actions.end());
    }

    Pulse node_;
    std::vector<Action> done_;
};

MATCHER_P(became_active, reason, std::string("became active: ") + std::string(to_string(reason))) {
    const auto changes = arg.template done_of<RoleChanged>();
    return arg.node().active() && changes == std::vector{RoleChanged{true, reason}};
}
MATCHER_P(became_inactive, reason,
          std::string("became inactive: ") + std::string(to_string(reason))) {
    const auto changes = arg.template done_of<RoleChanged>();
    return !arg.node().active() && changes == std::vector{RoleChanged{false, reason}};
}
MATCHER(still_active, "") {
    return arg.node().active() && arg.template done_of<RoleChanged>().empty();
}
MATCHER(still_inactive, "") {
    return !arg.node().active() && arg.template done_of<RoleChanged>().empty();
}

}  // namespace lvslab::pulse
