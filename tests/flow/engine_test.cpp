// SPDX-License-Identifier: GPL-2.0-only
// The engine without a network: queues, the director's table, what is left of connections.
#include "sim/flow/engine.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/base/random.hpp"
#include "sim/flow/completion_tree.hpp"
#include "sim/flow/event_queue.hpp"

namespace lvslab::flow_world {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;

const Endpoint virtual_service = *Endpoint::parse("10.0.0.1:80");
const ipvs::ServiceKey key{Protocol::tcp, virtual_service, {}, Family::ipv4};

Endpoint server_at(std::uint32_t i) {
    return {Address::v4(0x0A010001U + i), Port{80}};
}

server::StationSettings workers(unsigned count, std::optional<unsigned> queue = {}) {
    return {server::Discipline::fcfs, count, queue};
}

Engine engine_of(std::uint32_t servers, const server::StationSettings& station,
                 const std::string& scheduler,
                 ipvs::ForwardingMethod method = ipvs::ForwardingMethod::direct) {
    std::vector<EngineServer> list;
    for (std::uint32_t i = 0; i < servers; ++i) {
        list.push_back({server_at(i), station});
    }
    Engine engine(std::move(list));
    ipvs::ServiceSettings settings;
    settings.scheduler = scheduler;
    EXPECT_EQ(engine.ipvs().add_service(key, settings, Time{}), ipvs::ControlResult::ok);
    for (std::uint32_t i = 0; i < servers; ++i) {
        ipvs::DestinationSettings d;
        d.method = method;
        EXPECT_EQ(engine.ipvs().add_destination(key, server_at(i), d, Time{}),
                  ipvs::ControlResult::ok);
    }
    return engine;
}

/// Poisson arrivals with exponential work.
class Poisson {
public:
    Poisson(std::uint64_t count, double per_second, double mean_work)
        : left_(count), gap_(1 / per_second), work_(mean_work) {}
    bool next(Arrival& arrival) {
        if (left_ == 0) {
            return false;
        }
        --left_;
        now_ += Duration{static_cast<std::int64_t>(arrivals_.exponential(gap_) * 1e9)};
        arrival.at = now_;
        arrival.work = Duration{static_cast<std::int64_t>(service_.exponential(work_) * 1e9)};
        arrival.to = virtual_service;
        ++client_;
        arrival.client = {Address::v4(0xAC100002U + client_ / 60000),
                          Port{static_cast<std::uint16_t>(1024 + client_ % 60000)}};
        return true;
    }

private:
    std::uint64_t left_;
    double gap_, work_;
    std::uint32_t client_ = 0;
    Time now_{};
    RandomStream arrivals_{7, "arrivals"}, service_{7, "service"};
};

struct Recorder {
    std::vector<std::uint32_t> decisions;
    std::vector<Duration> responses;
    void decided(const Decided& d) { decisions.push_back(d.server); }
    void served(const Served& s) { responses.push_back(s.at - s.arrived); }
};

TEST(EventQueue, comes_out_by_time_and_for_one_time_in_the_order_of_going_in) {
    RandomStream random(3, "events");
    EventQueue queue;
    std::vector<std::pair<Time, EventQueue::What>> expected, seen;
    for (EventQueue::What i = 0; i < 2000; ++i) {
        const Time at{Duration{static_cast<std::int64_t>(random.below(50))}};
        queue.push(at, i);
        expected.emplace_back(at, i);
    }
    std::ranges::stable_sort(expected, {}, &std::pair<Time, EventQueue::What>::first);
    while (!queue.empty()) {
        seen.emplace_back(queue.top().at, queue.top().what);
        queue.pop();
    }
    EXPECT_EQ(seen, expected);
    EXPECT_EQ(queue.next(), never);
}

TEST(CompletionTree, gives_the_earliest_and_of_equal_times_the_one_that_was_set_first) {
    for (const std::uint32_t servers : {1U, 2U, 3U, 100U, 1500U}) {
        RandomStream random(4, "completions");
        CompletionTree tree(servers);
        EXPECT_EQ(tree.next(), never);
        std::vector<std::pair<Time, int>> plain(servers, {never, 0});  // when, and set as which
        for (int i = 1; i <= 5000; ++i) {
            const auto server = static_cast<std::uint32_t>(random.below(servers));
            const Time at = random.below(4) == 0
                                ? never
                                : Time{Duration{static_cast<std::int64_t>(random.below(60)) - 30}};
            tree.set(server, at);
            plain[server] = {at, i};
            ASSERT_EQ(tree.at(server), at);
            const auto first = std::ranges::min_element(plain);
            ASSERT_EQ(tree.next(), first->first);
            if (tree.next() != never) {
                ASSERT_EQ(tree.first(), first - plain.begin());
            }
        }
    }
    EXPECT_THROW(CompletionTree(std::size_t{1} << 24), std::invalid_argument);
}

TEST(Engine, rejects_all_without_servers) {
    auto engine = engine_of(0, workers(1), "rr");
    engine.feed(Poisson(3, 10, 1));
    engine.finish();
    EXPECT_EQ(engine.tally().arrivals, 3U);
    EXPECT_EQ(engine.tally().rejected, 3U);
}

TEST(Engine, takes_servers_in_turn_and_lets_connections_wait_for_theirs) {
    auto engine = engine_of(2, workers(1), "rr");
    const std::vector<std::int64_t> at{0, 1000, 2000, 3000};
    const std::vector<std::int64_t> work{10000, 10000, 10000, 10000};
    Recorder seen;
    engine.feed(ArrayArrivals(virtual_service, at, work, {}, {}), seen);
    engine.finish(never, seen);
    ASSERT_EQ(seen.decisions.size(), 4);
    EXPECT_EQ(seen.decisions[0], seen.decisions[2]);
    EXPECT_NE(seen.decisions[0], seen.decisions[1]);
    EXPECT_THAT(engine.tally().chosen, ElementsAre(2, 2));
    // The third came 2 us after the first, which had 10 us of work.
    EXPECT_THAT(seen.responses,
                ElementsAre(Duration{10000}, Duration{10000}, Duration{18000}, Duration{18000}));
    EXPECT_EQ(engine.open(), 0);
}

TEST(Engine, lets_the_table_forget_a_connection_when_its_timer_is_over) {
    auto engine = engine_of(1, workers(1), "rr");
    const std::vector<std::int64_t> at{0};
    engine.feed(ArrayArrivals(virtual_service, at, {}, {}, {}));
    engine.finish();
    engine.ipvs().advance(Time{seconds(119)});
    EXPECT_EQ(engine.ipvs().connection_count(), 1) << "FIN_WAIT lasts 120 s";
    engine.ipvs().advance(Time{seconds(121)});
    EXPECT_EQ(engine.ipvs().connection_count(), 0);
}

TEST(Engine, shows_the_director_replies_by_nat_and_none_by_direct_routing) {
    const auto state = [](ipvs::ForwardingMethod method) {
        auto engine = engine_of(1, workers(1), "rr", method);
        const std::vector<std::int64_t> at{0};
        engine.feed(ArrayArrivals(virtual_service, at, {}, {}, {}));
        engine.finish();
        std::string found;
        engine.ipvs().for_each_connection([&](const auto& c) { found = c.state; });
        return found;
    };
    EXPECT_EQ(state(ipvs::ForwardingMethod::nat), "TIME_WAIT");
    EXPECT_EQ(state(ipvs::ForwardingMethod::direct), "FIN_WAIT");
}

TEST(Engine, counts_what_no_server_takes) {
    auto full = engine_of(1, workers(1, 0), "rr");
    const std::vector<std::int64_t> at{0, 1};
    const std::vector<std::int64_t> work{1000, 1000};
    full.feed(ArrayArrivals(virtual_service, at, work, {}, {}));
    full.finish();
    EXPECT_EQ(full.tally().refused, 1);
    EXPECT_EQ(full.tally().served, 1);

    auto empty = engine_of(0, workers(1), "rr");
    empty.feed(ArrayArrivals(virtual_service, at, work, {}, {}));
    EXPECT_EQ(empty.tally().rejected, 2);
    EXPECT_EQ(empty.tally().served, 0);
}

TEST(Engine, divides_the_work_by_a_servers_speed) {
    Engine engine({{server_at(0), workers(1), 4}});
    ipvs::ServiceSettings settings;
    settings.scheduler = "rr";
    engine.ipvs().add_service(key, settings, Time{});
    engine.ipvs().add_destination(key, server_at(0), {}, Time{});
    const std::vector<std::int64_t> at{0}, work{4000};
    Recorder seen;
    engine.feed(ArrayArrivals(virtual_service, at, work, {}, {}), seen);
    engine.finish(never, seen);
    EXPECT_THAT(seen.responses, ElementsAre(Duration{1000}));
}

TEST(Engine, refuses_two_servers_of_one_address) {
    EXPECT_THROW(Engine({{server_at(0), {}, 1}, {server_at(0), {}, 1}}), std::invalid_argument);
}

TEST(Engine, is_an_mm1_queue_for_poisson_arrivals_at_one_server) {
    // Load 0.5, so a response takes 2 s in the mean. 200 000 connections: a standard error of
    // about 0.01 s.
    auto engine = engine_of(1, workers(1), "rr");
    engine.feed(Poisson(200000, 0.5, 1));
    engine.finish();
    EXPECT_NEAR(*engine.tally().response_times.mean(), 2, 0.06);
}

TEST(Engine, shares_a_server_among_all_that_are_there) {
    // Processor sharing: two that come together take twice as long.
    auto engine =
        engine_of(1, server::StationSettings{server::Discipline::processor_sharing, 1, {}}, "rr");
    const std::vector<std::int64_t> at{0, 0, 100}, work{1000, 1000, 10};
    Recorder seen;
    engine.feed(ArrayArrivals(virtual_service, at, work, {}, {}), seen);
    engine.finish(never, seen);
    ASSERT_EQ(seen.responses.size(), 3);
    EXPECT_EQ(seen.responses[0], Duration{30}) << "10 ns of work among three";
    EXPECT_EQ(seen.responses[2], Duration{2010});
}

TEST(Engine, holds_no_more_than_what_is_open) {
    auto engine = engine_of(10, workers(1), "wlc");
    Poisson first(20000, 8, 1);
    engine.feed(first);
    engine.finish();
    engine.ipvs().advance(engine.now() + std::chrono::hours(1));
    EXPECT_EQ(engine.ipvs().connection_count(), 0);
    EXPECT_EQ(engine.tally().served, 20000);
    EXPECT_EQ(engine.tally().response_times.count(), 20000);
    EXPECT_LT(engine.slots(), 500) << "slots are used again";
}

TEST(Engine, does_the_same_when_it_is_fed_in_parts) {
    auto whole = engine_of(5, workers(2), "lc");
    Poisson all(5000, 8, 1);
    Recorder of_whole;
    whole.feed(all, of_whole);
    whole.finish(never, of_whole);

    auto parted = engine_of(5, workers(2), "lc");
    Poisson source(5000, 8, 1);
    struct Part {
        Poisson& source;
        int left = 700;
        bool next(Arrival& a) { return left-- > 0 && source.next(a); }
    };
    Recorder of_parts;
    for (int i = 0; i < 8; ++i) {
        parted.feed(Part{source}, of_parts);
    }
    parted.finish(never, of_parts);
    EXPECT_EQ(of_parts.decisions, of_whole.decisions);
    EXPECT_EQ(of_parts.responses, of_whole.responses);
}

}  // namespace
}  // namespace lvslab::flow_world
