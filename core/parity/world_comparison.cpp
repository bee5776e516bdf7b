// SPDX-License-Identifier: GPL-2.0-only
#include "core/parity/world_comparison.hpp"

#include <algorithm>
#include <cmath>
#include <map>

namespace lvslab::parity {
namespace {

using Subjects = std::map<std::string, std::vector<Moment>>;

Subjects subjects_of(const WorldStory& story, Thread thread) {
    Subjects subjects;
    for (const auto& moment : story.moments()) {
        if (moment.thread == thread) {
            subjects[moment.subject].push_back(moment);
        }
    }
    return subjects;
}

Duration distance(Time a, Time b) {
    return a < b ? b - a : a - b;
}

SubjectDifference difference_of(const std::string& subject, const std::vector<Moment>& first,
                                const std::vector<Moment>& second) {
    SubjectDifference found;
    found.subject = subject;
    found.moments = first.size();
    found.same = std::ranges::equal(first, second, {}, &Moment::what, &Moment::what);
    if (!found.same) {
        found.first = first;
        found.second = second;
        return found;
    }
    for (std::size_t i = 0; i < first.size(); ++i) {
        found.largest = std::max(found.largest, distance(first[i].time, second[i].time));
    }
    return found;
}

/// What happened to whom, one after the other. Moments of one time have no order.
bool same_order(const WorldStory& first, const WorldStory& second, Thread thread) {
    std::vector<Moment> a;
    std::map<std::pair<std::string, std::size_t>, Time> in_second;
    std::map<std::string, std::size_t> count;
    for (const auto& moment : second.moments()) {
        if (moment.thread == thread) {
            in_second[{moment.subject, count[moment.subject]++}] = moment.time;
        }
    }
    count.clear();
    Time latest_before{}, latest_at{};
    Time at{};
    for (const auto& moment : first.moments()) {
        if (moment.thread != thread) {
            continue;
        }
        const auto found = in_second.find({moment.subject, count[moment.subject]++});
        if (found == in_second.end()) {
            return false;
        }
        if (moment.time != at) {
            latest_before = std::max(latest_before, latest_at);
            at = moment.time;
        }
        if (found->second < latest_before) {
            return false;
        }
        latest_at = std::max(latest_at, found->second);
    }
    return true;
}

ThreadDifference difference_of(const WorldStory& first, const WorldStory& second, Thread thread) {
    ThreadDifference found;
    found.thread = thread;
    auto a = subjects_of(first, thread);
    auto b = subjects_of(second, thread);
    for (const auto& [subject, moments] : b) {
        a.try_emplace(subject);
    }
    for (const auto& [subject, moments] : a) {
        auto one = difference_of(subject, moments, b[subject]);
        found.same = found.same && one.same;
        found.moments += one.moments;
        if (one.same && (one.largest > found.largest || found.largest_subject.empty())) {
            found.largest = one.largest;
            found.largest_subject = subject;
        }
        found.subjects.push_back(std::move(one));
    }
    found.in_order = found.same && same_order(first, second, thread);
    return found;
}

std::vector<ServerShare> shares_of(const WorldStory& first, const WorldStory& second) {
    const auto total = [](const std::vector<std::uint64_t>& counts) {
        std::uint64_t sum = 0;
        for (const auto count : counts) {
            sum += count;
        }
        return static_cast<double>(std::max<std::uint64_t>(sum, 1));
    };
    std::vector<ServerShare> shares;
    for (std::size_t i = 0; i < first.given().size(); ++i) {
        ServerShare share;
        share.server = first.run().servers[i];
        share.first = first.given()[i];
        share.second = i < second.given().size() ? second.given()[i] : 0;
        share.first_share = static_cast<double>(share.first) / total(first.given());
        share.second_share = static_cast<double>(share.second) / total(second.given());
        shares.push_back(std::move(share));
    }
    return shares;
}

/// When a router became active though another had been.
std::vector<Time> takeovers_of(const WorldStory& story) {
    std::vector<Time> times;
    std::string last;
    for (const auto& moment : story.moments()) {
        if (moment.thread == Thread::role && moment.what.starts_with("active")) {
            if (!last.empty() && last != moment.subject) {
                times.push_back(moment.time);
            }
            last = moment.subject;
        }
    }
    return times;
}

std::optional<Duration> removal_difference_of(const WorldStory& first, const WorldStory& second) {
    std::optional<Duration> largest;
    auto others = subjects_of(second, Thread::server);
    for (const auto& [subject, moments] : subjects_of(first, Thread::server)) {
        const auto& other = others[subject];
        if (!std::ranges::equal(moments, other, {}, &Moment::what, &Moment::what)) {
            continue;
        }
        for (std::size_t i = 0; i < moments.size(); ++i) {
            if (moments[i].what == server_is_out) {
                largest = std::max(largest.value_or(Duration{}),
                                   distance(moments[i].time, other[i].time));
            }
        }
    }
    return largest;
}

}  // namespace

std::optional<double> ks_distance(std::span<const double> a, std::span<const double> b) {
    if (a.empty() || b.empty()) {
        return std::nullopt;
    }
    std::vector<double> x(a.begin(), a.end()), y(b.begin(), b.end());
    std::ranges::sort(x);
    std::ranges::sort(y);
    double largest = 0;
    for (std::size_t i = 0, j = 0; i < x.size() && j < y.size();) {
        const double at = std::min(x[i], y[j]);
        while (i < x.size() && x[i] <= at) {
            ++i;
        }
        while (j < y.size() && y[j] <= at) {
            ++j;
        }
        largest =
            std::max(largest, std::abs(static_cast<double>(i) / static_cast<double>(x.size()) -
                                       static_cast<double>(j) / static_cast<double>(y.size())));
    }
    return largest;
}

std::optional<double> wasserstein_distance(std::span<const double> a, std::span<const double> b) {
    if (a.empty() || b.empty()) {
        return std::nullopt;
    }
    std::vector<double> x(a.begin(), a.end()), y(b.begin(), b.end());
    std::ranges::sort(x);
    std::ranges::sort(y);
    double area = 0, last = std::min(x.front(), y.front());
    for (std::size_t i = 0, j = 0; i < x.size() || j < y.size();) {
        const double below = std::abs(static_cast<double>(i) / static_cast<double>(x.size()) -
                                      static_cast<double>(j) / static_cast<double>(y.size()));
        const bool from_x = j == y.size() || (i < x.size() && x[i] <= y[j]);
        const double at = from_x ? x[i++] : y[j++];
        area += below * (at - last);
        last = at;
    }
    return area;
}

double ks_limit(std::size_t a, std::size_t b, double probability) {
    const double n = static_cast<double>(a), m = static_cast<double>(b);
    return std::sqrt(-std::log(probability / 2) / 2) * std::sqrt((n + m) / (n * m));
}

WorldComparison compare(const WorldStory& first, const WorldStory& second) {
    WorldComparison found;
    found.shares = shares_of(first, second);
    for (const auto& share : found.shares) {
        found.largest_share =
            std::max(found.largest_share, std::abs(share.first_share - share.second_share));
    }
    found.response_time_distance = ks_distance(first.response_times(), second.response_times());
    if (found.response_time_distance) {
        found.response_time_limit =
            ks_limit(first.response_times().size(), second.response_times().size(), 0.001);
        found.response_time_shift =
            wasserstein_distance(first.response_times(), second.response_times());
    }
    for (const auto thread : {Thread::role, Thread::address, Thread::server}) {
        found.threads.push_back(difference_of(first, second, thread));
    }
    const auto a = takeovers_of(first), b = takeovers_of(second);
    if (!a.empty() && a.size() == b.size()) {
        Duration largest{};
        for (std::size_t i = 0; i < a.size(); ++i) {
            largest = std::max(largest, distance(a[i], b[i]));
        }
        found.takeover_difference = largest;
    }
    found.removal_difference = removal_difference_of(first, second);
    return found;
}

}  // namespace lvslab::parity
