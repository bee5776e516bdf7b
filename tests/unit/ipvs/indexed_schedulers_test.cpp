// SPDX-License-Identifier: GPL-2.0-only
#include <algorithm>
#include <cstdint>
#include <deque>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "core/base/random.hpp"
#include "core/ipvs/indexes.hpp"
#include "tests/unit/ipvs/plain_scan.hpp"

namespace lvslab::ipvs {
namespace {

/// Two schedulers of the same rule over the same servers, told of the same changes.
class Pair {
public:
    Pair(std::string_view name, Profile profile) {
        options_.profile = profile;
        indexed_ = find_scheduler(name)->make({list_, options_, "test", Time{}});
        plain_ = make_plain(name, {list_, options_, "test", Time{}});
    }
    ~Pair() { indexed_->unbind(); }

    void add(int weight) {
        auto& d = all_.emplace_back();
        d.endpoint = {Address::v4(0x0A010000U + static_cast<std::uint32_t>(all_.size())), Port{80}};
        put(d, weight);
    }
    void put(Destination& d, int weight) {
        d.weight = weight;
        d.last_weight = weight;
        d.available = true;
        if (list_.push_front(d)) {
            indexed_->renumbered();
        }
        indexed_->added(d);
        plain_->added(d);
        listed_.push_back(&d);
    }
    void remove(std::size_t which) {
        auto& d = *listed_[which % listed_.size()];
        d.available = false;
        std::erase(listed_, &d);
        list_.erase(d);
        indexed_->removed(d);
        plain_->removed(d);
        gone_.push_back(&d);
    }
    void bring_back(std::size_t which, int weight) {
        if (!gone_.empty()) {
            auto* d = gone_[which % gone_.size()];
            std::erase(gone_, d);
            put(*d, weight);
        }
    }
    void edit(std::size_t which, int weight) {
        auto& d = *listed_[which % listed_.size()];
        d.weight = weight;
        indexed_->edited(d);
        plain_->edited(d);
    }
    void load(std::size_t which, int active, int inactive, bool overloaded) {
        auto& d = *listed_[which % listed_.size()];
        d.active = active;
        d.total = active + inactive;
        d.overloaded = overloaded;
        indexed_->load_changed(d);
    }
    bool empty() const { return listed_.empty(); }

    /// Both choose the same, and the choice takes the connection.
    void choose(std::uint32_t client, std::uint32_t address) {
        const ScheduleRequest request{
            Address::v4(client), Port{4000}, Address::v4(address), false, false, Time{}};
        auto* mine = indexed_->schedule(request);
        auto* walked = plain_->schedule(request);
        RC_ASSERT(mine == walked);
        if (mine != nullptr) {
            ++mine->active;
            ++mine->total;
            if (mine->available) {
                indexed_->load_changed(*mine);
            }
        }
    }

private:
    Options options_;
    DestinationList list_;
    std::deque<Destination> all_;
    std::vector<Destination*> listed_;
    std::vector<Destination*> gone_;
    std::unique_ptr<Scheduler> indexed_;
    std::unique_ptr<Scheduler> plain_;
};

/// Weights as they come: zeros, equal ones, multiples, large ones.
int some_weight() {
    return *rc::gen::weightedElement<int>({{4, 0},
                                           {5, 1},
                                           {4, 2},
                                           {3, 3},
                                           {3, 4},
                                           {2, 6},
                                           {2, 9},
                                           {1, 12},
                                           {1, 100},
                                           {1, 1000},
                                           {1, 65535}});
}

void one_event(Pair& pair) {
    const auto which = *rc::gen::inRange<std::size_t>(0, 1000);
    const auto kind = *rc::gen::inRange(0, 100);
    if (pair.empty() || kind < 6) {
        pair.add(some_weight());
    } else if (kind < 9) {
        pair.remove(which);
    } else if (kind < 11) {
        pair.bring_back(which, some_weight());
    } else if (kind < 17) {
        pair.edit(which, some_weight());
    } else if (kind < 40) {
        pair.load(which, *rc::gen::inRange(0, 12), *rc::gen::inRange(0, 600),
                  *rc::gen::inRange(0, 4) == 0);
    } else {
        pair.choose(*rc::gen::arbitrary<std::uint32_t>(), *rc::gen::inRange(0U, 20U));
    }
}

class IndexedScheduler : public testing::TestWithParam<std::string_view> {};

RC_GTEST_PROP(IndexedSchedulerSelf, SlotSetFindsTheNextMemberBelow, ()) {
    SlotSet set;
    std::vector<bool> members(5000, false);
    for (int i = 0; i < 300; ++i) {
        const auto slot = *rc::gen::inRange(0U, 5000U);
        const bool member = *rc::gen::arbitrary<bool>();
        set.set(slot, member);
        members[slot] = member;
        const auto from = *rc::gen::inRange(0U, 5001U);
        std::int64_t expected = -1;
        for (std::int64_t s = std::int64_t{from} - 1; s >= 0 && expected < 0; --s) {
            expected = members[static_cast<std::size_t>(s)] ? s : -1;
        }
        RC_ASSERT(set.below(from) == expected);
    }
}

/// Few, and so many that a change looks for the place from which nothing changes any more.
TEST(IndexedSchedulerSelf, LeastShareTreeFindsTheLeastAndOfEqualOnesTheHighest) {
    for (const std::uint32_t size : {1U, 4U, 5U, 100U, 1024U, 3000U}) {
        RandomStream draw(1, "shares");
        LeastShareTree tree;
        EXPECT_EQ(tree.best(), -1);
        std::vector<Share> shares(size);
        for (int i = 0; i < 4000; ++i) {
            const auto slot = static_cast<std::uint32_t>(draw.below(size));
            const Share share{static_cast<std::uint32_t>(draw.below(40)),
                              static_cast<std::uint32_t>(draw.below(4))};
            tree.set(slot, share);
            shares[slot] = share;
            std::int64_t best = -1;
            for (std::uint32_t s = 0; s < size; ++s) {
                const auto& b = shares[static_cast<std::size_t>(std::max<std::int64_t>(best, 0))];
                if (shares[s].weight > 0 &&
                    (best < 0 || std::uint64_t{shares[s].load} * b.weight <=
                                     std::uint64_t{b.load} * shares[s].weight)) {
                    best = s;
                }
            }
            ASSERT_EQ(tree.best(), best) << size << " slots, change " << i;
        }
    }
}

TEST_P(IndexedScheduler, ChoosesAsAWalkOverTheListDoes) {
    EXPECT_TRUE(rc::check([name = GetParam()] {
        Pair pair(name, *rc::gen::element(Profile::recent, Profile::classic));
        const auto start = *rc::gen::inRange(0, 40);
        for (int i = 0; i < start; ++i) {
            pair.add(some_weight());
        }
        const auto events = *rc::gen::inRange(50, 400);
        for (int i = 0; i < events; ++i) {
            one_event(pair);
        }
    }));
}

TEST_P(IndexedScheduler, ChoosesAsAWalkDoesWhenNearlyAllServersAreUnusable) {
    EXPECT_TRUE(rc::check([name = GetParam()] {
        Pair pair(name, Profile::recent);
        const auto servers = *rc::gen::inRange(1, 30);
        for (int i = 0; i < servers; ++i) {
            pair.add(*rc::gen::element(0, 0, 4, 6, 10));
        }
        for (int i = 0; i < 200; ++i) {
            if (*rc::gen::inRange(0, 3) == 0) {
                pair.load(*rc::gen::inRange<std::size_t>(0, 30), 5, 5,
                          *rc::gen::inRange(0, 4) != 0);
            }
            pair.choose(static_cast<std::uint32_t>(i), 1);
        }
    }));
}

class LeastShare : public testing::TestWithParam<std::string_view> {};

/// Shares that differ by the least there is, beside and beyond the weights that ipvsadm takes.
TEST_P(LeastShare, IsFoundAmongSharesNearlyAlikeWhateverTheWeights) {
    for (const bool heavier : {false, true}) {
        EXPECT_TRUE(rc::check([heavier, name = GetParam()] {
            Pair pair(name, Profile::recent);
            const auto weight = [heavier] {
                return heavier ? *rc::gen::element(1, 65535, 65536, 1000003, 2147483646, 2147483647)
                               : *rc::gen::inRange(65531, 65536);
            };
            const auto servers = *rc::gen::inRange(2, 20);
            for (int i = 0; i < servers; ++i) {
                pair.add(weight());
            }
            for (int i = 0; i < 200; ++i) {
                const auto which = *rc::gen::inRange<std::size_t>(0, 20);
                if (*rc::gen::inRange(0, 10) == 0) {
                    pair.edit(which, weight());
                }
                pair.load(which, *rc::gen::inRange(65529, 65536), *rc::gen::inRange(0, 3), false);
                pair.choose(1, 1);
            }
        }));
    }
}

INSTANTIATE_TEST_SUITE_P(All, LeastShare, testing::Values("lc", "wlc", "sed", "nq", "fo", "ovf"),
                         [](const auto& test) { return std::string(test.param); });

INSTANTIATE_TEST_SUITE_P(All, IndexedScheduler,
                         testing::Values("rr", "wrr", "lc", "wlc", "sed", "nq", "fo", "ovf", "dh",
                                         "sh", "lblc", "lblcr"),
                         [](const auto& test) { return std::string(test.param); });

}  // namespace
}  // namespace lvslab::ipvs
