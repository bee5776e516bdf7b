// SPDX-License-Identifier: GPL-2.0-only
// A router's own services among others', across its end at any moment.
#include "realmode/ipvs/owned_ipvs.hpp"

#include <array>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <unistd.h>

#include "tests/real/dataplane/mortal_dataplane.hpp"

namespace lvslab::realmode {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using Result = ipvs::ControlResult;

ipvs::ServiceKey service(std::uint16_t port) {
    return {Protocol::tcp, {Address::v4(0x0AFF0001U), Port{port}}, {}, Family::ipv4};
}
Endpoint server(std::uint32_t number) {
    return {Address::v4(0x0A010000U + number), Port{80}};
}

class OwnedIpvsTest : public testing::Test {
protected:
    OwnedIpvsTest()
        : folder(std::filesystem::path(testing::TempDir()) /
                 ("owned_ipvs_" + std::to_string(getpid()))) {
        std::filesystem::remove_all(folder);
        std::filesystem::create_directories(folder);
    }
    ~OwnedIpvsTest() override {
        owned.reset();
        std::filesystem::remove_all(folder);
    }
    /// The router begins, or begins again.
    OwnedIpvs& start(const std::string& place = "boot1/1") {
        owned.reset();
        auto opened = open(place);
        EXPECT_TRUE(opened) << opened.diagnostics.to_string();
        owned = std::move(*opened);
        return *owned;
    }
    Checked<std::unique_ptr<OwnedIpvs>> open(const std::string& place = "boot1/1") {
        return OwnedIpvs::open(ipvs, file(), place,
                               [this](const std::string& text) { notes += text + "\n"; });
    }
    std::filesystem::path file() const { return folder / "services"; }
    std::string file_text() const {
        std::ifstream in(file());
        return {std::istreambuf_iterator<char>(in), {}};
    }
    void write_file(const std::string& text) { std::ofstream(file()) << text; }

    std::filesystem::path folder;
    MortalDataplane ipvs;
    std::unique_ptr<OwnedIpvs> owned;
    std::string notes;
};

TEST_F(OwnedIpvsTest, FindsItsServicesAfterARestart) {
    start().change(std::vector<ports::DataplaneChange>{
        ports::AddService{service(80), {.scheduler = "rr"}},
        ports::AddDestination{service(80), server(1), {.weight = Weight{7}}},
        ports::AddDestination{service(80), server(2), {}}});
    ipvs.below.add_service(service(25), {});
    const auto found = start().found();
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].service.key, service(80));
    EXPECT_EQ(found[0].settings.scheduler, "rr");
    ASSERT_EQ(found[0].destinations.size(), 2U);
    EXPECT_EQ(found[0].destinations[0].server.endpoint, server(1));
    EXPECT_EQ(found[0].destinations[0].settings.weight, Weight{7});
    EXPECT_EQ(owned->dump()->services.size(), 1U);
}

TEST_F(OwnedIpvsTest, ClearsItsOwnServicesOnly) {
    ipvs.below.add_service(service(25), {});
    start().add_service(service(80), {});
    owned->add_service(service(443), {});
    owned->clear();
    EXPECT_EQ(ipvs.dump()->services.size(), 1U);
    EXPECT_EQ(ipvs.dump()->services[0].key, service(25));
    EXPECT_EQ(file_text(), "lvsrouter services 1\nplace boot1/1\n");
}

TEST_F(OwnedIpvsTest, LeavesAServiceOfOthersWithItsKeyAlone) {
    ipvs.below.add_service(service(80), {});
    ipvs.below.add_destination(service(80), server(1), {});
    start();
    EXPECT_THAT(
        owned->change(std::vector<ports::DataplaneChange>{
            ports::AddService{service(80), {}}, ports::AddDestination{service(80), server(2), {}},
            ports::EditDestination{service(80), server(1), {.weight = Weight{9}}},
            ports::RemoveDestination{service(80), server(1)},
            ports::EditService{service(80), {.scheduler = "rr"}},
            ports::RemoveService{service(80)}}),
        ElementsAre(Result::exists, Result::no_such_service, Result::no_such_service,
                    Result::no_such_service, Result::no_such_service, Result::no_such_service));
    EXPECT_EQ(ipvs.changes, 0);
    EXPECT_THAT(notes, HasSubstr("service tcp 10.255.0.1:80 is in IPVS already"));
    EXPECT_FALSE(owned->owns(service(80)));
    EXPECT_THAT(start().found(), IsEmpty());
}

TEST_F(OwnedIpvsTest, AChangedWeightIsOneChangeAndNothingIsWritten) {
    start().add_service(service(80), {});
    owned->add_destination(service(80), server(1), {});
    std::filesystem::remove(file());
    ipvs.changes = 0;
    EXPECT_EQ(owned->edit_destination(service(80), server(1), {.weight = Weight{5}}), Result::ok);
    EXPECT_EQ(ipvs.changes, 1);
    EXPECT_FALSE(std::filesystem::exists(file()));
}

TEST_F(OwnedIpvsTest, AServiceThatOthersRemovedIsNotItsOwnAnyMore) {
    start().add_service(service(80), {});
    ipvs.below.remove_service(service(80));
    EXPECT_EQ(owned->add_destination(service(80), server(1), {}), Result::no_such_service);
    ipvs.below.add_service(service(80), {});
    EXPECT_EQ(owned->remove_service(service(80)), Result::no_such_service);
    EXPECT_EQ(ipvs.dump()->services.size(), 1U);
}

TEST_F(OwnedIpvsTest, ClaimsOfAnotherBootOrNamespaceHoldNothing) {
    start("boot1/1").add_service(service(80), {});
    EXPECT_THAT(start("boot1/2").found(), IsEmpty());
    EXPECT_THAT(start("boot1/1").found(), IsEmpty());  // nor do they come back
}

TEST_F(OwnedIpvsTest, AServiceThatIsAddedTwiceStaysItsOwn) {
    start().add_service(service(80), {});
    EXPECT_THAT(
        owned->change(std::vector<ports::DataplaneChange>{
            ports::AddService{service(80), {}}, ports::AddDestination{service(80), server(1), {}}}),
        ElementsAre(Result::exists, Result::no_such_service));
    EXPECT_TRUE(owned->owns(service(80)));
    EXPECT_EQ(owned->add_destination(service(80), server(1), {}), Result::ok);
    EXPECT_EQ(start().found().size(), 1U);
}

TEST_F(OwnedIpvsTest, DropsAClaimOnAServiceThatIsGone) {
    start().add_service(service(80), {});
    ipvs.below.remove_service(service(80));
    start();
    ipvs.below.add_service(service(80), {});
    EXPECT_THAT(start().found(), IsEmpty());
}

TEST_F(OwnedIpvsTest, AClaimOfAServiceThatNeverCameIsNotOnOneThatOthersAdd) {
    start();
    ipvs.dies_before = 0;
    EXPECT_THROW(owned->add_service(service(80), {.scheduler = "rr"}), Killed);
    EXPECT_THAT(file_text(), HasSubstr("unsure tcp 10.255.0.1:80 rr "));
    ipvs.below.add_service(service(80), {.scheduler = "wlc"});
    EXPECT_THAT(start().found(), IsEmpty());
    EXPECT_THAT(notes, HasSubstr("is now another one: it is left alone"));
}

TEST_F(OwnedIpvsTest, AddsNothingThatItCannotClaim) {
    start().add_service(service(80), {});
    owned->add_destination(service(80), server(1), {});
    std::filesystem::remove_all(folder);  // as if the disk were full
    ipvs.changes = 0;
    EXPECT_THAT(
        owned->change(std::vector<ports::DataplaneChange>{
            ports::AddService{service(443), {}}, ports::AddDestination{service(443), server(1), {}},
            ports::EditDestination{service(80), server(1), {.weight = Weight{3}}}}),
        ElementsAre(Result::failed, Result::no_such_service, Result::ok));
    EXPECT_EQ(ipvs.changes, 1);
    EXPECT_THAT(notes, HasSubstr("cannot be written: no service is added"));
    EXPECT_EQ(owned->remove_service(service(80)), Result::ok);
    std::filesystem::create_directories(folder);
    EXPECT_EQ(owned->add_service(service(443), {}), Result::ok);
    EXPECT_EQ(start().found().size(), 1U);
}

TEST_F(OwnedIpvsTest, WhatADyingRouterStillAddsIsRemovedOnceItIsGone) {
    start().add_service(service(80), {});
    ipvs.dies_before = 2;
    EXPECT_THROW(owned->change(std::vector<ports::DataplaneChange>{
                     ports::AddService{service(443), {}}, ports::AddService{service(25), {}}}),
                 Killed);
    ipvs.dies_before = -1;
    ipvs.below.add_service(service(53), {});
    const auto written = file_text();
    const auto removed = OwnedIpvs::remove_claimed(ipvs, file(), "boot1/1", {});
    ASSERT_TRUE(removed);
    EXPECT_THAT(*removed, ElementsAre(service(80), service(443)));
    EXPECT_EQ(file_text(), written);
    // The call that the router had under way.
    ipvs.below.add_service(service(25), {});
    start().clear();
    const auto left = ipvs.dump();
    ASSERT_EQ(left->services.size(), 1U);
    EXPECT_EQ(left->services[0].key, service(53));
}

TEST_F(OwnedIpvsTest, RefusesAFileThatIsNoneOfItsOwn) {
    write_file("virtual http {\n");
    const auto opened = open();
    EXPECT_FALSE(opened);
    EXPECT_EQ(opened.diagnostics.to_string(),
              file().string() + ":1: \"virtual http {\" is no line of a router's services\n" +
                  file().string() + ": it does not say where it holds\n");
    EXPECT_EQ(file_text(), "virtual http {\n");
}

TEST_F(OwnedIpvsTest, SaysThatItsFileCannotBeWritten) {
    std::filesystem::remove_all(folder);
    const auto opened = open();
    EXPECT_FALSE(opened);
    EXPECT_EQ(opened.diagnostics.to_string(), file().string() + ": cannot be written\n");
}

TEST_F(OwnedIpvsTest, HalfAFileOfAKilledWriterIsNotRead) {
    start().add_service(service(80), {});
    std::ofstream(file().string() + ".new") << "lvsrouter serv";
    EXPECT_EQ(start().found().size(), 1U);
}

TEST(ThisPlace, NamesTheBootAndTheNetworkNamespace) {
    const auto place = this_place();
    EXPECT_THAT(place, testing::MatchesRegex("[0-9a-f-]+/[0-9]+"));
    EXPECT_EQ(place, this_place());
}

// ---- killed at any moment ----

ipvs::ServiceSettings any_settings(std::initializer_list<const char*> schedulers) {
    return {.scheduler = *rc::gen::elementOf(
                std::vector<std::string>(schedulers.begin(), schedulers.end()))};
}

ports::DataplaneChange any_change() {
    const auto key = service(*rc::gen::inRange<std::uint16_t>(1, 5));
    const auto to = server(*rc::gen::inRange(1U, 3U));
    switch (*rc::gen::inRange(0, 6)) {
        case 0:
        case 1:
            return ports::AddService{key, any_settings({"rr", "wlc"})};
        case 2:
            return ports::EditService{key, any_settings({"rr", "wlc"})};
        case 3:
            return ports::RemoveService{key};
        case 4:
            return ports::AddDestination{key, to, {}};
        default:
            return ports::RemoveDestination{key, to};
    }
}

TEST_F(OwnedIpvsTest, AKillAtAnyMomentLeavesNoServiceUnclaimedAndNoClaimOnOthers) {
    const bool held = rc::check("own services are known after any end", [&] {
        std::filesystem::remove(file());
        owned.reset();
        ipvs = {};
        std::set<ipvs::ServiceKey> foreign;
        // Others' services that are there before may look as ours.
        for (std::uint16_t port = 1; port < 5; ++port) {
            if (*rc::gen::inRange(0, 4) == 0) {
                ipvs.below.add_service(service(port), any_settings({"rr", "wlc"}));
                foreign.insert(service(port));
            }
        }
        start();
        ipvs.dies_before = *rc::gen::inRange(-1, 12);
        ipvs.dies_after = *rc::gen::inRange(-1, 12);
        try {
            for (int batch = *rc::gen::inRange(1, 5); batch > 0; --batch) {
                std::vector<ports::DataplaneChange> changes;
                for (int n = *rc::gen::inRange(0, 5); n > 0; --n) {
                    changes.push_back(any_change());
                }
                owned->change(changes);
            }
        } catch (const Killed&) {
        }
        ipvs.dies_before = ipvs.dies_after = -1;
        // Others add some that do not, while nobody looks.
        for (std::uint16_t port = 1; port < 5; ++port) {
            if (*rc::gen::arbitrary<bool>() &&
                ipvs.below.add_service(service(port), {.scheduler = "sh"}) == Result::ok) {
                foreign.insert(service(port));
            }
        }
        start();
        const auto table = ipvs.dump();
        for (const auto& listed : table->services) {
            RC_ASSERT(owned->owns(listed.key) == !foreign.contains(listed.key));
        }
        const auto others = std::ranges::count_if(
            table->services, [&](const auto& s) { return foreign.contains(s.key); });
        owned->clear();
        const auto left = ipvs.dump();
        RC_ASSERT(std::ranges::ssize(left->services) == others);
        for (const auto& listed : left->services) {
            RC_ASSERT(foreign.contains(listed.key));
        }
    });
    EXPECT_TRUE(held);
}

// ---- the file ----

TEST(ServiceClaims, AreReadAsTheyWereWritten) {
    const ServiceClaims claims{
        "5c2f/4026531840",
        {service(80), {Protocol::udp, *Endpoint::parse("[::1]:53"), {}, Family::ipv6}},
        {{normalised({Protocol::ip, {}, Fwmark{3}, Family::ipv6}), {"rr ops", "wlc"}},
         {normalised({Protocol::ip, {}, Fwmark{3}, Family::ipv4}), {"sh flag-1"}}}};
    const auto text = print(claims);
    EXPECT_EQ(text,
              "lvsrouter services 1\nplace 5c2f/4026531840\nown tcp 10.255.0.1:80\n"
              "own udp [::1]:53\nunsure fwmark 3 sh flag-1\nunsure fwmark 3 ipv6 rr ops\n"
              "unsure fwmark 3 ipv6 wlc\n");
    const auto read = parse_claims(text, "f");
    ASSERT_TRUE(read) << read.diagnostics.to_string();
    EXPECT_EQ(*read, claims);
}

TEST(ServiceClaims, TellEveryBadLineAtItsPlace) {
    const auto read = parse_claims(
        "lvsrouter services 1\nplace x\nown tcp 10.0.0.1\nown fwmark 0\nunsure tcp 10.0.0.1:80\n"
        "own tcp 10.0.0.1:80 rr\nown fwmark 3x\n",
        "f");
    EXPECT_FALSE(read);
    ASSERT_EQ(read.diagnostics.items().size(), 5U);
    EXPECT_EQ(read.diagnostics.items()[0].to_string(),
              "f:3: \"own tcp 10.0.0.1\" is no line of a router's services");
    EXPECT_EQ(read.diagnostics.items()[4].location.line, 7U);
}

TEST(ServiceClaims, LooksTellEverySettingThatTheKernelKeeps) {
    using namespace std::chrono_literals;
    const ipvs::ServiceSettings all{.scheduler = "sh",
                                    .persistent = 300s,
                                    .persistence_mask = Address::v4(0xFFFFFF00U),
                                    .persistence_prefix = 64,
                                    .one_packet = true,
                                    .scheduler_flag_1 = true,
                                    .scheduler_flag_2 = true};
    EXPECT_EQ(looks_of(all, Family::ipv4),
              "sh persistent 300 mask 255.255.255.0 ops flag-1 flag-2");
    EXPECT_EQ(looks_of(all, Family::ipv6), "sh persistent 300 mask 64 ops flag-1 flag-2");
    EXPECT_EQ(looks_of({}, Family::ipv4), "wlc persistent 0 mask 255.255.255.255");
}

}  // namespace
}  // namespace lvslab::realmode
