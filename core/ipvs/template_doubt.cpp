// SPDX-License-Identifier: GPL-2.0-only
#include "core/ipvs/template_doubt.hpp"

#include <algorithm>

namespace lvslab::ipvs {

namespace {

/// More connections of one template do not go in one tick but in floods.
constexpr std::size_t releases_kept = 16;

bool overlap(const TimeSpan& a, const TimeSpan& b) {
    return a.earliest <= b.latest && b.earliest <= a.latest;
}

}  // namespace

void TemplateDoubt::released(TimeSpan when, const Place& timer) {
    if (releases_.size() == releases_kept) {
        releases_.erase(releases_.begin());
    }
    releases_.push_back({when, timer});
    freed_ = {std::max(freed_.earliest, when.earliest), std::max(freed_.latest, when.latest)};
}

/// All that went in the tick of the open firing went before it.
bool TemplateDoubt::likely_gone() const {
    bool any = false;
    for (const auto& release : releases_) {
        if (open_ && overlap(release.when, open_->window)) {
            if (!release.timer.before(open_->timer)) {
                return false;
            }
            any = true;
        }
    }
    return any;
}

Time TemplateDoubt::due() const {
    return may_be_gone_ && likely_gone() ? open_->due : earliest();
}

bool TemplateDoubt::may_be_gone(Time now, TimeSpan freed) const {
    return may_be_gone_ || std::ranges::any_of(courses_, [&](const Course& c) {
               const auto firing = window(c);
               return std::max({firing.earliest, freed.earliest, alive_}) <=
                      std::min(now, firing.latest);
           });
}

void TemplateDoubt::add_rearmed(std::vector<Course>& courses, const Course& from, Time now,
                                TimeSpan freed) const {
    const auto firing = window(from);
    const auto last = std::min({now, firing.latest, freed.latest});
    if (firing.earliest <= last) {
        courses.push_back(
            {{firing.earliest + template_rearm, last + template_rearm}, template_rearm});
    }
}

std::vector<TemplateDoubt::Course> TemplateDoubt::possible(Time now, TimeSpan freed) const {
    std::vector<Course> result;
    for (const auto& course : courses_) {
        if (window(course).latest > now) {
            result.push_back(course);
        }
        add_rearmed(result, course, now, freed);
    }
    return result;
}

bool TemplateDoubt::pass(Time now, TimeSpan freed) {
    std::vector<Course> left;
    for (const auto& course : courses_) {
        const auto firing = window(course);
        if (firing.latest > now) {
            left.push_back(course);
            continue;
        }
        if (std::max({firing.earliest, freed.earliest, alive_}) <= firing.latest) {
            may_be_gone_ = true;
            open_ = OpenFiring{firing,
                               course.due.earliest,
                               {wheel_level(course.timeout), course.due.earliest - course.timeout}};
        }
        add_rearmed(left, course, now, freed);
    }
    courses_ = std::move(left);
    return !courses_.empty();
}

Time TemplateDoubt::earliest() const {
    return std::ranges::min_element(courses_, {}, [](const Course& c) { return c.due.earliest; })
        ->due.earliest;
}

Time TemplateDoubt::next_certain() const {
    Time next = never;
    for (const auto& course : courses_) {
        next = std::min(next, window(course).latest);
    }
    return next;
}

}  // namespace lvslab::ipvs
