// SPDX-License-Identifier: GPL-2.0-only
#include <gtest/gtest.h>

#include "core/ipvs/template_doubt.hpp"
#include "tests/unit/ipvs/ipvs_story.hpp"

namespace lvslab::ipvs {
namespace {

Time moment(Duration since_start) {
    return Time(since_start);
}

/// A template that is due at 60 s on a wheel with granules of 2.048 s: its window ends at 62.056 s.
TemplateDoubt due_at_sixty() {
    return TemplateDoubt(Wheel{}, {{{moment(60s), moment(60s)}, 60s}});
}

TEST(TemplateDoubt, ATemplateWhoseConnectionsWentBeforeGoesWithinItsWindow) {
    auto doubt = due_at_sixty();
    const TimeSpan before{moment(50s), moment(51s)};
    EXPECT_FALSE(doubt.may_be_gone(moment(59s), before));
    EXPECT_TRUE(doubt.may_be_gone(moment(61s), before));
    EXPECT_FALSE(doubt.pass(doubt.next_certain(), before));
}

TEST(TemplateDoubt, ATemplateThatIsHeldPastItsWindowIsSetAnewFromWhenItFired) {
    auto doubt = due_at_sixty();
    const TimeSpan held{moment(90s), never};
    EXPECT_FALSE(doubt.may_be_gone(moment(62s), held));
    ASSERT_TRUE(doubt.pass(doubt.next_certain(), held));
    EXPECT_FALSE(doubt.may_be_gone(moment(63s), held));
    const auto courses = doubt.possible(moment(63s), held);
    ASSERT_EQ(courses.size(), 1U);
    EXPECT_EQ(courses[0].due.earliest, moment(120s));
    EXPECT_EQ(courses[0].due.latest, moment(122056ms));
}

TEST(TemplateDoubt, InOneGranuleWithItsLastConnectionItMayGoOrStayUntilItIsSeen) {
    auto doubt = due_at_sixty();
    const TimeSpan same{moment(60500ms), moment(62500ms)};
    ASSERT_TRUE(doubt.pass(doubt.next_certain(), same));
    EXPECT_TRUE(doubt.may_be_gone(moment(63s), same));
    doubt.seen_alive(moment(63s));
    EXPECT_FALSE(doubt.may_be_gone(moment(64s), same));
    EXPECT_EQ(doubt.earliest(), moment(120s));
}

/// The same firing, 60 s after the template was set at 0 s; its last connection goes in the same
/// tick by a timer of this place.
Time due_after_release(const TemplateDoubt::Place& timer) {
    auto doubt = due_at_sixty();
    const TimeSpan same{moment(60500ms), moment(62500ms)};
    doubt.released(same, timer);
    EXPECT_TRUE(doubt.pass(doubt.next_certain(), same));
    EXPECT_TRUE(doubt.may_be_gone(moment(63s), same));
    return doubt.due();
}

TEST(TemplateDoubt, AConnectionThatWasSetLaterGoesFirstAndTheTemplateWithIt) {
    const auto level = wheel_level(60s);
    EXPECT_EQ(due_after_release({level, moment(0s)}), moment(60s));
    EXPECT_EQ(due_after_release({level, moment(5s)}), moment(60s));
}

TEST(TemplateDoubt, AConnectionThatWasSetBeforeStillHoldsIt) {
    EXPECT_EQ(due_after_release({wheel_level(60s), moment(-60s)}), moment(120s));
}

TEST(TemplateDoubt, TimersOfHigherLevelsGoFirst) {
    EXPECT_EQ(due_after_release({wheel_level(300s), moment(-240s)}), moment(60s));
    EXPECT_EQ(due_after_release({wheel_level(10s), moment(50s)}), moment(120s));
}

TEST(Hooks, WithoutAServiceOfTheFamilyPacketsPassAndEntriesLiveOn) {
    Story s;
    s.service("rr");
    s.server("10.1.0.10:80");
    EXPECT_EQ(s.goes("172.16.5.1:1", syn), "10.1.0.10:80");
    ASSERT_EQ(s.ipvs.remove_service(s.key, s.now), ControlResult::ok);
    EXPECT_EQ(s.goes("172.16.5.1:1", ack), "passed");
    EXPECT_EQ(s.from_server("10.1.0.10:80", "172.16.5.1:1", syn_ack).action, Action::pass);
    EXPECT_EQ(s.ipvs.connection_count(), 1U);
    s.service("rr");
    s.server("10.1.0.10:80");
    EXPECT_EQ(s.goes("172.16.5.1:1", ack), "10.1.0.10:80");
}

TEST(Hooks, AServiceOfAnotherFamilyDoesNotKeepThem) {
    Story s;
    s.service("rr");
    s.server("10.1.0.10:80");
    s.goes("172.16.5.1:1", syn);
    const ServiceKey six{Protocol::tcp, at("[fd00::1]:80"), {}, Family::ipv6};
    ASSERT_EQ(s.ipvs.add_service(six, {}, s.now), ControlResult::ok);
    ASSERT_EQ(s.ipvs.remove_service(s.key, s.now), ControlResult::ok);
    EXPECT_EQ(s.goes("172.16.5.1:1", ack), "passed");
}

}  // namespace
}  // namespace lvslab::ipvs
