// SPDX-License-Identifier: GPL-2.0-only
/// With Expiry::told: where a persistence template's timer may stand, when one of its firings may
/// have come before or after its last connection went.
#pragma once

#include <optional>
#include <vector>

#include "core/base/time.hpp"
#include "core/ipvs/kernel_timer.hpp"

namespace lvslab::ipvs {

/// A template whose timer fires while connections still hold it waits this much longer
/// (ip_vs_conn_expire, expire_later).
inline constexpr Duration template_rearm = std::chrono::seconds(60);

/// A span of time; nothing is known of where in it something happened.
struct TimeSpan {
    Time earliest;
    Time latest;
};

/// All that the timer of one template may have done since the template was last used. Each firing
/// comes within a granule after it was due; it sets the timer anew if connections hold the
/// template at that moment, and is the template's end if none do.
class TemplateDoubt {
public:
    /// One thing that the timer may be set to.
    struct Course {
        TimeSpan due;
        Duration timeout;  ///< what a use of the template sets it to
    };

    /// A timer's place among those of one tick: higher levels of the wheel come first, and in one
    /// slot those that were set last (collect_expired_timers, expire_timers).
    struct Place {
        unsigned level;
        Time set;

        bool before(const Place& other) const {
            return level > other.level || (level == other.level && set >= other.set);
        }
    };

    TemplateDoubt(const Wheel& wheel, std::vector<Course> courses)
        : wheel_(wheel), courses_(std::move(courses)) {}

    /// A connection that held the template went in this span.
    void released(TimeSpan when, const Place& timer);
    /// The template was seen alive.
    void seen_alive(Time now) {
        alive_ = std::max(alive_, now);
        may_be_gone_ = false;
    }

    /// When the connections that held it went. Held now: the earliest is when they all may have
    /// gone, the latest is `never`.
    TimeSpan freed() const { return freed_; }

    /// May the template be gone at `now`?
    bool may_be_gone(Time now, TimeSpan freed) const;
    /// What the timer may be set to at `now`, if the template is there.
    std::vector<Course> possible(Time now, TimeSpan freed) const;
    /// Takes the firings that came by `now` whatever the wheel's phase. False if the template is
    /// gone for certain.
    bool pass(Time now, TimeSpan freed);

    /// If it may be gone: when the firing that ended it was due, where the order of timers in one
    /// tick speaks for that; else when the next firing is due.
    Time due() const;

    Time earliest() const;      ///< before it nothing fires
    Time next_certain() const;  ///< when pass() has something to take

private:
    /// Where a firing of this course before `now` would have set the timer.
    void add_rearmed(std::vector<Course>& courses, const Course& from, Time now,
                     TimeSpan freed) const;
    /// When this course's firing comes.
    TimeSpan window(const Course& course) const {
        const auto level = wheel_level(course.timeout);
        return {wheel_.earliest(course.due.earliest, level),
                wheel_.latest(course.due.latest, level)};
    }

    struct Release {
        TimeSpan when;
        Place timer;
    };
    /// A firing of which it is not known whether the template was held.
    struct OpenFiring {
        TimeSpan window;
        Time due;
        Place timer;
    };
    bool likely_gone() const;

    Wheel wheel_;
    std::vector<Course> courses_;
    TimeSpan freed_{Time::min(), Time::min()};
    Time alive_ = Time::min();
    bool may_be_gone_ = false;
    std::optional<OpenFiring> open_;
    std::vector<Release> releases_;  ///< the last ones
};

}  // namespace lvslab::ipvs
