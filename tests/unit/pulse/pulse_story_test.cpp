// SPDX-License-Identifier: GPL-2.0-only
// What one router does about what it hears.
#include <stdexcept>

#include "tests/unit/pulse/pulse_story.hpp"

namespace lvslab::pulse {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr auto primary = NodeRole::primary;
constexpr auto backup = NodeRole::backup;

const SendHeartbeat public_running{Path::public_net, Word::running};
const SendHeartbeat private_running{Path::private_net, Word::running};
const SendHeartbeat public_stopped{Path::public_net, Word::stopped};
const SendHeartbeat private_stopped{Path::private_net, Word::stopped};

/// A backup that took over at 6 s.
Story active_node(Settings settings) {
    Story node(std::move(settings));
    node.passes(6s);
    EXPECT_THAT(node, became_active(Reason::partner_silent));
    return node;
}
Story active_node(NodeRole role) {
    return active_node(Story::pair(role));
}

TEST(Pulse, StartsInactiveWithTheSyncDaemonAsBackup) {
    auto settings = Story::pair(primary);
    settings.syncdaemon = true;
    settings.inactive_cmd = "/bin/off";
    Story node(settings);
    EXPECT_THAT(node, still_inactive());
    EXPECT_THAT(node.done(),
                ElementsAre(Action{RunScript{"/bin/off"}}, Action{SetSyncRole{SyncRole::backup}}));
}

TEST(Pulse, TakesNoEventBeforeItsStart) {
    Pulse node(Story::pair(primary));
    EXPECT_THAT(node.step(heartbeat(Word::stopped), Time{}), IsEmpty());
    EXPECT_FALSE(node.active());
    EXPECT_EQ(node.next_deadline(), never);
}

TEST(Pulse, TakesOverWhenThePartnerIsSilentForDeadtimeFromTheStart) {
    Story node(backup);
    node.passes(5999ms);
    EXPECT_THAT(node, still_inactive());
    node.passes(6s);
    EXPECT_THAT(node, became_active(Reason::partner_silent));
}

TEST(Pulse, CountsDeadtimeFromTheLastWordHeard) {
    Story node(backup);
    node.at(2s, heartbeat(Word::running));
    node.at(4s, heartbeat(Word::running));
    node.passes(9999ms);
    EXPECT_THAT(node, still_inactive());
    node.passes(10s);
    EXPECT_THAT(node, became_active(Reason::partner_silent));
}

TEST(Pulse, IsKeptQuietByEitherPathAlone) {
    for (const auto path : {Path::public_net, Path::private_net}) {
        Story node(backup);
        for (auto t = 2s; t <= 60s; t += 2s) {
            node.at(t, heartbeat(Word::running, path));
            EXPECT_THAT(node, still_inactive());
        }
    }
}

TEST(Pulse, SendsItsWordOnBothPathsEachKeepalive) {
    Story node(backup);
    node.passes(1999ms);
    EXPECT_THAT(node.done(), IsEmpty());
    node.at(2s, heartbeat(Word::running));
    EXPECT_THAT(node.done_of<SendHeartbeat>(), ElementsAre(public_stopped, private_stopped));
    node.passes(3999ms);
    EXPECT_THAT(node.done(), IsEmpty());
    node.passes(4s);
    EXPECT_THAT(node.done_of<SendHeartbeat>(), ElementsAre(public_stopped, private_stopped));
}

TEST(Pulse, SendsOnThePublicPathAloneWhereThereIsNoPrivateOne) {
    auto settings = Story::pair(backup);
    settings.private_path = false;
    Story node(settings);
    node.passes(2s);
    EXPECT_THAT(node.done_of<SendHeartbeat>(), ElementsAre(public_stopped));
}

TEST(Pulse, SaysRunningOnceItIsActive) {
    auto node = active_node(primary);
    node.passes(8s);
    EXPECT_THAT(node.done_of<SendHeartbeat>(), ElementsAre(public_running, private_running));
}

TEST(Pulse, ActivatesInTheOrderOfTheOriginal) {
    auto settings = Story::pair(backup);
    settings.syncdaemon = true;
    settings.active_cmd = "/bin/on";
    Story node(settings);
    node.passes(5s);
    node.passes(6s);
    EXPECT_THAT(node.done(), ElementsAre(Action{public_stopped}, Action{private_stopped},
                                         Action{RoleChanged{true, Reason::partner_silent}},
                                         Action{RunScript{"/bin/on"}}, Action{StartRouter{}},
                                         Action{SetSyncRole{SyncRole::master}},
                                         Action{RaiseAddresses{}}, Action{AnnounceAddresses{1}}));
}

TEST(Pulse, DeactivatesInTheOrderOfTheOriginalAfterOneLastHeartbeat) {
    auto settings = Story::pair(backup);
    settings.syncdaemon = true;
    settings.inactive_cmd = "/bin/off";
    auto node = active_node(settings);
    node.passes(12s);
    node.at(12500ms, heartbeat(Word::running));
    EXPECT_THAT(node, became_inactive(Reason::partner_running));
    EXPECT_THAT(node.done(),
                ElementsAre(Action{public_running}, Action{private_running},
                            Action{RoleChanged{false, Reason::partner_running}},
                            Action{RunScript{"/bin/off"}}, Action{SetSyncRole{SyncRole::backup}},
                            Action{StopRouter{}}, Action{LowerAddresses{}}));
}

TEST(Pulse, AnnouncesFiveTimesASecondApart) {
    auto node = active_node(primary);
    EXPECT_THAT(node.done_of<AnnounceAddresses>(), ElementsAre(AnnounceAddresses{1}));
    for (int nth = 2; nth <= 5; ++nth) {
        node.passes(std::chrono::seconds(5 + nth) - 1ns);
        EXPECT_THAT(node.done_of<AnnounceAddresses>(), IsEmpty());
        node.passes(std::chrono::seconds(5 + nth));
        EXPECT_THAT(node.done_of<AnnounceAddresses>(), ElementsAre(AnnounceAddresses{nth}));
        EXPECT_FALSE(node.noted(Notice::announced));
    }
    node.passes(11s);
    EXPECT_THAT(node.done_of<AnnounceAddresses>(), IsEmpty());
    EXPECT_TRUE(node.noted(Notice::announced));
    node.passes(60s);
    EXPECT_THAT(node.done_of<AnnounceAddresses>(), IsEmpty());
}

TEST(Pulse, AnnouncesNoMoreOnceTheRoleIsLost) {
    auto node = active_node(backup);
    node.at(7500ms, heartbeat(Word::running));
    EXPECT_THAT(node, became_inactive(Reason::partner_running));
    node.passes(13s);
    EXPECT_THAT(node.done_of<AnnounceAddresses>(), IsEmpty());
    EXPECT_FALSE(node.noted(Notice::announced));
}

TEST(Pulse, ActivePrimaryThatHearsRunningStaysAndAnnouncesAgain) {
    auto node = active_node(primary);
    node.passes(30s);
    node.at(30500ms, heartbeat(Word::running));
    EXPECT_THAT(node, still_active());
    EXPECT_TRUE(node.noted(Notice::both_active));
    EXPECT_THAT(node.done_of<AnnounceAddresses>(), ElementsAre(AnnounceAddresses{1}));
    node.passes(35500ms);
    EXPECT_THAT(node.done_of<AnnounceAddresses>(),
                ElementsAre(AnnounceAddresses{2}, AnnounceAddresses{3}, AnnounceAddresses{4},
                            AnnounceAddresses{5}));
}

TEST(Pulse, EitherNodeActivatesWhenThePartnerSaysThatItIsInactive) {
    for (const auto role : {primary, backup}) {
        Story node(role);
        node.at(1s, heartbeat(Word::stopped));
        EXPECT_THAT(node, became_active(Reason::partner_stopped));
    }
}

TEST(Pulse, ActiveNodeStaysSoWhenThePartnerSaysStoppedOrNothing) {
    for (const auto role : {primary, backup}) {
        auto node = active_node(role);
        node.at(7s, heartbeat(Word::stopped));
        EXPECT_THAT(node, still_active());
        node.passes(100s);
        EXPECT_THAT(node, still_active());
    }
}

TEST(Pulse, RepairedPrimaryStandsByWhileTheBackupIsActive) {
    Story node(primary);
    for (auto t = 1s; t <= 101s; t += 2s) {
        node.at(t, heartbeat(Word::running));
        EXPECT_THAT(node, still_inactive());
    }
}

TEST(Pulse, ForcedActiveStartsActive) {
    auto settings = Story::pair(primary);
    settings.force_active = true;
    Story node(settings);
    EXPECT_THAT(node, became_active(Reason::forced));
}

TEST(Pulse, RefusedWordIsReportedAndIsNoSignOfLife) {
    Story node(backup);
    node.at(5s, Heard{Path::private_net, RefusedWord{Refusal::unknown, 4, 7}});
    ASSERT_TRUE(node.noted(Notice::word_refused));
    EXPECT_THAT(node.done_of<Note>().front().detail, testing::HasSubstr("0x00000007"));
    node.passes(6s);
    EXPECT_THAT(node, became_active(Reason::partner_silent));
}

TEST(Pulse, DeadRouterTakesTheNodeOutUntilThePartnerRuns) {
    auto node = active_node(primary);
    node.at(20s, RouterDied{});
    EXPECT_THAT(node, became_inactive(Reason::router_died));
    EXPECT_TRUE(node.node().faulty());
    node.passes(22s);
    EXPECT_THAT(node.done_of<SendHeartbeat>(), ElementsAre(public_stopped, private_stopped));
    node.at(23s, heartbeat(Word::stopped));
    EXPECT_THAT(node, still_inactive());
    node.at(24s, heartbeat(Word::running));
    EXPECT_TRUE(node.noted(Notice::fault_cleared));
    EXPECT_THAT(node, still_inactive());
    node.at(25s, heartbeat(Word::stopped));
    EXPECT_THAT(node, became_active(Reason::partner_stopped));
}

TEST(Pulse, DeadRouterWithoutAPartnerStaysDown) {
    auto node = active_node(primary);
    node.at(20s, RouterDied{});
    node.passes(1h);
    EXPECT_THAT(node, still_inactive());
}

TEST(Pulse, LostLinkTakesTheNodeOutWithTheNextHeartbeat) {
    auto settings = Story::pair(primary);
    settings.monitor_links = true;
    auto node = active_node(settings);
    node.at(20500ms, LinksAre{false});
    EXPECT_THAT(node, still_active());
    node.passes(22s);
    EXPECT_THAT(node, became_inactive(Reason::links_down));
    EXPECT_TRUE(node.noted(Notice::links_down));
    node.at(23s, heartbeat(Word::stopped));
    EXPECT_THAT(node, still_inactive());
    node.passes(60s);
    EXPECT_THAT(node, still_inactive());
}

TEST(Pulse, LinkThatComesBackGivesThePartnerAWholeDeadtimeToBeHeard) {
    auto settings = Story::pair(backup);
    settings.monitor_links = true;
    Story node(settings);
    node.at(1s, LinksAre{false});
    node.passes(20500ms);
    EXPECT_THAT(node, still_inactive());
    node.at(20600ms, LinksAre{true});
    node.passes(22s);
    EXPECT_TRUE(node.noted(Notice::links_up));
    node.passes(27999ms);
    EXPECT_THAT(node, still_inactive());
    node.passes(28s);
    EXPECT_THAT(node, became_active(Reason::partner_silent));
}

TEST(Pulse, LinkFlapBetweenTwoHeartbeatsGoesUnnoticed) {
    auto settings = Story::pair(primary);
    settings.monitor_links = true;
    auto node = active_node(settings);
    node.at(20500ms, LinksAre{false});
    node.at(21500ms, LinksAre{true});
    node.passes(60s);
    EXPECT_THAT(node, still_active());
}

TEST(Pulse, LinksDoNotMatterUnlessTheyAreMonitoredAndThereIsABackup) {
    for (const bool monitored : {true, false}) {
        auto settings = Story::pair(primary);
        settings.monitor_links = monitored;
        settings.backup_active = !monitored;
        auto node = active_node(settings);
        node.at(20s, LinksAre{false});
        node.passes(60s);
        EXPECT_THAT(node, still_active());
    }
}

TEST(Pulse, ReleaseTellsThePartnerAtOnce) {
    auto node = active_node(primary);
    node.passes(20s);
    node.at(20500ms, Released{});
    EXPECT_THAT(node, became_inactive(Reason::released));
    EXPECT_THAT(node.done_of<SendHeartbeat>(), ElementsAre(public_stopped, private_stopped));
}

TEST(Pulse, ReleasedNodeDoesNotTakeBackOnAWordThatCrossedItsOwn) {
    auto node = active_node(primary);
    node.at(20500ms, Released{});
    node.at(20501ms, heartbeat(Word::stopped));
    EXPECT_THAT(node, still_inactive());
    node.at(21s, heartbeat(Word::running));
    EXPECT_THAT(node, still_inactive());
    node.at(22s, heartbeat(Word::stopped));
    EXPECT_THAT(node, became_active(Reason::partner_stopped));
}

TEST(Pulse, ReleasedNodeTakesBackFromAPartnerThatDoesNotTakeOver) {
    auto node = active_node(primary);
    node.at(20500ms, Released{});
    node.at(22s, heartbeat(Word::stopped));
    EXPECT_THAT(node, still_inactive());
    node.at(26499ms, heartbeat(Word::stopped));
    EXPECT_THAT(node, still_inactive());
    node.at(26500ms, heartbeat(Word::stopped));
    EXPECT_THAT(node, became_active(Reason::partner_stopped));
}

TEST(Pulse, ReleasedNodeTakesBackFromASilentPartner) {
    auto node = active_node(primary);
    node.at(20500ms, heartbeat(Word::stopped));
    node.at(20600ms, Released{});
    node.passes(26599ms);
    EXPECT_THAT(node, still_inactive()) << "what was heard before the release does not count";
    node.passes(26600ms);
    EXPECT_THAT(node, became_active(Reason::partner_silent));
}

// A partner that waits as well hears of it before its own wait is over.
TEST(Pulse, ReleasedNodeThatIsActiveAgainSaysSoAtOnce) {
    auto node = active_node(primary);
    node.passes(20s);
    node.at(20100ms, Released{});
    node.at(25s, heartbeat(Word::stopped));
    node.passes(26s);
    node.at(26100ms, heartbeat(Word::stopped));
    EXPECT_THAT(node, became_active(Reason::partner_stopped));
    EXPECT_THAT(node.done_of<SendHeartbeat>(), ElementsAre(public_running, private_running));
    node.passes(27999ms);
    EXPECT_THAT(node.done_of<SendHeartbeat>(), IsEmpty());
    node.passes(28s);
    EXPECT_THAT(node.done_of<SendHeartbeat>(), ElementsAre(public_running, private_running));
}

// Two words of one moment may arrive in any order, by two paths.
TEST(Pulse, ReleasedNodeThatIsActiveAgainAsAWordIsDueSaysNothingElse) {
    auto node = active_node(primary);
    node.passes(20s);
    node.at(20s, Released{});
    node.passes(25s);
    node.passes(26s);
    EXPECT_THAT(node, became_active(Reason::partner_silent));
    EXPECT_THAT(node.done_of<SendHeartbeat>(), ElementsAre(public_running, private_running));
}

TEST(Pulse, EventsThatDoNotApplyChangeNothing) {
    Story node(backup);
    node.at(1s, RouterDied{});
    EXPECT_FALSE(node.node().faulty());
    node.at(1s, Released{});
    node.at(1s, Started{});
    EXPECT_THAT(node, still_inactive());
    EXPECT_THAT(node.done(), IsEmpty());
    node.at(1s, heartbeat(Word::stopped));
    EXPECT_THAT(node, became_active(Reason::partner_stopped));
}

TEST(Pulse, TerminatedNodeCleansUpAndIsSilentFromThenOn) {
    auto node = active_node(primary);
    node.at(20500ms, Terminated{});
    EXPECT_THAT(node, became_inactive(Reason::terminated));
    EXPECT_EQ(node.node().next_deadline(), never);
    node.at(21s, heartbeat(Word::stopped));
    EXPECT_THAT(node.done(), IsEmpty());
    EXPECT_FALSE(node.node().active());
}

TEST(Pulse, PrimaryWithoutABackupSendsNothingAndActivatesAfterDeadtime) {
    auto settings = Story::pair(primary);
    settings.backup_active = false;
    settings.deadtime = 18s;
    Story node(settings);
    node.passes(17999ms);
    EXPECT_THAT(node.done(), IsEmpty());
    node.passes(18s);
    EXPECT_THAT(node, became_active(Reason::partner_silent));
    node.passes(60s);
    EXPECT_THAT(node.done_of<SendHeartbeat>(), IsEmpty());
}

TEST(Pulse, BackupThatIsNotWantedEndsAtOnce) {
    auto settings = Story::pair(backup);
    settings.backup_active = false;
    Story node(settings);
    EXPECT_TRUE(node.noted(Notice::no_backup_wanted));
    EXPECT_FALSE(node.node().running());
    EXPECT_EQ(node.node().next_deadline(), never);
}

TEST(Pulse, NodeThatWasHeldUpSendsOneWordNotAllThatItMissed) {
    auto node = active_node(primary);
    node.at(7s, heartbeat(Word::stopped));
    node.passes(8s);
    node.held_up_until(61s, Woken{});
    EXPECT_THAT(node.done_of<SendHeartbeat>(), ElementsAre(public_running, private_running));
    EXPECT_THAT(node.done_of<AnnounceAddresses>(), ElementsAre(AnnounceAddresses{4}));
    node.passes(62999ms);
    EXPECT_THAT(node.done_of<SendHeartbeat>(), IsEmpty());
}

TEST(Pulse, StandbyThatWasHeldUpTrustsAWaitingWordBeforeItsDeadline) {
    Story node(backup);
    node.at(2s, heartbeat(Word::running));
    node.held_up_until(61s, heartbeat(Word::running));
    EXPECT_THAT(node, still_inactive());
    node.held_up_until(61s, Woken{});
    EXPECT_THAT(node, still_inactive());
}

TEST(Pulse, StandbyThatWasHeldUpAndFindsNoWordTakesOver) {
    Story node(backup);
    node.at(2s, heartbeat(Word::running));
    node.held_up_until(61s, Woken{});
    EXPECT_THAT(node, became_active(Reason::partner_silent));
}

TEST(Pulse, WorksBelowASecond) {
    auto settings = Story::pair(backup);
    settings.keepalive = 250ms;
    settings.deadtime = 1s;
    Story node(settings);
    node.at(250ms, heartbeat(Word::running));
    EXPECT_THAT(node.done_of<SendHeartbeat>(), ElementsAre(public_stopped, private_stopped));
    node.passes(1249ms);
    EXPECT_THAT(node, still_inactive());
    node.passes(1250ms);
    EXPECT_THAT(node, became_active(Reason::partner_silent));
}

TEST(Pulse, RefusesTimesThatAreNotPositive) {
    auto settings = Story::pair(backup);
    settings.keepalive = 0s;
    EXPECT_THROW(Pulse{settings}, std::invalid_argument);
    settings = Story::pair(backup);
    settings.deadtime = -1s;
    EXPECT_THROW(Pulse{settings}, std::invalid_argument);
}

Settings taking_back(NodeRole role) {
    auto settings = Story::pair(role);
    settings.failback = Failback::primary;
    return settings;
}

TEST(Failback, PrimaryTakesBackAfterStandingByForDeadtimeAndSaysSoAtOnce) {
    Story node(taking_back(primary));
    node.at(5s, heartbeat(Word::running));
    EXPECT_THAT(node, still_inactive());
    node.at(6500ms, heartbeat(Word::running));
    EXPECT_THAT(node, became_active(Reason::failback));
    EXPECT_THAT(node.done_of<SendHeartbeat>().back(), private_running);
}

TEST(Failback, BackupNeverTakesBack) {
    Story node(taking_back(backup));
    for (auto t = 1s; t <= 61s; t += 2s) {
        node.at(t, heartbeat(Word::running));
        EXPECT_THAT(node, still_inactive());
    }
}

TEST(Failback, RouterThatDiedIsGivenDeadtimeBeforeItTakesBack) {
    auto node = active_node(taking_back(primary));
    node.at(20s, RouterDied{});
    node.at(21s, heartbeat(Word::running));
    EXPECT_THAT(node, still_inactive());
    node.at(26999ms, heartbeat(Word::running));
    EXPECT_THAT(node, still_inactive());
    node.at(27s, heartbeat(Word::running));
    EXPECT_THAT(node, became_active(Reason::failback));
}

TEST(Failback, NodeWithADeadLinkDoesNotTakeBack) {
    auto settings = taking_back(primary);
    settings.monitor_links = true;
    Story node(settings);
    node.at(500ms, LinksAre{false});
    for (auto t = 1s; t <= 61s; t += 2s) {
        node.at(t, heartbeat(Word::running));
        EXPECT_THAT(node, still_inactive());
    }
}

TEST(Failback, PrimaryThatHandedOverOnPurposeDoesNotTakeBack) {
    auto node = active_node(taking_back(primary));
    node.at(20s, Released{});
    for (auto t = 21s; t <= 81s; t += 2s) {
        node.at(t, heartbeat(Word::running));
        EXPECT_THAT(node, still_inactive());
    }
    node.at(82s, heartbeat(Word::stopped));
    EXPECT_THAT(node, became_active(Reason::partner_stopped));
}

}  // namespace
}  // namespace lvslab::pulse
