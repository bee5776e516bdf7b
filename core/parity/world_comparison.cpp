// SPDX-License-Identifier: GPL-2.0-only
#include "core/parity/world_comparison.hpp"

#include <algorithm>
#include <cmath>
#include <map>

namespace lvslab::parity {
namespace {

using Subjects = std::map<std::string, std::vector<Moment>>;

/// A thread's moments; without the weights of servers that follow a load.
std::vector<Moment> moments_of(const WorldStory& story, Thread thread,
                               const std::set<std::string>& follow_load) {
    std::vector<Moment> moments;
    for (const auto& moment : story.moments()) {
        if (moment.thread != thread) {
            continue;
        }
        const bool follows = thread == Thread::server && follow_load.contains(moment.subject);
        if (follows && moment.what == "weight") {
            continue;
        }
        moments.push_back(moment);
        if (follows) {
            moments.back().weight.reset();
        }
    }
    return moments;
}

Subjects subjects_of(const std::vector<Moment>& moments) {
    Subjects subjects;
    for (const auto& moment : moments) {
        subjects[moment.subject].push_back(moment);
    }
    return subjects;
}

bool same_story(const std::vector<Moment>& first, const std::vector<Moment>& second) {
    return std::ranges::equal(first, second, {}, &Moment::text, &Moment::text);
}

Duration distance(Time a, Time b) {
    return a < b ? b - a : a - b;
}

SubjectDifference difference_of(const std::string& subject, const std::vector<Moment>& first,
                                const std::vector<Moment>& second) {
    SubjectDifference found;
    found.subject = subject;
    found.moments = first.size();
    found.same = same_story(first, second);
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
bool same_order(const std::vector<Moment>& first, const std::vector<Moment>& second) {
    std::map<std::pair<std::string, std::size_t>, Time> in_second;
    std::map<std::string, std::size_t> count;
    for (const auto& moment : second) {
        in_second[{moment.subject, count[moment.subject]++}] = moment.time;
    }
    count.clear();
    Time latest_before{}, latest_at{};
    Time at{};
    for (const auto& moment : first) {
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

ThreadDifference difference_of(const std::vector<Moment>& first, const std::vector<Moment>& second,
                               Thread thread) {
    ThreadDifference found;
    found.thread = thread;
    auto a = subjects_of(first);
    auto b = subjects_of(second);
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
    found.in_order = found.same && same_order(first, second);
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

/// A weight's mean over the run.
double mean_weight(const WorldStory& story, const std::string& subject) {
    double area = 0, weight = 0;
    Time since{};
    for (const auto& moment : story.moments()) {
        if (moment.thread == Thread::server && moment.subject == subject) {
            area += weight * to_seconds(moment.time - since);
            weight = moment.weight.value_or(0);
            since = moment.time;
        }
    }
    const double whole = to_seconds(story.end() - Time{});
    return whole > 0 ? (area + weight * to_seconds(story.end() - since)) / whole : weight;
}

std::optional<Duration> removal_difference_of(const std::vector<Moment>& first,
                                              const std::vector<Moment>& second) {
    std::optional<Duration> largest;
    auto others = subjects_of(second);
    for (const auto& [subject, moments] : subjects_of(first)) {
        const auto& other = others[subject];
        if (!same_story(moments, other)) {
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
    auto follow_load = first.follow_load();
    follow_load.insert(second.follow_load().begin(), second.follow_load().end());
    for (const auto thread : {Thread::role, Thread::address, Thread::server}) {
        const auto one = moments_of(first, thread, follow_load);
        const auto other = moments_of(second, thread, follow_load);
        found.threads.push_back(difference_of(one, other, thread));
        if (thread == Thread::server) {
            found.removal_difference = removal_difference_of(one, other);
        }
    }
    for (const auto& subject : follow_load) {
        const WeightDifference one{subject, mean_weight(first, subject),
                                   mean_weight(second, subject)};
        if (const double larger = std::max(one.first, one.second); larger > 0) {
            found.largest_weight =
                std::max(found.largest_weight, std::abs(one.first - one.second) / larger);
        }
        found.weights.push_back(one);
    }
    const auto a = takeovers_of(first), b = takeovers_of(second);
    if (!a.empty() && a.size() == b.size()) {
        Duration largest{};
        for (std::size_t i = 0; i < a.size(); ++i) {
            largest = std::max(largest, distance(a[i], b[i]));
        }
        found.takeover_difference = largest;
    }
    return found;
}

}  // namespace lvslab::parity
