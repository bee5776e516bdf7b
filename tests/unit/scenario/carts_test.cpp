// SPDX-License-Identifier: GPL-2.0-only
#include "core/scenario/carts.hpp"

#include <map>
#include <set>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace lvslab::scenario {
namespace {

constexpr auto nobody = journal::no_index;

PlannedConnection request(std::uint64_t session, std::uint32_t number, std::uint32_t of,
                          std::uint32_t workload = 0) {
    PlannedConnection c{};
    c.workload = workload;
    c.session = PlannedSession{session, number, of};
    return c;
}

/// Broken or not, by the servers that answer a session's requests one after the other.
bool broken(const std::vector<std::uint32_t>& servers) {
    Carts carts;
    const auto of = static_cast<std::uint32_t>(servers.size());
    for (std::uint32_t i = 0; i + 1 < of; ++i) {
        EXPECT_FALSE(carts.ended(request(7, i, of), servers[i]));
    }
    const auto end = carts.ended(request(7, of - 1, of), servers.back());
    EXPECT_TRUE(end);
    EXPECT_EQ(end->session, 7U);
    EXPECT_EQ(end->requests, of);
    return end->broken;
}

TEST(Carts, AreKeptByTheServerOfTheFirstRequest) {
    EXPECT_FALSE(broken({2, 2, 2}));
    EXPECT_TRUE(broken({2, 1, 2})) << "back at the first server it has met another one";
    EXPECT_TRUE(broken({2, 2, 1}));
    EXPECT_FALSE(broken({2}));
}

TEST(Carts, ConnectionWithoutAnAnswerBreaksNoSession) {
    EXPECT_FALSE(broken({nobody, nobody}));
    EXPECT_FALSE(broken({nobody, 2, nobody, 2}));
    EXPECT_TRUE(broken({2, nobody, 1})) << "the cart is where nobody answers any more";
}

TEST(Carts, RunsEndEndsWhatIsUnderWay) {
    Carts carts;
    carts.ended(request(4, 0, 3, 1), 0);
    carts.ended(request(9, 0, 3, 0), 0);
    carts.ended(request(9, 1, 3, 0), 1);
    const auto ends = carts.finish();
    ASSERT_EQ(ends.size(), 2U);
    EXPECT_EQ(ends[0].workload, 0U);
    EXPECT_EQ(ends[0].requests, 2U);
    EXPECT_TRUE(ends[0].broken);
    EXPECT_EQ(ends[1].workload, 1U);
    EXPECT_EQ(ends[1].session, 4U);
    EXPECT_FALSE(ends[1].broken);
    EXPECT_TRUE(carts.finish().empty());
}

// Whatever the order in which connections end: each session once, broken if two servers answered.
RC_GTEST_PROP(Carts, TellEverySessionOnceByTheServersThatAnswered, ()) {
    const auto sizes =
        *rc::gen::container<std::vector<std::uint32_t>>(rc::gen::inRange<std::uint32_t>(1, 6));
    std::vector<PlannedConnection> connections;
    for (std::uint64_t id = 0; id < sizes.size(); ++id) {
        for (std::uint32_t i = 0; i < sizes[id]; ++i) {
            connections.push_back(request(id, i, sizes[id], static_cast<std::uint32_t>(id % 2)));
        }
    }
    // A random order: each takes a place at random.
    for (std::size_t i = 1; i < connections.size(); ++i) {
        std::swap(connections[i], connections[*rc::gen::inRange<std::size_t>(0, i + 1)]);
    }
    const auto cut = *rc::gen::inRange<std::size_t>(0, connections.size() + 1);
    Carts carts;
    std::map<std::uint64_t, std::set<std::uint32_t>> answered;
    std::map<std::uint64_t, std::uint32_t> asked;
    std::map<std::uint64_t, journal::SessionEnded> told;
    for (std::size_t i = 0; i < cut; ++i) {
        const auto& c = connections[i];
        const auto server = *rc::gen::element(0U, 1U, nobody);
        if (server != nobody) {
            answered[c.session->id].insert(server);
        }
        ++asked[c.session->id];
        if (const auto end = carts.ended(c, server)) {
            RC_ASSERT(asked[end->session] == sizes[end->session]);
            RC_ASSERT(told.emplace(end->session, *end).second);
        }
    }
    for (const auto& end : carts.finish()) {
        RC_ASSERT(told.emplace(end.session, end).second);
    }
    RC_ASSERT(told.size() == asked.size());
    for (const auto& [id, end] : told) {
        RC_ASSERT(end.requests == asked[id]);
        RC_ASSERT(end.workload == id % 2);
        RC_ASSERT(end.broken == (answered[id].size() > 1));
    }
}

}  // namespace
}  // namespace lvslab::scenario
