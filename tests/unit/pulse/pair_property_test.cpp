// SPDX-License-Identifier: GPL-2.0-only
// Exactly one is active once the channel has been whole for long enough, whatever was before.
#include <algorithm>
#include <array>
#include <cstdint>
#include <ostream>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "core/base/random.hpp"
#include "tests/unit/pulse/two_routers.hpp"

namespace lvslab::pulse {
namespace {

using namespace std::chrono_literals;

constexpr Time whole_from = Time{} + 100s;

/// A pair and its channel. Until whole_from words are lost at random, in one direction, on one path
/// or on both; from then on those on the whole path arrive.
struct Trouble {
    std::uint64_t seed = 0;
    Duration keepalive{}, deadtime{};
    Duration least_delay{}, most_delay{};  ///< of any word that arrives, before and after
    bool in_order = false;    ///< words arrive in the order of sending, whatever their paths
    bool both_paths = true;   ///< else the private path stays as lossy as it was
    double loss = 0;          ///< before whole_from, outside of cuts
    bool failures = false;    ///< crashes, restarts, dead routers, releases before the settling
    bool supervised = false;  ///< who starts again knows whether the one before died active
    Failback failback = Failback::none;

    Duration jitter() const { return most_delay - least_delay; }
    friend std::ostream& operator<<(std::ostream& out, const Trouble& t) {
        return out << "seed " << t.seed << " keepalive " << lvslab::to_string(t.keepalive)
                   << " deadtime " << lvslab::to_string(t.deadtime) << " delay "
                   << lvslab::to_string(t.least_delay) << " to " << lvslab::to_string(t.most_delay)
                   << (t.in_order ? ", in order" : "")
                   << (t.both_paths ? ", both paths" : ", public path") << ", loss " << t.loss
                   << (t.failures ? ", failures" : "") << (t.supervised ? ", supervised" : "")
                   << (t.failback == Failback::primary ? ", failback" : "");
    }
};

Duration between(RandomStream& random, Duration low, Duration high) {
    const auto span = static_cast<std::uint64_t>((high - low).count()) + 1;
    return low + Duration(static_cast<Duration::rep>(random.below(span)));
}

/// Loss, cuts and delays, drawn word by word.
class RoughChannel {
public:
    explicit RoughChannel(const Trouble& trouble)
        : trouble_(trouble), random_(trouble.seed, "channel") {
        for (int i = 0; i < 6; ++i) {
            const auto begin = Time{} + between(random_, 0s, 100s);
            cuts_.push_back(
                {begin, begin + between(random_, 0s, 40s), random_.below(3), random_.below(3)});
        }
    }

    std::optional<Duration> operator()(const Sending& s) {
        const bool before = s.at < whole_from;
        const bool rough = before || (s.path == Path::private_net && !trouble_.both_paths);
        if (rough && (random_.uniform() < trouble_.loss || cut(s))) {
            return std::nullopt;
        }
        auto delay = between(random_, trouble_.least_delay, trouble_.most_delay);
        if (trouble_.in_order) {
            auto& last = last_arrival_[index_of(s.from)];
            last = std::max(last, s.at + delay);
            delay = last - s.at;
        }
        return delay;
    }

private:
    struct Cut {
        Time begin, end;
        std::uint64_t direction, path;  ///< 0 and 1: that one alone; 2: both
    };
    bool cut(const Sending& s) const {
        return std::ranges::any_of(cuts_, [&](const Cut& c) {
            return c.begin <= s.at && s.at < c.end &&
                   (c.direction == 2 || c.direction == index_of(s.from)) &&
                   (c.path == 2 || (c.path == 0) == (s.path == Path::public_net));
        });
    }

    Trouble trouble_;
    RandomStream random_;
    std::vector<Cut> cuts_;
    std::array<Time, 2> last_arrival_{};
};

/// Who is active from `when` on, up to well beyond the time at which the pair has to be settled.
std::vector<Moment> play(const Trouble& trouble, Time when) {
    Settings settings;
    settings.keepalive = trouble.keepalive;
    settings.deadtime = trouble.deadtime;
    settings.failback = trouble.failback;
    TwoRouters pair(settings, RoughChannel(trouble));
    RandomStream random(trouble.seed, "nodes");
    // What happened to a node less than a delay ago may still be on its way: failures end before.
    const auto quiet = whole_from - trouble.most_delay;
    const auto before = quiet.time_since_epoch();
    // Two nodes that each wait for the other to take over do so for deadtime, and then one of them
    // for its next word.
    const auto wait = trouble.deadtime + trouble.keepalive;
    const auto start_again = [&](Node node, Time then) {
        if (trouble.supervised) {
            pair.start_again(node, then - wait);
        } else {
            pair.start(node, then);
        }
    };
    for (const auto node : {Node::primary, Node::backup}) {
        pair.start(node, Time{} + between(random, 0s, trouble.failures ? before : before / 2));
        if (!trouble.failures) {
            continue;
        }
        for (int i = 0; i < 4; ++i) {
            const auto then = Time{} + between(random, 0s, before);
            switch (random.below(3)) {
                case 0:
                    pair.crash(node, trouble.supervised ? then - wait : then);
                    start_again(node, std::min(then + between(random, 0s, 30s), quiet));
                    break;
                case 1:
                    pair.happens(node, Released{}, then - wait);
                    break;
                default:
                    start_again(node, then);  // a restart without a pause
            }
        }
    }
    pair.run_until(whole_from + 20 * (trouble.deadtime + trouble.keepalive + trouble.most_delay));
    return pair.from(when);
}

bool exactly_one_from(const Trouble& trouble, Time when) {
    return std::ranges::all_of(play(trouble, when), [](const Moment& m) { return m.count() == 1; });
}

rc::Gen<Duration> milliseconds_between(int low, int high) {
    return rc::gen::map(rc::gen::inRange(low, high + 1),
                        [](int ms) { return Duration(std::chrono::milliseconds(ms)); });
}

/// keepalive + jitter < deadtime, everything else free.
Trouble any_trouble() {
    Trouble t;
    t.seed = *rc::gen::arbitrary<std::uint64_t>();
    t.keepalive = *milliseconds_between(50, 8000);
    t.least_delay = *milliseconds_between(0, 6000);
    t.most_delay = t.least_delay + *milliseconds_between(0, 4000);
    t.deadtime = t.keepalive + t.jitter() + *milliseconds_between(1, 8000);
    t.in_order = *rc::gen::arbitrary<bool>();
    t.both_paths = *rc::gen::arbitrary<bool>();
    t.loss = *rc::gen::element(0.0, 0.2, 0.5, 0.9, 1.0);
    t.failures = *rc::gen::arbitrary<bool>();
    t.supervised = *rc::gen::arbitrary<bool>();
    return t;
}

/// When a pair without failback has settled, counted from the time since when all arrives.
Duration settling(const Trouble& t) {
    const auto turn = t.keepalive + t.most_delay;
    return t.in_order ? 2 * turn : 2 * turn + t.most_delay;
}

RC_GTEST_PROP(PairProperty, ExactlyOneIsActiveAfterTwoTurnsOfAWholeChannel, ()) {
    const auto trouble = any_trouble();
    RC_LOG() << trouble << '\n';
    RC_ASSERT(exactly_one_from(trouble, whole_from + settling(trouble)));
}

// The promise of the issue: it holds where a turn is not longer than deadtime.
RC_GTEST_PROP(PairProperty, ExactlyOneIsActiveAfterDeadtimeKeepaliveAndDelay, ()) {
    auto trouble = any_trouble();
    const auto needed = trouble.keepalive + trouble.most_delay * (trouble.in_order ? 1 : 2);
    trouble.deadtime = std::max(trouble.deadtime, needed);
    RC_LOG() << trouble << '\n';
    RC_ASSERT(exactly_one_from(
        trouble, whole_from + trouble.deadtime + trouble.keepalive + trouble.most_delay));
}

RC_GTEST_PROP(PairProperty, WithFailbackThePrimaryAloneIsActiveInTheEnd, ()) {
    auto trouble = any_trouble();
    trouble.failback = Failback::primary;
    trouble.failures = false;
    RC_LOG() << trouble << '\n';
    const auto turn = trouble.keepalive + trouble.most_delay;
    const auto settled =
        whole_from + std::max(trouble.deadtime, turn) + 2 * turn + 2 * trouble.most_delay;
    const auto rest = play(trouble, settled);
    RC_ASSERT(std::ranges::all_of(rest, [](const Moment& m) { return m.primary && !m.backup; }));
}

// Each waits for the other to take the service then: one of them takes it, and never both.
RC_GTEST_PROP(PairProperty, AReleaseBesideAStartAfterADeathNeverMakesTwoActive, ()) {
    Settings settings;
    settings.keepalive = *milliseconds_between(100, 3000);
    const Duration delay(*rc::gen::inRange<std::int64_t>(0, settings.keepalive.count() / 2 - 1));
    settings.deadtime = settings.keepalive + 2 * delay + *milliseconds_between(1, 6000);
    const auto first = *rc::gen::element(Node::primary, Node::backup);
    const auto start = Time{} + 200s;
    const auto around = settings.deadtime + settings.keepalive;
    const auto released =
        start + Duration(*rc::gen::inRange<std::int64_t>(-around.count(), around.count()));
    RC_LOG() << "keepalive " << lvslab::to_string(settings.keepalive) << " deadtime "
             << lvslab::to_string(settings.deadtime) << " delay " << lvslab::to_string(delay)
             << (first == Node::primary ? ", primary" : ", backup") << " dies, released "
             << lvslab::to_string(released - start) << " after it started\n";
    TwoRouters pair(settings, [delay](const Sending&) { return delay; });
    pair.start(first, Time{});
    pair.start(other(first), Time{} + 60s);
    pair.crash(first, start - around - settings.deadtime - 10s);
    pair.start_again(first, start);
    pair.happens(other(first), Released{}, released);
    pair.run_until(start + 60s);
    const auto story = pair.from(start - around - 1s);
    RC_ASSERT(story.front().count() == 1);
    RC_ASSERT(std::ranges::all_of(story, [](const Moment& m) { return m.count() < 2; }));
    const auto settled = std::max(start, released) + settings.deadtime + 2 * settings.keepalive;
    const auto rest = pair.from(settled + 2 * delay);
    RC_ASSERT(rest.front().count() == 1);
}

/// The longest time that both were active at a stretch.
Duration longest_pair(const std::vector<Moment>& story) {
    Duration longest{};
    for (std::size_t i = 0; i + 1 < story.size(); ++i) {
        if (story[i].count() == 2) {
            longest = std::max(longest, story[i + 1].at - story[i].at);
        }
    }
    return longest;
}

// Who becomes active on a "stopped" says so at once: both are active for a word's way at most.
RC_GTEST_PROP(PairProperty, AReleaseBesideAColdStartOrAnotherMakesTwoActiveForAWordAtMost, ()) {
    Settings settings;
    settings.keepalive = *milliseconds_between(100, 3000);
    const Duration delay(*rc::gen::inRange<std::int64_t>(1, settings.keepalive.count() / 2 - 1));
    settings.deadtime = settings.keepalive + 2 * delay + *milliseconds_between(1, 6000);
    const auto first = *rc::gen::element(Node::primary, Node::backup);
    const auto start = Time{} + 200s;
    const auto around = settings.deadtime + settings.keepalive;
    const auto at_random = [&] {
        return start + Duration(*rc::gen::inRange<std::int64_t>(-around.count(), around.count()));
    };
    const auto released = at_random(), again = at_random();
    const bool starts = *rc::gen::arbitrary<bool>();
    RC_LOG() << "keepalive " << lvslab::to_string(settings.keepalive) << " deadtime "
             << lvslab::to_string(settings.deadtime) << " delay " << lvslab::to_string(delay)
             << (starts ? ", starts" : ", is there") << ", released "
             << lvslab::to_string(released - start) << ", the other "
             << lvslab::to_string(again - start) << '\n';
    TwoRouters pair(settings, [delay](const Sending&) { return delay; });
    pair.start(other(first), Time{});
    pair.start(first, starts ? start : Time{} + 60s);
    pair.happens(other(first), Released{}, released);
    pair.happens(first, Released{}, again);
    pair.run_until(start + 60s);
    RC_ASSERT(longest_pair(pair.from(Time{} + 100s)) <= 2 * delay);
    RC_ASSERT(pair.from(std::max(released, again) + around + 2 * settings.keepalive + 4 * delay)
                  .front()
                  .count() == 1);
}

}  // namespace
}  // namespace lvslab::pulse
