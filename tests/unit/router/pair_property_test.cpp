// SPDX-License-Identifier: GPL-2.0-only
// Pairs of routers whose channel is cut at random: what each of them holds, and who is left.
#include <algorithm>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "core/base/random.hpp"
#include "tests/unit/router/router_story.hpp"

namespace lvslab::router {
namespace {

Duration milliseconds(int low, int high) {
    return std::chrono::milliseconds(*rc::gen::inRange(low, high + 1));
}

config::LvsConfig with_times(Duration keepalive, Duration deadtime) {
    auto config = read_config(two_servers());
    config.keepalive = keepalive;
    config.deadtime = deadtime;
    return config;
}

/// An active router has every address and a service, another has nothing.
void holds_what_it_should(FakePair& pair, std::size_t i) {
    const bool active = pair.active(i);
    RC_ASSERT(pair.machine(i).addresses.size() == (active ? 2U : 0U));
    const auto settings = ipvs::ServiceSettings{};
    const bool served = pair.machine(i).table.edit_service(http, settings, pair.time.now()) ==
                        ipvs::ControlResult::ok;
    RC_ASSERT(served == active);
    RC_ASSERT(active || servers_in(pair.machine(i)).empty());
}

// facts: takeover comes deadtime - keepalive to deadtime after the crash (and the word's delay).
RC_GTEST_PROP(RouterPair, TakesOverInTimeAtEveryPhase, ()) {
    const auto [keepalive, deadtime] = *rc::gen::element(std::pair<Duration, Duration>{2s, 3s},
                                                         std::pair<Duration, Duration>{6s, 18s},
                                                         std::pair<Duration, Duration>{250ms, 1s});
    FakePair pair(with_times(keepalive, deadtime));
    const auto phase = Duration(*rc::gen::inRange<Duration::rep>(0, keepalive.count()));
    const auto other = Duration(*rc::gen::inRange<Duration::rep>(0, keepalive.count()));
    pair.start(0, {pulse::Start::settled_active, phase, keepalive - other, {}});
    pair.start(1, {pulse::Start::settled_backup, other, keepalive - phase, {}});
    const auto crash = milliseconds(0, 60000);
    pair.until(crash);
    RC_ASSERT(pair.active(0) && !pair.active(1));
    pair.crash(0);
    pair.until(crash + 2 * deadtime);
    const auto roles = pair.machine(1).told_of<ports::RoleChanged>();
    RC_ASSERT(roles.size() == 1U);
    RC_ASSERT(roles[0].first - (Time{} + crash) >= deadtime - keepalive);
    RC_ASSERT(roles[0].first - (Time{} + crash) <= deadtime + 1ms);
}

// docs/pulse.md: exactly one is active 2 (keepalive + delay) after the channel is whole again.
RC_GTEST_PROP(RouterPair, IsLeftWithOneThatHoldsEverythingOnceTheChannelIsWhole, ()) {
    const auto keepalive = milliseconds(100, 3000);
    const auto deadtime = keepalive + milliseconds(50, 6000);
    const auto delay = milliseconds(0, 40);
    FakePair pair(with_times(keepalive, deadtime));
    const auto whole = 30s + milliseconds(0, 5000);
    const auto cut_from = milliseconds(0, 20000);
    const auto one_way = *rc::gen::inRange<std::size_t>(0, 3);  // 2 = both ways
    const auto loss = *rc::gen::inRange(0, 10);
    RandomStream random(*rc::gen::arbitrary<std::uint64_t>(), "channel");
    pair.channel = [&](std::size_t from, pulse::Path) -> std::optional<Duration> {
        const auto now = pair.time.now().time_since_epoch();
        const bool cut = now >= cut_from && (one_way == 2 || one_way == from);
        if (now < whole && (cut || random.below(10) < static_cast<std::uint64_t>(loss))) {
            return std::nullopt;
        }
        return delay;
    };
    if (*rc::gen::arbitrary<bool>()) {
        pair.start_settled();
    } else {
        pair.start(0);
        pair.start(1);
    }
    const auto settled = whole + 2 * (keepalive + delay);
    for (auto t = Duration::zero(); t <= settled + 10s; t += 997ms) {
        pair.until(t);
        holds_what_it_should(pair, 0);
        holds_what_it_should(pair, 1);
        RC_ASSERT(t < settled || pair.active_routers() == 1);
    }
}

}  // namespace
}  // namespace lvslab::router
