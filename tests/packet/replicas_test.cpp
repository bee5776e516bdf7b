// SPDX-License-Identifier: GPL-2.0-only
/// Replicas on the real servers' disks: which responses are of content that has been replaced.
#include "core/scenario/replicas.hpp"

#include <vector>

#include <gtest/gtest.h>

#include "tests/packet/world_run.hpp"

namespace lvslab::packet_world::testing {
namespace {

using config::NetworkType;

/// Two servers; something is published every 3 s, and rsync runs every 2 s.
scenario::Scenario news(Protocol protocol) {
    auto s = busy_cluster(NetworkType::nat, protocol, 2, 300, seconds(20));
    s.content = {scenario::Constant{3}, seconds(2)};
    return s;
}

TEST(Replicas, EachResponseTellsHowStaleItsServerWasWhenItSentIt) {
    for (const auto protocol : {Protocol::tcp, Protocol::udp}) {
        const auto s = news(protocol);
        const WorldRun run(s, {.seed = 5});
        expect_accounts(run);
        // From the server to the client: 5 ms of their link and the time on the wires.
        const auto way = milliseconds(5);
        scenario::Replicas early(s, 5);
        scenario::Replicas late(s, 5);
        const journal::Event* response = nullptr;
        std::size_t stale = 0;
        std::size_t fresh = 0;
        for (const auto& event : run.events.events) {
            const auto* told = std::get_if<journal::StaleResponse>(&event.payload);
            if (told != nullptr) {
                ASSERT_NE(response, nullptr);
                const auto& whole = std::get<journal::ResponseReceived>(response->payload);
                EXPECT_EQ(told->connection, whole.connection);
                EXPECT_EQ(told->server, whole.server);
                EXPECT_EQ(event.time, response->time);
                ++stale;
            }
            if (!std::holds_alternative<journal::ResponseReceived>(event.payload)) {
                continue;
            }
            response = &event;
            const auto server = std::get<journal::ResponseReceived>(event.payload).server;
            const auto before = early.stale_for(server, event.time - way - milliseconds(2));
            const auto after = late.stale_for(server, event.time - way);
            // An rsync or a publication between the two leaves it open.
            if (before == Duration{} && after == Duration{}) {
                ++fresh;
                EXPECT_FALSE(std::holds_alternative<journal::StaleResponse>((&event + 1)->payload));
            } else if (before > Duration{} && after == before + milliseconds(2)) {
                const auto* next = std::get_if<journal::StaleResponse>(&(&event + 1)->payload);
                ASSERT_NE(next, nullptr);
                EXPECT_GE(next->age, before);
                EXPECT_LE(next->age, after);
            }
        }
        EXPECT_GT(stale, 50U);
        EXPECT_GT(fresh, 50U);
    }
}

TEST(Replicas, WithoutContentNothingIsStale) {
    auto s = news(Protocol::tcp);
    s.content.reset();
    EXPECT_TRUE(WorldRun(s).events.all<journal::StaleResponse>().empty());
}

TEST(Replicas, ServersThatShareADataServersFilesHaveNone) {
    auto s = news(Protocol::tcp);
    auto& files = s.data.emplace_back();
    files.name = "files";
    files.interface = *lvslab::Network::parse("10.11.12.100/24");
    files.service = scenario::Constant{0.001};
    s.servers[0].data.emplace();
    const WorldRun run(s);
    std::size_t of_replica = 0;
    for (const auto& told : run.events.all<journal::StaleResponse>()) {
        EXPECT_EQ(told.server, 1U);
        ++of_replica;
    }
    EXPECT_GT(of_replica, 0U);
}

}  // namespace
}  // namespace lvslab::packet_world::testing
