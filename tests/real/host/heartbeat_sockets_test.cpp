// SPDX-License-Identifier: GPL-2.0-only
// Heartbeats between two hosts, and what else comes to their port.
#include "realmode/host/heartbeat_sockets.hpp"

#include <gmock/gmock.h>
#include <unistd.h>

#include <filesystem>
#include <map>
#include <memory>

#include "realmode/host/interfaces.hpp"
#include "realmode/host/loop_timers.hpp"
#include "tests/real/host/two_hosts.hpp"

namespace lvslab::realmode::testing {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr auto public_net = pulse::Path::public_net;
constexpr auto private_net = pulse::Path::private_net;
const auto running = pulse::encode(pulse::Word::running);
const auto stopped = pulse::encode(pulse::Word::stopped);
const std::vector<std::uint8_t> running_bytes(running.begin(), running.end());

using Word = std::pair<pulse::Path, std::vector<std::uint8_t>>;

Word word(pulse::Path path, const pulse::WireWord& bytes) {
    return {path, {bytes.begin(), bytes.end()}};
}

/// A host that speaks and listens.
struct Speaker {
    Speaker(EventLoop& loop, const NetworkNamespace& on) : host(on) {
        const Inside inside(host);
        interfaces = std::make_unique<Interfaces>(loop);
    }

    Diagnostics open(EventLoop& loop, const config::LvsConfig& config, HeartbeatSockets::Note note,
                     std::optional<HeartbeatAuthentication> authentication = {}) {
        const Inside inside(host);
        sockets.reset();
        auto opened = HeartbeatSockets::open(
            loop, config, *interfaces, std::move(authentication),
            [this](pulse::Path path, std::span<const std::uint8_t> bytes) {
                heard.emplace_back(path, std::vector(bytes.begin(), bytes.end()));
            },
            std::move(note));
        if (opened) {
            sockets = std::move(*opened);
        }
        return opened.diagnostics;
    }

    const NetworkNamespace& host;
    std::unique_ptr<Interfaces> interfaces;
    std::unique_ptr<HeartbeatSockets> sockets;
    std::vector<Word> heard;
};

class Heartbeats : public TwoHosts {
protected:
    void open_both(const config::LvsConfig& config = pair()) {
        EXPECT_TRUE(primary.open(loop, config, note()).empty());
        EXPECT_TRUE(backup.open(loop, config, note()).empty());
    }
    void reconfigure(Speaker& who, const config::LvsConfig& config) {
        const Inside inside(who.host);
        who.sockets->reconfigure(config);
    }
    /// The loop runs on this host, so that what it opens is there.
    bool until_on(const NetworkNamespace& host, const std::function<bool()>& it_is_so) {
        const Inside inside(host);
        return until(it_is_so);
    }
    bool hears(Speaker& who, std::size_t words) {
        return until([&] { return who.heard.size() >= words; });
    }

    Speaker primary{loop, first};
    Speaker backup{loop, second};
};

TEST_F(Heartbeats, GoBothWaysOnBothPaths) {
    open_both();
    primary.sockets->send(public_net, running);
    primary.sockets->send(private_net, running);
    backup.sockets->send(public_net, stopped);
    backup.sockets->send(private_net, stopped);
    ASSERT_TRUE(hears(backup, 2) && hears(primary, 2));
    EXPECT_THAT(backup.heard, ElementsAre(word(public_net, running), word(private_net, running)));
    EXPECT_THAT(primary.heard, ElementsAre(word(public_net, stopped), word(private_net, stopped)));
    EXPECT_THAT(notes, IsEmpty());
}

TEST_F(Heartbeats, AreTheOriginalsFourBytesFromPortToPort) {
    EXPECT_TRUE(primary.open(loop, pair(), note()).empty());
    PlainSocket piranha(second, "10.0.0.10", 539);
    primary.sockets->send(public_net, running);
    const auto got = piranha.received();
    ASSERT_THAT(got, SizeIs(1));
    EXPECT_THAT(got[0].bytes, ElementsAre(0xDA, 0xDB, 0xAD, 0xBD));
    EXPECT_EQ(got[0].from, "10.0.0.9:539");
    piranha.send("10.0.0.9", 539, running_bytes);
    ASSERT_TRUE(hears(primary, 1));
    EXPECT_THAT(primary.heard, ElementsAre(word(public_net, running)));
}

TEST_F(Heartbeats, AreHeardInTheOrderInWhichTheyCameWhicheverPathTheyTook) {
    // A node that was held up has both paths' words waiting: the oldest of one path is no news
    // behind the last of the other.
    open_both();
    primary.sockets->send(private_net, stopped);
    primary.sockets->send(public_net, stopped);
    primary.sockets->send(private_net, running);
    primary.sockets->send(public_net, running);
    ASSERT_TRUE(hears(backup, 4));
    EXPECT_THAT(backup.heard, ElementsAre(word(private_net, stopped), word(public_net, stopped),
                                          word(private_net, running), word(public_net, running)));
}

TEST_F(Heartbeats, GoOnOnThePathThatIsLeft) {
    open_both();
    ip(second, "link set eth0 down\n");
    for (int i = 0; i < 3; ++i) {
        primary.sockets->send(public_net, running);
        primary.sockets->send(private_net, running);
    }
    ASSERT_TRUE(hears(backup, 3));
    EXPECT_THAT(backup.heard, Contains(word(private_net, running)).Times(3));
    ip(second, "link set eth0 up\n");
    EXPECT_TRUE(until([&] {
        primary.sockets->send(public_net, running);
        return !backup.heard.empty() && backup.heard.back().first == public_net;
    }));
}

TEST_F(Heartbeats, WithoutAPrivateNetworkThereIsOnePath) {
    auto config = pair();
    config.primary_private = config.backup_private = Address{};
    open_both(config);
    primary.sockets->send(private_net, running);
    primary.sockets->send(public_net, running);
    ASSERT_TRUE(hears(backup, 1));
    EXPECT_THAT(backup.heard, ElementsAre(word(public_net, running)));
}

TEST_F(Heartbeats, OfStrangersAreDroppedCountedAndNotedOnce) {
    open_both();
    ip(second, "addr add 10.0.0.66/24 dev eth0\n");
    PlainSocket other_address(second, "10.0.0.66", 539);
    PlainSocket other_port(second, "10.0.0.10", 40000);
    for (int i = 0; i < 50; ++i) {
        other_address.send("10.0.0.9", 539, running_bytes);
        other_port.send("10.0.0.9", 539, running_bytes);
    }
    ASSERT_TRUE(until([&] { return primary.sockets->dropped().of_strangers == 100; }));
    EXPECT_THAT(primary.heard, IsEmpty());
    EXPECT_THAT(notes, ElementsAre("datagram from 10.0.0.66:539 on the heartbeat port: not the "
                                   "partner's address and port; dropped"));
    backup.sockets->send(public_net, stopped);
    EXPECT_TRUE(hears(primary, 1));
}

TEST_F(Heartbeats, OfWrongLengthAreTheRoutersToJudge) {
    open_both();
    PlainSocket partner(second, "192.168.10.10", 540);
    auto config = pair();
    config.heartbeat_port = Port{540};
    reconfigure(primary, config);
    partner.send("192.168.10.9", 540, std::vector<std::uint8_t>(60000, 7));
    partner.send("192.168.10.9", 540, {});
    ASSERT_TRUE(hears(primary, 2));
    EXPECT_THAT(primary.heard[0].second, SizeIs(60000));
    EXPECT_THAT(primary.heard[1].second, IsEmpty());
}

TEST_F(Heartbeats, ToAPartnerThatDoesNotListenYetAreLostAndNoMore) {
    EXPECT_TRUE(primary.open(loop, pair(), note()).empty());
    for (int i = 0; i < 5; ++i) {
        primary.sockets->send(public_net, running);
        settle();
    }
    EXPECT_TRUE(backup.open(loop, pair(), note()).empty());
    primary.sockets->send(public_net, running);
    backup.sockets->send(public_net, stopped);
    EXPECT_TRUE(hears(backup, 1) && hears(primary, 1));
    EXPECT_THAT(notes, IsEmpty());
}

TEST_F(Heartbeats, PortInUseIsOneErrorWithItsPlace) {
    PlainSocket other(first, "10.0.0.9", 539);
    const auto found = primary.open(loop, pair(), note());
    EXPECT_FALSE(primary.sockets);
    EXPECT_EQ(found.to_string(),
              "lvs.cf: heartbeats on the public path: 10.0.0.9:539/udp is in use by another "
              "program\n");
}

TEST_F(Heartbeats, PortThatAReloadFindsInUseIsTriedAgain) {
    open_both();
    auto other = std::make_unique<PlainSocket>(first, "10.0.0.9", 540);
    auto config = pair();
    config.heartbeat_port = Port{540};
    reconfigure(primary, config);
    reconfigure(backup, config);
    EXPECT_THAT(notes, ElementsAre(HasSubstr("10.0.0.9:540/udp is in use by another program")));
    backup.sockets->send(private_net, stopped);
    ASSERT_TRUE(hears(primary, 1));
    other.reset();
    EXPECT_TRUE(until_on(first, [&] { return notes.size() == 2; }));
    EXPECT_THAT(notes.back(), HasSubstr("bound to 10.0.0.9:540"));
    backup.sockets->send(public_net, stopped);
    EXPECT_TRUE(hears(primary, 2));
}

TEST_F(Heartbeats, AddressThatComesLaterIsBoundThen) {
    ip(second, "addr del 10.0.0.10/24 dev eth0\n");
    const auto found = backup.open(loop, pair(), note());
    EXPECT_FALSE(found.has_errors());
    EXPECT_EQ(found.to_string(),
              "lvs.cf: warning: heartbeats on the public path: no interface has the address "
              "10.0.0.10; tried again each second\n");
    EXPECT_TRUE(primary.open(loop, pair(), note()).empty());
    primary.sockets->send(private_net, running);
    EXPECT_TRUE(hears(backup, 1));
    ip(second, "addr add 10.0.0.10/24 dev eth0\n");
    ASSERT_TRUE(until_on(second, [&] { return !notes.empty(); }));
    EXPECT_THAT(notes, ElementsAre("heartbeats on the public path: bound to 10.0.0.10:539"));
    primary.sockets->send(public_net, running);
    ASSERT_TRUE(hears(backup, 2));
    EXPECT_EQ(backup.heard.back(), word(public_net, running));
}

// Its addresses tell a node whether it is the primary: late ones, late.
TEST_F(Heartbeats, PrimaryWhoseAddressesComeLaterIsThePrimaryThen) {
    ip(first, "addr flush dev eth0\naddr flush dev eth1\n");
    Speaker late(loop, first);
    EXPECT_FALSE(late.open(loop, pair(), note()).empty());
    ip(first, "addr add 10.0.0.9/24 dev eth0\naddr add 192.168.10.9/24 dev eth1\n");
    ASSERT_TRUE(until_on(first, [&] { return notes.size() == 2; }));
    EXPECT_TRUE(backup.open(loop, pair(), note()).empty());
    late.sockets->send(public_net, running);
    late.sockets->send(private_net, running);
    ASSERT_TRUE(hears(backup, 2));
}

TEST_F(Heartbeats, NewPartnerOfAReloadIsHeardAndTheOldOneIsNot) {
    open_both();
    ip(second, "addr add 10.0.0.20/24 dev eth0\n");
    PlainSocket newcomer(second, "10.0.0.20", 539);
    auto config = pair();
    config.backup = address("10.0.0.20");
    reconfigure(primary, config);
    newcomer.send("10.0.0.9", 539, running_bytes);
    ASSERT_TRUE(hears(primary, 1));
    backup.sockets->send(public_net, stopped);
    ASSERT_TRUE(until([&] { return primary.sockets->dropped().of_strangers == 1; }));
    EXPECT_THAT(primary.heard, ElementsAre(word(public_net, running)));
    primary.sockets->send(public_net, running);
    EXPECT_THAT(newcomer.received(), SizeIs(1));
}

// A standby that was held up must not take over from a partner whose words wait.
TEST_F(Heartbeats, ThatWaitAreHandedInBeforeAnAlarmThatIsDue) {
    open_both();
    LoopTimers timers(loop);
    timers.read_first([&] { backup.sockets->read(); });
    std::size_t heard_before = 0;
    bool silent = false;
    const auto due = timers.now() + std::chrono::milliseconds(1);
    timers.at(due, [&] {
        silent = true;
        heard_before = backup.heard.size();
    });
    for (int i = 0; i < 20; ++i) {
        primary.sockets->send(public_net, running);
        primary.sockets->send(private_net, running);
    }
    while (timers.now() <= due) {
    }
    ASSERT_TRUE(until([&] { return silent; }));
    EXPECT_EQ(heard_before, 40U);
}

TEST_F(Heartbeats, OverIpv6GoTheSameWay) {
    auto config = pair();
    config.primary = address("2001:db8::9");
    config.backup = address("2001:db8::10");
    open_both(config);
    primary.sockets->send(public_net, running);
    backup.sockets->send(public_net, stopped);
    ASSERT_TRUE(hears(backup, 1) && hears(primary, 1));
    EXPECT_THAT(backup.heard, ElementsAre(word(public_net, running)));
}

TEST_F(Heartbeats, SocketsThatHaveEndedLeaveThePortFree) {
    open_both();
    primary.sockets->send(public_net, running);
    backup.sockets.reset();
    settle();
    EXPECT_THAT(backup.heard, IsEmpty());
    EXPECT_TRUE(backup.open(loop, pair(), note()).empty());
}

// ---- with a key ----

class HeartbeatsWithAKey : public Heartbeats {
protected:
    HeartbeatsWithAKey() {
        char name[] = "/tmp/heartbeat_numbers_XXXXXX";
        folder = ::mkdtemp(name);
    }
    ~HeartbeatsWithAKey() override { std::filesystem::remove_all(folder); }

    HeartbeatAuthentication key(const std::string& whose, std::uint8_t byte = 1) const {
        return {HeartbeatKey{std::vector<std::uint8_t>(32, byte)}, folder / whose};
    }
    Diagnostics open(Speaker& who, const std::string& name, std::uint8_t byte = 1) {
        return who.open(loop, pair(), note(), key(name, byte));
    }

    std::filesystem::path folder;
};

TEST_F(HeartbeatsWithAKey, AreUnderstoodByWhoHasTheSame) {
    EXPECT_TRUE(open(primary, "primary").empty());
    EXPECT_TRUE(open(backup, "backup").empty());
    for (int i = 0; i < 3; ++i) {
        primary.sockets->send(public_net, running);
        primary.sockets->send(private_net, running);
        backup.sockets->send(public_net, stopped);
    }
    ASSERT_TRUE(hears(backup, 6) && hears(primary, 3));
    EXPECT_THAT(backup.heard, AllOf(Contains(word(public_net, running)).Times(3),
                                    Contains(word(private_net, running)).Times(3)));
    EXPECT_THAT(primary.heard, Contains(word(public_net, stopped)).Times(3));
    EXPECT_EQ(primary.sockets->dropped(), HeartbeatSockets::Dropped{});
    EXPECT_THAT(notes, IsEmpty());
}

TEST_F(HeartbeatsWithAKey, OfAnotherKeyOrNoneAreDroppedAndNoted) {
    EXPECT_TRUE(open(primary, "primary").empty());
    EXPECT_TRUE(open(backup, "backup", 2).empty());
    backup.sockets->send(public_net, stopped);
    backup.sockets->send(public_net, stopped);
    ASSERT_TRUE(until([&] { return primary.sockets->dropped().forged == 2; }));
    EXPECT_TRUE(backup.open(loop, pair(), note()).empty());
    backup.sockets->send(public_net, stopped);
    ASSERT_TRUE(until([&] { return primary.sockets->dropped().forged == 3; }));
    EXPECT_THAT(primary.heard, IsEmpty());
    EXPECT_THAT(notes, ElementsAre("heartbeat from 10.0.0.10 was not made with this router's key; "
                                   "dropped"));
}

TEST_F(HeartbeatsWithAKey, WithoutOneAreNoteworthyByTheirLength) {
    EXPECT_TRUE(open(primary, "primary").empty());
    EXPECT_TRUE(backup.open(loop, pair(), note()).empty());
    backup.sockets->send(public_net, stopped);
    ASSERT_TRUE(until([&] { return !notes.empty(); }));
    EXPECT_THAT(notes, ElementsAre("heartbeat from 10.0.0.10 of 4 bytes; one with a key has 44; "
                                   "dropped"));
}

// What is on the wire is recorded by one that sits in the partner's place.
TEST_F(HeartbeatsWithAKey, ThatArePlayedBackAreDroppedAlsoAfterARestart) {
    EXPECT_TRUE(open(primary, "primary").empty());
    std::vector<PlainSocket::Datagram> recorded;
    {
        PlainSocket recorder(second, "10.0.0.10", 539);
        primary.sockets->send(public_net, stopped);
        recorded = recorder.received();
    }
    ASSERT_THAT(recorded, SizeIs(1));
    const auto play_back = [&](PlainSocket& from, std::string_view to) {
        from.send(to, 539, recorded[0].bytes);
    };
    EXPECT_TRUE(open(backup, "backup").empty());
    primary.sockets->send(public_net, running);
    ASSERT_TRUE(hears(backup, 1));

    primary.sockets.reset();
    PlainSocket attacker(first, "10.0.0.9", 539);
    play_back(attacker, "10.0.0.10");
    ASSERT_TRUE(until([&] { return backup.sockets->dropped().replayed == 1; }));
    EXPECT_TRUE(open(backup, "backup").empty());
    play_back(attacker, "10.0.0.10");
    ASSERT_TRUE(until([&] { return backup.sockets->dropped().replayed == 1; }));
    EXPECT_THAT(backup.heard, SizeIs(1));
    EXPECT_THAT(notes, Contains(HasSubstr("played back")).Times(2));
}

TEST_F(HeartbeatsWithAKey, AreNotTakenBackByTheirSenderNorOnTheOtherPath) {
    EXPECT_TRUE(open(primary, "primary").empty());
    PlainSocket mirror(second, "10.0.0.10", 539);
    PlainSocket other_path(second, "192.168.10.10", 539);
    primary.sockets->send(public_net, running);
    const auto recorded = mirror.received();
    ASSERT_THAT(recorded, SizeIs(1));
    mirror.send("10.0.0.9", 539, recorded[0].bytes);
    other_path.send("192.168.10.9", 539, recorded[0].bytes);
    ASSERT_TRUE(until([&] { return primary.sockets->dropped().forged == 2; }));
    EXPECT_THAT(primary.heard, IsEmpty());
}

TEST_F(HeartbeatsWithAKey, OfAPartnerThatStartedAgainAreUnderstood) {
    EXPECT_TRUE(open(primary, "primary").empty());
    EXPECT_TRUE(open(backup, "backup").empty());
    primary.sockets->send(public_net, running);
    ASSERT_TRUE(hears(backup, 1));
    EXPECT_TRUE(open(primary, "primary").empty());
    primary.sockets->send(public_net, running);
    ASSERT_TRUE(hears(backup, 2));
    // With its file lost, the clock is enough.
    std::filesystem::remove(folder / "primary");
    ASSERT_TRUE(until([&] {
        EXPECT_TRUE(open(primary, "primary").empty());
        primary.sockets->send(public_net, stopped);
        settle();
        return backup.heard.size() == 3 || backup.sockets->dropped().replayed > 100000;
    }));
}

}  // namespace
}  // namespace lvslab::realmode::testing
