// SPDX-License-Identifier: GPL-2.0-only
#include "core/ipvs/template_doubt.hpp"

#include <algorithm>

namespace lvslab::ipvs {

void TemplateDoubt::released(TimeSpan when) {
    freed_ = {std::max(freed_.earliest, when.earliest), std::max(freed_.latest, when.latest)};
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
        may_be_gone_ =
            may_be_gone_ || std::max({firing.earliest, freed.earliest, alive_}) <= firing.latest;
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
