// SPDX-License-Identifier: GPL-2.0-only
// A node that is in the middle of its work when the run begins, and one whose settings change.
#include <stdexcept>

#include "tests/unit/pulse/pulse_story.hpp"

namespace lvslab::pulse {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr auto primary = NodeRole::primary;
constexpr auto backup = NodeRole::backup;

Settings with_commands(NodeRole role) {
    auto settings = Story::pair(role);
    settings.syncdaemon = true;
    settings.active_cmd = "/bin/on";
    settings.inactive_cmd = "/bin/off";
    return settings;
}

TEST(SettledPulse, IsActiveAndHasItsAddressesButAnnouncesNothing) {
    Story node(with_commands(primary), {Start::settled_active});
    EXPECT_TRUE(node.node().active());
    EXPECT_THAT(node.done(),
                ElementsAre(Action{RoleChanged{true, Reason::settled}}, Action{StartRouter{}},
                            Action{SetSyncRole{SyncRole::master}}, Action{RaiseAddresses{}}));
    node.passes(60s);
    EXPECT_THAT(node.done_of<AnnounceAddresses>(), IsEmpty());
    EXPECT_THAT(node, still_active());
}

TEST(SettledPulse, StandsByWithTheSyncDaemonAsBackup) {
    Story node(with_commands(backup), {Start::settled_backup});
    EXPECT_THAT(node, still_inactive());
    EXPECT_THAT(node.done(), ElementsAre(Action{SetSyncRole{SyncRole::backup}}));
}

TEST(SettledPulse, SendsItsFirstHeartbeatAtItsPhaseAndThenEachKeepalive) {
    Story node(Story::pair(primary), {Start::settled_active, 700ms});
    node.passes(699ms);
    EXPECT_THAT(node.done_of<SendHeartbeat>(), IsEmpty());
    node.passes(700ms);
    EXPECT_THAT(node.done_of<SendHeartbeat>().size(), 2U);
    EXPECT_EQ(node.node().next_deadline(), Time{} + 2700ms);
}

TEST(SettledPulse, CountsDeadtimeFromTheWordBeforeTheRun) {
    Story node(Story::pair(backup), {Start::settled_backup, 700ms, 1500ms});
    node.passes(4499ms);
    EXPECT_THAT(node, still_inactive());
    node.passes(4500ms);
    EXPECT_THAT(node, became_active(Reason::partner_silent));
}

TEST(SettledPulse, ColdStartMayHaveAPhaseToo) {
    Story node(Story::pair(backup), {Start::cold, 300ms, 1500ms});
    EXPECT_EQ(node.node().next_deadline(), Time{} + 300ms);
    node.passes(5999ms);
    EXPECT_THAT(node, still_inactive());
    node.passes(6s);
    EXPECT_THAT(node, became_active(Reason::partner_silent));
}

Reconfigured to(Settings settings, Duration keepalive, Duration deadtime) {
    settings.keepalive = keepalive;
    settings.deadtime = deadtime;
    return {settings};
}

// ---- after the death of an active program of this node ----

TEST(PulseAfterDeath, SaysAtOnceThatItStandsByAndThenEachKeepalive) {
    Story node(Story::pair(primary), {Start::after_active, 700ms});
    node.passes(0s);
    EXPECT_THAT(node, still_inactive());
    const std::vector stands_by{SendHeartbeat{Path::public_net, Word::stopped},
                                SendHeartbeat{Path::private_net, Word::stopped}};
    EXPECT_EQ(node.done_of<SendHeartbeat>(), stands_by);
    node.passes(1999ms);
    EXPECT_THAT(node.done_of<SendHeartbeat>(), IsEmpty());
    node.passes(2s);
    EXPECT_EQ(node.done_of<SendHeartbeat>(), stands_by);
}

TEST(PulseAfterDeath, LeavesTheServiceToAStoppedPartnerForDeadtimeAndNotLonger) {
    Story node(Story::pair(primary), {Start::after_active});
    for (const Duration when : {1ms, 2000ms, 4000ms, 5999ms}) {
        node.at(when, heartbeat(Word::stopped));
        EXPECT_THAT(node, still_inactive()) << lvslab::to_string(when);
    }
    node.passes(6s);
    EXPECT_THAT(node, became_active(Reason::partner_silent));
}

// What it heard until then has answered its last word: a partner that waited too has said so.
TEST(PulseAfterDeath, TakesTheServiceWhenItsNextWordIsDueAndSaysSoInstead) {
    auto settings = Story::pair(primary);
    settings.keepalive = 2500ms;
    Story node(settings, {Start::after_active});
    node.passes(7499ms);
    EXPECT_THAT(node, still_inactive());
    node.passes(7500ms);
    EXPECT_THAT(node, became_active(Reason::partner_silent));
    EXPECT_EQ(node.done_of<SendHeartbeat>(),
              (std::vector{SendHeartbeat{Path::public_net, Word::running},
                           SendHeartbeat{Path::private_net, Word::running}}));
    EXPECT_EQ(node.node().next_deadline(), Time{} + 8500ms) << "the second announcement";
}

TEST(PulseAfterDeath, StandsByForAPartnerThatTookTheService) {
    Story node(Story::pair(primary), {Start::after_active});
    node.at(1s, heartbeat(Word::stopped));
    node.at(2s, heartbeat(Word::running));
    EXPECT_THAT(node, still_inactive());
    node.passes(7999ms);
    EXPECT_THAT(node, still_inactive());
    node.passes(8s);
    EXPECT_THAT(node, became_active(Reason::partner_silent));
}

TEST(PulseAfterDeath, TakesTheServiceThatThePartnerHandsBackWithinDeadtime) {
    Story node(Story::pair(primary), {Start::after_active});
    node.at(1s, heartbeat(Word::running));
    node.at(2s, heartbeat(Word::stopped));
    EXPECT_THAT(node, became_active(Reason::partner_stopped));
}

TEST(PulseAfterDeath, AColdStartHasNobodyToLeaveItTo) {
    Story node(Story::pair(primary));
    node.at(1s, heartbeat(Word::stopped));
    EXPECT_THAT(node, became_active(Reason::partner_stopped));
}

TEST(PulseAfterDeath, WhoIsForcedToBeActiveIsAndSaysSoAtOnce) {
    auto settings = Story::pair(primary);
    settings.force_active = true;
    Story node(settings, {Start::after_active});
    EXPECT_THAT(node, became_active(Reason::forced));
    node.passes(0s);
    EXPECT_EQ(node.done_of<SendHeartbeat>().front(),
              (SendHeartbeat{Path::public_net, Word::running}));
}

TEST(PulseAfterDeath, WithoutABackupItIsActiveAfterDeadtime) {
    auto settings = Story::pair(primary);
    settings.backup_active = false;
    Story node(settings, {Start::after_active});
    node.passes(5999ms);
    EXPECT_THAT(node.done_of<SendHeartbeat>(), IsEmpty());
    node.passes(6s);
    EXPECT_THAT(node, became_active(Reason::partner_silent));
}

TEST(PulseReload, KeepsTheRoleAndTheDeadlineOfWhatDidNotChange) {
    Story node(backup);
    node.at(3s, heartbeat(Word::running));
    auto settings = Story::pair(backup);
    settings.active_cmd = "/bin/other";
    node.at(3500ms, Reconfigured{settings});
    EXPECT_THAT(node.done(), IsEmpty());
    EXPECT_EQ(node.node().next_deadline(), Time{} + 4s);
    node.passes(9s);
    EXPECT_THAT(node, became_active(Reason::partner_silent));
    EXPECT_THAT(node.done_of<RunScript>(), ElementsAre(RunScript{"/bin/other"}));
}

TEST(PulseReload, ShorterKeepaliveCountsFromTheLastHeartbeat) {
    Story node(backup);
    node.at(2500ms, to(Story::pair(backup), 1s, 6s));
    EXPECT_EQ(node.node().next_deadline(), Time{} + 3s);
    node.at(2600ms, to(Story::pair(backup), 250ms, 6s));
    EXPECT_EQ(node.node().next_deadline(), Time{} + 2600ms);
}

TEST(PulseReload, LongerDeadtimeCountsFromTheLastWord) {
    Story node(backup);
    node.at(1s, heartbeat(Word::running));
    node.at(5s, to(Story::pair(backup), 2s, 18s));
    node.passes(18999ms);
    EXPECT_THAT(node, still_inactive());
    node.passes(19s);
    EXPECT_THAT(node, became_active(Reason::partner_silent));
}

TEST(PulseReload, ShorterDeadtimeIsGivenWhole) {
    Story node(backup);
    node.at(3s, heartbeat(Word::running));
    node.at(5s, to(Story::pair(backup), 250ms, 1s));
    node.passes(5999ms);
    EXPECT_THAT(node, still_inactive());
    node.passes(6s);
    EXPECT_THAT(node, became_active(Reason::partner_silent));
}

TEST(PulseReload, OfAShorterDeadtimeDoesNotPutOffADeadlineThatIsNearer) {
    Story node(backup);
    node.at(1s, heartbeat(Word::running));
    node.at(6900ms, to(Story::pair(backup), 250ms, 1s));
    node.passes(7s);
    EXPECT_THAT(node, became_active(Reason::partner_silent));
}

TEST(PulseReload, StopsAndStartsHeartbeatsWithBackupActive) {
    Story node(primary);
    auto alone = Story::pair(primary);
    alone.backup_active = false;
    node.at(3s, Reconfigured{alone});
    node.passes(20s);
    EXPECT_THAT(node.done_of<SendHeartbeat>(), IsEmpty());
    node.at(21s, Reconfigured{Story::pair(primary)});
    node.passes(23s);
    EXPECT_THAT(node.done_of<SendHeartbeat>().size(), 2U);
}

TEST(PulseReload, EndsABackupThatIsNotWantedAnyMore) {
    Story node(with_commands(backup), {Start::settled_active});
    auto settings = with_commands(backup);
    settings.backup_active = false;
    node.at(1s, Reconfigured{settings});
    EXPECT_THAT(node, became_inactive(Reason::terminated));
    EXPECT_TRUE(node.noted(Notice::no_backup_wanted));
    EXPECT_FALSE(node.node().running());
    EXPECT_EQ(node.node().next_deadline(), never);
}

TEST(PulseReload, AnnouncesFiveTimesWhenTheActiveNodeHasNewAddresses) {
    Story node(Story::pair(primary), {Start::settled_active});
    node.at(1s, AddressesRaised{});
    EXPECT_THAT(node.done_of<AnnounceAddresses>(), ElementsAre(AnnounceAddresses{1}));
    node.passes(60s);
    EXPECT_EQ(node.done_of<AnnounceAddresses>().size(), 4U);
    Story standby(backup);
    standby.at(1s, AddressesRaised{});
    EXPECT_THAT(standby.done(), IsEmpty());
}

TEST(PulseReload, RefusesTimesThatAreNotPositiveAndKeepsTheOld) {
    Pulse node(Story::pair(backup));
    node.step(Started{}, Time{});
    EXPECT_THROW(node.step(to(Story::pair(backup), 0s, 6s), Time{} + 1s), std::invalid_argument);
    EXPECT_EQ(node.settings().keepalive, 2s);
}

}  // namespace
}  // namespace lvslab::pulse
