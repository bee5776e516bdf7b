// SPDX-License-Identifier: GPL-2.0-only
#include "core/ipvs/template_doubt.hpp"

#include <algorithm>

namespace lvslab::ipvs {

void TemplateDoubt::released(TimeSpan when) {
    freed_ = {std::max(freed_.earliest, when.earliest), std::max(freed_.latest, when.latest)};
}

bool TemplateDoubt::may_be_gone(Time now, TimeSpan freed) const {
    return may_be_gone_ || std::ranges::any_of(courses_, [&](const Course& c) {
               return std::max({c.due.earliest, freed.earliest, alive_}) <=
                      std::min(now, c.window_end());
           });
}

void TemplateDoubt::add_rearmed(std::vector<Course>& courses, const Course& from, Time now,
                                TimeSpan freed) {
    const auto last = std::min({now, from.window_end(), freed.latest});
    if (from.due.earliest <= last) {
        courses.push_back(
            {{from.due.earliest + template_rearm, last + template_rearm}, template_rearm});
    }
}

std::vector<TemplateDoubt::Course> TemplateDoubt::possible(Time now, TimeSpan freed) const {
    std::vector<Course> result;
    for (const auto& course : courses_) {
        if (course.window_end() > now) {
            result.push_back(course);
        }
        add_rearmed(result, course, now, freed);
    }
    return result;
}

bool TemplateDoubt::pass(Time now, TimeSpan freed) {
    std::vector<Course> left;
    for (const auto& course : courses_) {
        if (course.window_end() > now) {
            left.push_back(course);
            continue;
        }
        may_be_gone_ = may_be_gone_ || std::max({course.due.earliest, freed.earliest, alive_}) <=
                                           course.window_end();
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
        next = std::min(next, course.window_end());
    }
    return next;
}

}  // namespace lvslab::ipvs
