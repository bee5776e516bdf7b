// SPDX-License-Identifier: GPL-2.0-only
// A router's services beside others', killed at any change, cleared up after by the next start.
#include "realmode/daemon/router_dataplane.hpp"

#include <memory>
#include <optional>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "realmode/daemon/leftovers.hpp"
#include "tests/real/dataplane/mortal_dataplane.hpp"
#include "tests/unit/realmode_daemon/temporary_folder.hpp"

namespace lvslab::realmode {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Result = ipvs::ControlResult;

ipvs::ServiceKey service(std::uint16_t port) {
    return {Protocol::tcp, {Address::v4(0x0AFF0001U), Port{port}}, {}, Family::ipv4};
}
Endpoint server(std::uint32_t number) {
    return {Address::v4(0x0A010000U + number), Port{80}};
}

class RouterDataplaneTest : public testing::Test {
protected:
    RouterDataplane& start() {
        router.reset();
        auto opened = OwnedIpvs::open(kernel, folder.path() + "/services", "boot/1", {});
        EXPECT_TRUE(opened) << opened.diagnostics.to_string();
        own = *std::move(opened.value);
        return router.emplace(*own, [this] { ++signs; });
    }

    TemporaryFolder folder;
    MortalDataplane kernel;
    int signs = 0;
    std::unique_ptr<OwnedIpvs> own;
    std::optional<RouterDataplane> router;
};

const std::vector<ports::DataplaneChange> three_services{
    ports::AddService{service(443), {}}, ports::AddDestination{service(443), server(1), {}},
    ports::AddService{service(80), {}},  ports::AddDestination{service(80), server(1), {}},
    ports::AddService{service(25), {}},  ports::AddDestination{service(25), server(1), {}}};

/// Somebody else's has one of our keys, and looks as ours would.
TEST_F(RouterDataplaneTest, AServiceOfOthersWithItsKeySurvivesAKillAtAnyChangeAndTheNextStart) {
    kernel.below.add_service(service(80), {});
    kernel.below.add_destination(service(80), server(9), {});
    const auto before = *kernel.dump();
    for (int nth = -1; nth < 5; ++nth) {
        for (auto* dies : {&kernel.dies_before, &kernel.dies_after}) {
            start();
            kernel.changes = 0;
            *dies = nth;
            try {
                EXPECT_EQ(router->change(three_services)[2], Result::exists);
            } catch (const Killed&) {
            }
            *dies = -1;
            start();
            remove_services(*own);
            EXPECT_EQ(*kernel.dump(), before) << "killed at change " << nth;
        }
    }
}

TEST_F(RouterDataplaneTest, LeavesItsServicesToTheNextStartWhenTheyAreToBeKept) {
    start().change(three_services);
    const auto before = *kernel.dump();
    router->keep_services();
    EXPECT_EQ(router->remove_destination(service(80), server(1)), Result::ok);
    EXPECT_EQ(router->remove_service(service(80)), Result::ok);
    router->clear();
    EXPECT_EQ(*kernel.dump(), before);
    start();
    EXPECT_EQ(own->found().size(), 3U);
    EXPECT_EQ(router->remove_service(service(80)), Result::ok);
}

TEST_F(RouterDataplaneTest, ClearsItsOwnServicesAlone) {
    kernel.below.add_service(service(22), {});
    start().change(three_services);
    router->clear();
    ASSERT_EQ(kernel.dump()->services.size(), 1U);
    EXPECT_EQ(kernel.dump()->services[0].key, service(22));
}

TEST_F(RouterDataplaneTest, GivesASignOfLifeBeforeAndAfterItsChanges) {
    start().change(three_services);
    EXPECT_EQ(signs, 2);
}

TEST_F(RouterDataplaneTest, WhatIsRemovedAfterItsEndIsTold) {
    start().add_service(service(80), {});
    start();
    EXPECT_THAT(remove_services(*own), ElementsAre("service tcp 10.255.0.1:80 removed"));
    EXPECT_THAT(remove_services(*own), IsEmpty());
}

}  // namespace
}  // namespace lvslab::realmode
