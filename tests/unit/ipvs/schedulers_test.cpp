// SPDX-License-Identifier: GPL-2.0-only
#include <algorithm>
#include <map>
#include <string>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "core/base/random.hpp"
#include "core/ipvs/hash.hpp"
#include "core/ipvs/maglev.hpp"
#include "core/ipvs/schedulers.hpp"
#include "tests/unit/ipvs/ipvs_story.hpp"

namespace lvslab::ipvs {
namespace {

/// Which of the servers A, B, C ... (in the kernel's order, so A is added last) take `n` new
/// connections in turn.
std::string turns(const std::string& scheduler, const std::vector<int>& weights, int n) {
    Story s;
    s.service(scheduler);
    for (auto i = weights.size(); i-- > 0;) {
        s.server("10.1.0." + std::to_string(10 + i) + ":80", weights[i]);
    }
    std::string sequence;
    for (int i = 0; i < n; ++i) {
        const auto v = s.from_client("172.16.0.1:" + std::to_string(2000 + i), syn);
        sequence += v.action == Action::forward
                        ? static_cast<char>('A' + v.server.address.bytes()[3] - 10)
                        : '-';
    }
    return sequence;
}

TEST(WeightedRoundRobin, InterleavesAsTheManualAndTheKernelDo) {
    // Servers that come one by one leave the level where it was, so the first round may begin
    // anywhere; from then on the published sequence repeats.
    const auto repeats = [](const std::vector<int>& weights, const std::string& cycle) {
        const auto sequence = turns("wrr", weights, static_cast<int>(4 * cycle.size()));
        const auto start = sequence.find(cycle);
        EXPECT_LT(start, cycle.size()) << sequence;
        for (auto i = start; i < sequence.size(); ++i) {
            EXPECT_EQ(sequence[i], cycle[(i - start) % cycle.size()]) << sequence;
        }
    };
    repeats({4, 3, 2}, "AABABCABC");
    repeats({6, 4, 2}, "AABABC");
    repeats({5, 1}, "AAAAAB");
    repeats({3, 0, 1}, "AAAC");
}

TEST(RoundRobin, TakesTurnsFromTheNewestAndPassesOverQuiescedServers) {
    EXPECT_EQ(turns("rr", {1, 1, 1}, 7), "ABCABCA");
    EXPECT_EQ(turns("rr", {1, 0, 7}, 5), "ACACA");
    EXPECT_EQ(turns("rr", {0, 0}, 2), "--");
}

TEST(RoundRobin, ContinuesBeforeARemovedServer) {
    Story s;
    s.service("rr");
    for (const auto* name : {"10.1.0.12:80", "10.1.0.11:80", "10.1.0.10:80"}) {
        s.server(name);
    }
    EXPECT_EQ(s.goes("172.16.0.1:1", syn), "10.1.0.10:80");
    EXPECT_EQ(s.goes("172.16.0.1:2", syn), "10.1.0.11:80");
    s.remove("10.1.0.11:80");
    EXPECT_EQ(s.goes("172.16.0.1:3", syn), "10.1.0.12:80");
}

TEST(SchedulerTable, NamesEverySchedulerOnceAndMakesIt) {
    std::map<std::string_view, int> names;
    for (const auto& entry : scheduler_table()) {
        ++names[entry.name];
        EXPECT_EQ(turns(std::string(entry.name), {1}, 1), "A") << entry.name;
    }
    EXPECT_EQ(names.size(), 14U);
    EXPECT_EQ(find_scheduler("nonesuch"), nullptr);
}

TEST(Hashes, BucketsOfSourceAndDestinationHashingAreTheKernels) {
    const auto bucket = [](std::string_view a, std::uint32_t port) {
        return hash_32(folded(*Address::parse(a)) + port, 8);
    };
    EXPECT_EQ(bucket("192.168.7.4", 0), 97U);
    EXPECT_EQ(bucket("172.25.244.176", 0), 42U);
    EXPECT_EQ(bucket("10.255.0.1", 0), 232U);
    EXPECT_EQ(bucket("10.255.0.17", 0), 5U);
    EXPECT_EQ(bucket("1.2.3.4", 0), 52U);
    EXPECT_EQ(bucket("192.168.7.4", 40000), 5U);
}

TEST(Hashes, MaglevSlotsOffsetsAndSkipsAreTheKernels) {
    const auto sum = [](std::string_view a, std::uint32_t port) {
        return folded(*Address::parse(a)) + port;
    };
    const auto slot = [&](std::string_view a, std::uint32_t port) {
        return hsiphash(sum(a, port), maglev_key_1) % kernel_maglev_size;
    };
    const auto skip = [&](std::string_view a, std::uint32_t port) {
        return hsiphash(sum(a, port), maglev_key_2) % (kernel_maglev_size - 1) + 1;
    };
    EXPECT_EQ(slot("192.168.7.4", 0), 2418U);
    EXPECT_EQ(slot("172.25.244.176", 0), 426U);
    EXPECT_EQ(slot("1.2.3.4", 0), 2197U);
    EXPECT_EQ(slot("192.168.7.4", 40000), 3208U);
    EXPECT_EQ(slot("10.1.0.10", 80), 1236U);
    EXPECT_EQ(skip("10.1.0.10", 80), 3009U);
    EXPECT_EQ(slot("10.1.0.12", 80), 1207U);
    EXPECT_EQ(skip("10.1.0.12", 80), 845U);
    EXPECT_EQ(slot("10.1.0.10", 0), 1190U);
    EXPECT_EQ(skip("10.1.0.10", 0), 1159U);
}

TEST(Maglev, TableOneOfThePaper) {
    const MaglevBackend b0{3, 4};
    const MaglevBackend b1{0, 2};
    const MaglevBackend b2{3, 1};
    const std::vector<MaglevBackend> all{b0, b1, b2};
    EXPECT_EQ(build_maglev_table(all, 7), (std::vector<std::uint32_t>{1, 0, 1, 0, 2, 2, 0}));
    const std::vector<MaglevBackend> without_b1{b0, b2};
    EXPECT_EQ(build_maglev_table(without_b1, 7), (std::vector<std::uint32_t>{0, 0, 0, 0, 1, 1, 1}));
}

TEST(Maglev, NoBackendsMakeAnEmptyTable) {
    const std::vector<MaglevBackend> idle{{0, 1, 0}};
    EXPECT_EQ(build_maglev_table({}, 5), std::vector<std::uint32_t>(5, no_backend));
    EXPECT_EQ(build_maglev_table(idle, 5), std::vector<std::uint32_t>(5, no_backend));
}

/// Backends with hashes of our own, as the paper's numbers are independent of the hash.
std::vector<MaglevBackend> hashed_backends(std::uint32_t n, std::uint32_t size) {
    std::vector<MaglevBackend> backends;
    for (std::uint32_t i = 0; i < n; ++i) {
        const auto name = "backend " + std::to_string(i);
        backends.push_back(
            {static_cast<std::uint32_t>(stable_hash(name + " offset") % size),
             static_cast<std::uint32_t>(stable_hash(name + " skip") % (size - 1)) + 1, 1});
    }
    return backends;
}

TEST(Maglev, ThousandBackendsShareAlmostEvenly) {
    for (const auto& [size, most] : {std::pair{65537U, 1.0072}, std::pair{655373U, 1.0011}}) {
        const auto backends = hashed_backends(1000, size);
        std::vector<std::uint32_t> owned(1000, 0);
        for (const auto owner : build_maglev_table(backends, size)) {
            ++owned.at(owner);
        }
        const double average = size / 1000.0;
        const auto [low, high] = std::ranges::minmax(owned);
        // Turns are taken one slot each: nobody is more than one ahead.
        EXPECT_LE(high - low, 1U);
        EXPECT_LE(high / average, most) << size;
        EXPECT_GE(low / average, 0.9917) << size;
    }
}

TEST(Maglev, RemovingBackendsMovesLittleElse) {
    const std::uint32_t size = 65537;
    const auto backends = hashed_backends(1000, size);
    const auto before = build_maglev_table(backends, size);
    for (const auto& [removed, percent] :
         {std::pair{1U, 0.655}, std::pair{5U, 2.290}, std::pair{50U, 8.228}}) {
        auto fewer = backends;
        for (std::uint32_t i = 0; i < removed; ++i) {
            fewer[i * 17 + 3].turns = 0;
        }
        const auto after = build_maglev_table(fewer, size);
        double changed = 0;
        for (std::size_t slot = 0; slot < size; ++slot) {
            changed += before[slot] != after[slot] ? 1 : 0;
        }
        // The figures are of another set of hashes; a removal's damage varies by a third.
        EXPECT_NEAR(changed / size * 100, percent, percent * 0.35) << removed;
        EXPECT_GE(changed / size * 100, removed / 1000.0 * 100 * 0.98);
    }
}

RC_GTEST_PROP(MaglevTable, HasNoEmptySlotAndSharesByTurns, ()) {
    const auto n = *rc::gen::inRange(1U, 12U);
    auto backends = hashed_backends(n, kernel_maglev_size);
    std::uint32_t all_turns = 0;
    for (auto& b : backends) {
        b.turns = *rc::gen::inRange(0U, 9U);
        all_turns += b.turns;
    }
    RC_PRE(all_turns > 0U);
    std::vector<std::uint32_t> owned(n, 0);
    for (const auto owner : build_maglev_table(backends, kernel_maglev_size)) {
        RC_ASSERT(owner < n);
        ++owned[owner];
    }
    for (std::uint32_t b = 0; b < n; ++b) {
        // Whole rounds give the exact share; the last one may be cut anywhere.
        const auto rounds = kernel_maglev_size / all_turns;
        RC_ASSERT(owned[b] >= rounds * backends[b].turns);
        RC_ASSERT(owned[b] <= (rounds + 1) * backends[b].turns);
    }
}

TEST(MaglevScheduler, QuiescingAServerMovesNoOtherClient) {
    Story s;
    s.service("mh");
    for (int i = 0; i < 5; ++i) {
        s.server("10.1.0." + std::to_string(10 + i) + ":80", 1 + i);
    }
    std::map<std::string, std::string> before;
    for (int i = 0; i < 200; ++i) {
        const auto client = "172.16." + std::to_string(i) + ".9:4000";
        before[client] = s.goes(client, syn);
    }
    s.edit("10.1.0.12:80", 0);
    for (auto& [client, server] : before) {
        auto again = client;
        again.replace(again.find(":4000"), 5, ":4001");
        EXPECT_EQ(s.goes(again, syn), server == "10.1.0.12:80" ? "rejected" : server);
    }
}

TEST(PowerOfTwoChoices, DrawsFromAStreamOfItsOwn) {
    const auto first = turns("twos", {1, 2, 3}, 60);
    EXPECT_EQ(first, turns("twos", {1, 2, 3}, 60));
    for (const char server : {'A', 'B', 'C'}) {
        EXPECT_NE(first.find(server), std::string::npos);
    }
}

TEST(Lblc, AddressStaysWithItsServerUntilItIsOverloadedAndAnotherIsHalfIdle) {
    Story s;
    s.service("lblc");
    s.server("10.1.0.10:80", 2);
    s.server("10.1.0.11:80", 2);
    EXPECT_EQ(s.goes("172.16.0.1:1", syn), "10.1.0.11:80");
    EXPECT_EQ(s.goes("172.16.0.1:2", syn), "10.1.0.11:80");
    EXPECT_EQ(s.goes("172.16.0.1:3", syn), "10.1.0.11:80");  // 2 active: not above the weight
    EXPECT_EQ(s.goes("172.16.0.1:4", syn), "10.1.0.10:80");  // 3 active > 2, the other has 0
    EXPECT_EQ(s.goes("172.16.0.1:5", syn), "10.1.0.10:80");
}

TEST(Lblc, EntryUnusedForItsExpirationIsForgottenAtTheThirtiethSweep) {
    const auto after_two_hours = [](Duration expiration) {
        Options options;
        options.lblc_expiration = expiration;
        Story s(options);
        s.service("lblc");
        s.server("10.1.0.11:80", 1);
        EXPECT_EQ(s.goes("172.16.0.1:1", syn), "10.1.0.11:80");
        s.server("10.1.0.10:80", 1);  // nearer the head: what wlc chooses once both are idle
        s.wait(2h);
        EXPECT_EQ(s.ipvs.connection_count(), 0U);
        return s.goes("172.16.0.1:2", syn);
    };
    EXPECT_EQ(after_two_hours(24h), "10.1.0.11:80");
    EXPECT_EQ(after_two_hours(60s), "10.1.0.10:80");
}

}  // namespace
}  // namespace lvslab::ipvs
