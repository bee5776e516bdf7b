// SPDX-License-Identifier: GPL-2.0-only
#include "core/server/application.hpp"

#include <cmath>

#include <gtest/gtest.h>

#include "core/scenario/plan.hpp"

namespace lvslab::server {
namespace {

using std::chrono::milliseconds;

const Address first_site = Address::v4(0x0A000001);
const Address second_site = Address::v4(0x0A000002);
const Address third_site = Address::v4(0x0A000003);

scenario::Server a_server() {
    scenario::Server server;
    server.name = "web1";
    server.workers = 1;
    server.service = scenario::Constant{0.010};
    return server;
}

/// When a request that arrives at an idle station at time zero is done.
Time done_alone(const scenario::Server& server, double quantile) {
    Application application(server);
    EXPECT_TRUE(application.arrive(1, quantile, first_site, Time{}));
    return application.next_completion();
}

TEST(ServerApplication, RequestCostsItsQuantileOfTheServiceTimes) {
    auto server = a_server();
    server.service = scenario::Exponential{0.040};
    const auto median = done_alone(server, 0.5);
    EXPECT_NEAR(to_seconds(median), 0.040 * std::log(2.0), 1e-9);
}

TEST(ServerApplication, SpeedDividesTheWork) {
    auto server = a_server();
    server.speed = 4;
    EXPECT_EQ(done_alone(server, 0.5), Time{std::chrono::microseconds(2500)});
}

TEST(ServerApplication, AWorkOfItsOwnTakesThePlaceOfTheQuantile) {
    auto server = a_server();
    server.speed = 2;
    const auto fixed = scenario::fixed_service(milliseconds(40));
    EXPECT_EQ(done_alone(server, fixed), Time{milliseconds(20)});
    EXPECT_EQ(done_alone(server, scenario::fixed_service(Duration{})), Time{});
    server.cache = scenario::Cache{2, scenario::Constant{0.100}};
    EXPECT_EQ(done_alone(server, fixed), Time{milliseconds(20)}) << "the miss was measured with it";
}

TEST(ServerApplication, EndlessWorkIsCutToWhatTheClocksHold) {
    auto server = a_server();
    server.service = scenario::Constant{1e30};
    EXPECT_EQ(done_alone(server, 0.5), Time{Station::longest_work});
}

TEST(ServerApplication, CacheMissCostsMoreAndTheNextRequestHits) {
    auto server = a_server();
    server.cache = scenario::Cache{2, scenario::Constant{0.100}};
    Application application(server);
    application.arrive(1, 0.5, first_site, Time{});
    EXPECT_EQ(application.next_completion(), Time{milliseconds(110)});
    ASSERT_EQ(application.complete(Time{milliseconds(110)}), 1U);
    application.arrive(2, 0.5, first_site, Time{milliseconds(110)});
    EXPECT_EQ(application.next_completion(), Time{milliseconds(120)});
    EXPECT_EQ(application.hits(), 1U);
    EXPECT_EQ(application.misses(), 1U);
}

TEST(ServerApplication, RequestThatIsTurnedAwayIsNotCached) {
    auto server = a_server();
    server.queue = 0;
    server.cache = scenario::Cache{2, scenario::Constant{0.100}};
    Application application(server);
    EXPECT_TRUE(application.arrive(1, 0.5, first_site, Time{}));
    EXPECT_FALSE(application.arrive(2, 0.5, second_site, Time{}));
    EXPECT_EQ(application.misses(), 1U);
    EXPECT_EQ(application.station().refused(), 1U);
}

TEST(ObjectCache, LeastRecentlyUsedObjectGoesFirst) {
    ObjectCache cache(2);
    EXPECT_FALSE(cache.ask(first_site));
    EXPECT_FALSE(cache.ask(second_site));
    EXPECT_TRUE(cache.ask(first_site));
    EXPECT_FALSE(cache.ask(third_site));  // throws the second out, not the first
    EXPECT_TRUE(cache.ask(first_site));
    EXPECT_FALSE(cache.ask(second_site));
    EXPECT_EQ(cache.size(), 2U);
}

}  // namespace
}  // namespace lvslab::server
