// SPDX-License-Identifier: GPL-2.0-only
// Killed at any moment of a takeover: never two owners, never a service half programmed.
#include <signal.h>

#include <cstdlib>
#include <string>

#include "tests/real/lvsrouter/two_routers.hpp"

namespace lvslab::realmode {
namespace {

using namespace std::chrono_literals;

class Killed : public TwoRouters {
protected:
    static int times() {
        const char* asked = std::getenv("LVSROUTER_KILLS");
        return asked != nullptr ? std::stoi(asked) : 20;
    }

    /// The active one hands over; the one that takes over is killed a moment later.
    void kill_during_takeover(int kill) {
        const auto from = active_router();
        ASSERT_TRUE(from) << "kill " << kill;
        auto& taker = *routers[static_cast<std::size_t>(1 - *from)];
        ASSERT_EQ(routers[static_cast<std::size_t>(*from)]->command({"release"}), 0);
        pass(some(30ms));
        if (const auto victim = taker.daemon()) {
            ::kill(*victim, SIGKILL);
        }
    }

    std::optional<int> active_router() {
        const bool found = until([&] { return serves(0) || serves(1); });
        return !found ? std::nullopt : std::optional(serves(0) ? 0 : 1);
    }

    /// One serves with the whole table, the other has neither address nor service.
    bool settled() {
        const int active = serves(0) ? 0 : 1;
        auto& other = *routers[static_cast<std::size_t>(1 - active)];
        return serves(active) && !other.has_vip() && other.table().services.empty();
    }
};

TEST_F(Killed, AtAnyMomentOfATakeoverNeverTwoOwnersNorHalfAService) {
    begin();
    for (int kill = 0; kill < times(); ++kill) {
        kill_during_takeover(kill);
        // The one that gave the service away and the one that died with it both wait for the other.
        pass(2 * deadtime);
        ASSERT_TRUE(until([&] { return settled(); })) << "kill " << kill;
        pass(deadtime);
        ASSERT_TRUE(settled()) << "kill " << kill;
        ASSERT_EQ(both_had_vip, 0ns) << "kill " << kill;
    }
}

/// Somebody else's has the key of one of the router's, and looks as the router's own would.
TEST_F(Killed, AtAnyMomentOfAStartAServiceOfOthersWithItsKeyStays) {
    const ipvs::ServiceKey key{
        Protocol::tcp, Endpoint::parse("10.0.0.10:80").value(), {}, Family::ipv4};
    auto& router = *routers[0];
    ASSERT_EQ(router.ipvs().add_service(key, {.scheduler = "wlc"}), ipvs::ControlResult::ok);
    const auto before = router.table();
    bool met = false;
    for (int kill = 0; kill < times() / 2; ++kill) {
        router.start({"--active"});
        ASSERT_TRUE(until([&] { return router.daemon().has_value(); }));
        pass(some(200ms));
        router.kill_both();
        router.wait();
        EXPECT_EQ(router.command({"clean", "--state", router.folder()}), 0);
        ASSERT_EQ(router.table(), before) << "kill " << kill;
        ASSERT_FALSE(router.has_vip()) << "kill " << kill;
        met = met || router.log().find("none of this router's") != std::string::npos;
    }
    EXPECT_TRUE(met) << "no kill came after the router had met it: " << router.log();
    router.ipvs().remove_service(key);
}

}  // namespace
}  // namespace lvslab::realmode
