// SPDX-License-Identifier: GPL-2.0-only
#include <array>
#include <map>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "tests/unit/ipvs/ipvs_story.hpp"

namespace lvslab::ipvs {
namespace {

ServiceSettings persistent(std::string scheduler, Duration timeout, std::string_view mask) {
    ServiceSettings s;
    s.scheduler = std::move(scheduler);
    s.persistent = timeout;
    s.persistence_mask = *Address::parse(mask);
    return s;
}

DestinationSettings limited(std::uint32_t upper, std::uint32_t lower) {
    DestinationSettings d;
    d.upper_threshold = upper;
    d.lower_threshold = lower;
    return d;
}

TEST(Persistence, AWholeNetworkStaysWithItsServerAndAnotherDoesNot) {
    Story s;
    s.service(persistent("rr", 300s, "255.255.255.0"));
    s.server("10.1.0.11:80");
    s.server("10.1.0.10:80");
    EXPECT_EQ(s.goes("172.16.5.1:1", syn), "10.1.0.10:80");
    EXPECT_EQ(s.goes("172.16.5.200:1", syn), "10.1.0.10:80");
    EXPECT_EQ(s.goes("172.16.6.1:1", syn), "10.1.0.11:80");
    EXPECT_EQ(s.counters("10.1.0.10:80"), "2/0/1");
}

TEST(Persistence, AQuiescedServerKeepsItsClientsUnlessTemplatesExpire) {
    for (const bool expire : {false, true}) {
        Options options;
        options.expire_quiescent_template = expire;
        Story s(options);
        s.service(persistent("rr", 300s, "255.255.255.255"));
        s.server("10.1.0.11:80");
        s.server("10.1.0.10:80");
        s.goes("172.16.5.1:1", syn);
        s.edit("10.1.0.10:80", 0);
        EXPECT_EQ(s.goes("172.16.5.1:2", syn), expire ? "10.1.0.11:80" : "10.1.0.10:80");
    }
}

TEST(Persistence, ATemplateWithConnectionsWaitsSixtySecondsMore) {
    Story s;
    s.service(persistent("rr", 30s, "255.255.255.255"));
    s.server("10.1.0.10:80");
    s.goes("172.16.5.1:1", syn);  // SYN_RECV: 60 s
    s.wait(59s);
    EXPECT_EQ(s.counters("10.1.0.10:80"), "1/0/1");
    s.wait(30s);  // 89 s: the connection went at 60 s, the template waits until 90 s
    EXPECT_EQ(s.counters("10.1.0.10:80"), "0/0/1");
    s.wait(1s);
    EXPECT_EQ(s.counters("10.1.0.10:80"), "0/0/0");
}

TEST(Persistence, AnyPortServiceHoldsAClientOverAllPorts) {
    Story s;
    s.key.endpoint = at("10.255.0.1:0");
    s.service(persistent("rr", 300s, "255.255.255.255"));
    s.server("10.1.0.11:0");
    s.server("10.1.0.10:0");
    s.key.endpoint = at("10.255.0.1:80");
    EXPECT_EQ(s.goes("172.16.5.1:1", syn), "10.1.0.10:80");
    s.key.endpoint = at("10.255.0.1:443");
    EXPECT_EQ(s.goes("172.16.5.1:2", syn), "10.1.0.10:443");
    EXPECT_EQ(s.goes("172.16.5.2:2", syn), "10.1.0.11:443");
}

TEST(Persistence, AnyPortServiceWithoutPersistenceRefuses) {
    Story s;
    s.key.endpoint = at("10.255.0.1:0");
    s.service("rr");
    s.server("10.1.0.10:0");
    s.key.endpoint = at("10.255.0.1:80");
    EXPECT_EQ(s.goes("172.16.5.1:1", syn), "rejected");
}

TEST(Persistence, PassiveFtpDataFollowsTheControlConnection) {
    Story s;
    s.key.endpoint = at("10.255.0.1:21");
    s.service(persistent("rr", 300s, "255.255.255.255"));
    s.server("10.1.0.11:21");
    s.server("10.1.0.10:21");
    EXPECT_EQ(s.goes("172.16.5.1:1", syn), "10.1.0.10:21");
    s.key.endpoint = at("10.255.0.1:34567");
    EXPECT_EQ(s.goes("172.16.5.1:2", syn), "10.1.0.10:34567");
    EXPECT_EQ(s.goes("172.16.5.1:20", syn), "reset");  // never from the FTP data port
    s.key.endpoint = at("10.255.0.1:80");
    EXPECT_EQ(s.goes("172.16.5.1:3", syn), "passed");  // a privileged port is not FTP's
}

TEST(Fwmark, AMarkGoesBeforeTheAddressAndKeepsThePacketsPort) {
    Story s;
    s.service("rr");
    s.server("10.1.0.99:80");
    ServiceKey marked;
    marked.fwmark = Fwmark{5};
    ASSERT_EQ(s.ipvs.add_service(marked, persistent("rr", 300s, "255.255.255.255"), s.now),
              ControlResult::ok);
    ASSERT_EQ(s.ipvs.add_destination(marked, at("10.1.0.10:0"), {}, s.now), ControlResult::ok);
    Segment packet;
    packet.source = at("172.16.5.1:1");
    packet.destination = at("10.255.0.1:80");
    packet.flags = syn;
    packet.mark = Fwmark{5};
    EXPECT_EQ(s.ipvs.step(packet, s.now).server, at("10.1.0.10:80"));
    packet.source = at("172.16.5.1:2");
    packet.destination = at("10.255.0.77:443");
    const auto verdict = s.ipvs.step(packet, s.now);
    EXPECT_EQ(verdict.server, at("10.1.0.10:443"));
    EXPECT_EQ(verdict.origin, Origin::persistence);
}

TEST(Thresholds, RecentRuleFillsUpAndReopensBelowTheLowerOne) {
    Story s;
    s.service("rr");
    s.server("10.1.0.10:80", limited(3, 2));
    for (int i = 1; i <= 3; ++i) {
        EXPECT_EQ(s.goes("172.16.5.1:" + std::to_string(i), syn), "10.1.0.10:80");
    }
    EXPECT_EQ(s.goes("172.16.5.1:4", syn), "rejected");
    const auto close = [&](int port) {
        s.from_server("10.1.0.10:80", "172.16.5.1:" + std::to_string(port), rst);
        s.wait(10s);
    };
    close(1);  // 2 left: not below 2
    EXPECT_EQ(s.goes("172.16.5.1:4", syn), "rejected");
    close(2);
    EXPECT_EQ(s.goes("172.16.5.1:4", syn), "10.1.0.10:80");
}

TEST(Thresholds, AnEditLooksAtTheCountAgainOnlyInTheRecentRule) {
    for (const auto profile : {Profile::recent, Profile::classic}) {
        Options options;
        options.profile = profile;
        Story s(options);
        s.service("rr");
        s.server("10.1.0.10:80", limited(10, 0));
        for (int i = 1; i <= 4; ++i) {
            s.goes("172.16.5.1:" + std::to_string(i), syn);
        }
        s.edit("10.1.0.10:80", limited(3, 0));
        const bool recent = profile == Profile::recent;
        // The classic flag is set by the next connection, which is still let in.
        EXPECT_EQ(s.goes("172.16.5.1:5", syn), recent ? "rejected" : "10.1.0.10:80");
        EXPECT_EQ(s.goes("172.16.5.1:6", syn), "rejected");
        s.edit("10.1.0.10:80", limited(6, 0));
        // Raised above the count: classic clears at once, recent because 4 < 6 - 6/4.
        EXPECT_EQ(s.goes("172.16.5.1:7", syn), "10.1.0.10:80");
    }
}

TEST(Thresholds, WithoutALowerOneClassicReopensBelowThreeQuarters) {
    Options options;
    options.profile = Profile::classic;
    Story s(options);
    s.service("rr");
    s.server("10.1.0.10:80", limited(4, 0));
    for (int i = 1; i <= 4; ++i) {
        s.goes("172.16.5.1:" + std::to_string(i), syn);
    }
    const auto close = [&](int port) {
        s.from_server("10.1.0.10:80", "172.16.5.1:" + std::to_string(port), rst);
        s.wait(10s);
    };
    close(1);  // 3 * 4 is not below 4 * 3
    EXPECT_EQ(s.goes("172.16.5.1:9", syn), "rejected");
    close(2);
    EXPECT_EQ(s.goes("172.16.5.1:9", syn), "10.1.0.10:80");
}

TEST(Overhead, TheTwoProfilesWeighInactiveConnectionsDifferently) {
    // One active against 256 inactive: classic 256 = 256, a tie that the head keeps; recent 257
    // against 256, so the inactive ones are the lighter load.
    for (const auto profile : {Profile::classic, Profile::recent}) {
        Options options;
        options.profile = profile;
        Story s(options);
        s.service("lc");
        s.server("10.1.0.11:80");
        for (int i = 0; i < 256; ++i) {
            const auto client = "172.16.5.1:" + std::to_string(1000 + i);
            s.goes(client, syn);
            s.from_server("10.1.0.11:80", client, rst);
        }
        s.server("10.1.0.10:80");
        EXPECT_EQ(s.goes("172.16.5.1:1", syn), "10.1.0.10:80");
        EXPECT_EQ(s.counters("10.1.0.11:80"), "0/256/0");
        EXPECT_EQ(s.counters("10.1.0.10:80"), "1/0/0");
        EXPECT_EQ(s.goes("172.16.5.1:2", syn),
                  profile == Profile::classic ? "10.1.0.10:80" : "10.1.0.11:80");
    }
}

TEST(Udp, AnEntryLastsItsTimeoutAndIsInactive) {
    Story s;
    s.key.protocol = Protocol::udp;
    s.ipvs.set_timeouts({Duration{}, Duration{}, 8s});
    s.service("rr");
    s.server("10.1.0.11:80");
    s.server("10.1.0.10:80");
    EXPECT_EQ(s.goes("172.16.5.1:1", TcpFlags::none), "10.1.0.10:80");
    EXPECT_EQ(s.counters("10.1.0.10:80"), "0/1/0");
    s.wait(7s);
    EXPECT_EQ(s.goes("172.16.5.1:1", TcpFlags::none), "10.1.0.10:80");
    s.wait(8s);
    EXPECT_EQ(s.goes("172.16.5.1:1", TcpFlags::none), "10.1.0.11:80");
}

TEST(OnePacket, EveryDatagramIsScheduledAndNoneIsRemembered) {
    Story s;
    s.key.protocol = Protocol::udp;
    ServiceSettings settings;
    settings.scheduler = "rr";
    settings.one_packet = true;
    s.service(settings);
    s.server("10.1.0.11:80");
    s.server("10.1.0.10:80");
    EXPECT_EQ(s.goes("172.16.5.1:1", TcpFlags::none), "10.1.0.10:80");
    EXPECT_EQ(s.goes("172.16.5.1:1", TcpFlags::none), "10.1.0.11:80");
    EXPECT_EQ(s.ipvs.connection_count(), 0U);
    EXPECT_EQ(s.counters("10.1.0.10:80"), "0/0/0");
    EXPECT_EQ(s.from_server("10.1.0.10:80", "172.16.5.1:1", TcpFlags::none).action, Action::pass);
}

TEST(Reuse, ASynOnAClosingEntryIsScheduledAnewUnlessTurnedOff) {
    for (const unsigned mode : {0U, 1U}) {
        Options options;
        options.conn_reuse_mode = mode;
        Story s(options);
        s.service("rr");
        s.server("10.1.0.11:80");
        s.server("10.1.0.10:80");
        s.goes("172.16.5.1:1", syn);
        s.from_server("10.1.0.10:80", "172.16.5.1:1", rst);
        EXPECT_EQ(s.goes("172.16.5.1:1", syn), mode == 0 ? "10.1.0.10:80" : "10.1.0.11:80");
        s.wait(1ms);
        EXPECT_EQ(s.ipvs.connection_count(), 1U);
    }
}

TEST(Reuse, ModeTwoReschedulesFinWaitThatNoServerWasHeardIn) {
    Options options;
    options.conn_reuse_mode = 2;
    Story s(options);
    DestinationSettings direct;
    direct.method = ForwardingMethod::direct;
    s.service("rr");
    s.server("10.1.0.11:80", direct);
    s.server("10.1.0.10:80", direct);
    for (const auto flags : {syn, ack, fin}) {
        EXPECT_EQ(s.goes("172.16.5.1:1", flags), "10.1.0.10:80");
    }
    EXPECT_EQ(s.counters("10.1.0.10:80"), "0/1/0");
    EXPECT_EQ(s.goes("172.16.5.1:1", syn), "10.1.0.11:80");
}

TEST(ExpireNodestConn, EntriesOfARemovedServerGoAndItsClientsAreScheduledAnew) {
    Options options;
    options.expire_nodest_conn = true;
    Story s(options);
    s.service("rr");
    s.server("10.1.0.11:80");
    s.server("10.1.0.10:80");
    s.goes("172.16.5.1:1", syn);
    s.goes("172.16.5.1:2", syn);
    s.goes("172.16.5.1:3", syn);
    s.remove("10.1.0.10:80");
    EXPECT_EQ(s.goes("172.16.5.1:1", syn), "10.1.0.11:80");
    EXPECT_EQ(s.goes("172.16.5.1:3", ack), "reset");
    s.wait(1s);
    EXPECT_EQ(s.ipvs.connection_count(), 2U);
    s.server("10.1.0.10:80");
    EXPECT_EQ(s.counters("10.1.0.10:80"), "0/0/0");
}

TEST(SloppyTcp, AnyPacketButRstOpensAConnection) {
    Options options;
    options.sloppy_tcp = true;
    Story s(options);
    s.service("rr");
    s.server("10.1.0.10:80");
    EXPECT_EQ(s.goes("172.16.5.1:1", rst), "passed");
    EXPECT_EQ(s.goes("172.16.5.1:1", ack), "10.1.0.10:80");
    EXPECT_EQ(s.counters("10.1.0.10:80"), "1/0/0");
}

TEST(Trash, ARemovedServerIsForgottenTwoLooksAfterItsLastConnection) {
    Story s;
    s.service("rr");
    s.server("10.1.0.10:80");
    s.goes("172.16.5.1:1", syn);
    const auto scheduled = [&] { return s.ipvs.destinations(s.key).front().connections; };
    s.remove("10.1.0.10:80");
    s.wait(179s);  // idle since the look at 60 s, when its entry went; looked at 120 and 180
    s.server("10.1.0.10:80");
    EXPECT_EQ(scheduled(), 1U);
    s.remove("10.1.0.10:80");
    s.wait(241s);
    s.server("10.1.0.10:80");
    EXPECT_EQ(scheduled(), 0U);
}

TEST(Ipv6, ServicesClientsAndPrefixesWork) {
    Story s;
    s.key.endpoint = at("[2001:db8::1]:80");
    s.key.family = Family::ipv6;
    ServiceSettings settings;
    settings.scheduler = "rr";
    settings.persistent = 300s;
    settings.persistence_prefix = 64;
    s.service(settings);
    s.server("[fd00::11]:80");
    s.server("[fd00::10]:80");
    EXPECT_EQ(s.goes("[2001:db8:5::1]:1", syn), "[fd00::10]:80");
    EXPECT_EQ(s.goes("[2001:db8:5::2]:1", syn), "[fd00::10]:80");
    EXPECT_EQ(s.goes("[2001:db8:6::1]:1", syn), "[fd00::11]:80");
    const auto reply = s.from_server("[fd00::10]:80", "[2001:db8:5::2]:1", syn_ack);
    EXPECT_EQ(reply.virtual_endpoint, at("[2001:db8::1]:80"));
    s.wait(2h);
    EXPECT_EQ(s.ipvs.connection_count(), 0U);
}

TEST(TimerWheel, FiresLateByAtMostAGranuleAndNeverEarly) {
    for (int phase = 0; phase < 50; ++phase) {
        Options options;
        options.expiry = Expiry::wheel;
        options.wheel_phase = phase * 37ms;
        Story s(options);
        s.service("rr");
        s.server("10.1.0.10:80");
        s.wait(std::chrono::milliseconds(phase * 11));
        s.goes("172.16.5.1:1", syn);
        s.from_server("10.1.0.10:80", "172.16.5.1:1", rst);  // CLOSE: 10 s, granule 256 ms
        s.wait(9999ms);
        EXPECT_EQ(s.counters("10.1.0.10:80"), "0/1/0");
        s.wait(261ms);
        EXPECT_EQ(s.counters("10.1.0.10:80"), "0/0/0");
    }
}

TEST(NextExpiry, IsNeverLateAndLeadsToEveryExpiry) {
    Story s;
    s.service("rr");
    s.server("10.1.0.10:80");
    s.goes("172.16.5.1:1", syn);
    s.from_server("10.1.0.10:80", "172.16.5.1:1", ack);  // refreshed: 900 s
    int looks = 0;
    while (s.ipvs.next_expiry() != never && ++looks < 100) {
        s.now = s.ipvs.next_expiry();
        s.ipvs.advance(s.now);
    }
    EXPECT_EQ(s.ipvs.connection_count(), 0U);
    EXPECT_EQ(s.now.time_since_epoch(), 900s);
    EXPECT_LT(looks, 20);
}

/// Random traffic; after every event the counters are those of the listed entries.
RC_GTEST_PROP(Counters, AreTheEntriesOfEachServerAndNeverNegative, ()) {
    Options options;
    options.profile = *rc::gen::element(Profile::recent, Profile::classic);
    options.expire_nodest_conn = *rc::gen::arbitrary<bool>();
    options.expiry = *rc::gen::element(Expiry::exact, Expiry::wheel);
    options.conn_reuse_mode = *rc::gen::inRange(0U, 4U);
    Story s(options);
    auto settings = persistent(*rc::gen::element<std::string>("rr", "wlc", "lblcr", "mh", "twos"),
                               *rc::gen::element(Duration(0s), Duration(20s)), "255.255.255.254");
    s.service(settings);
    const auto name = [](int i) { return "10.1.0." + std::to_string(10 + i) + ":80"; };
    for (int step = 0; step < 200; ++step) {
        const auto server = name(*rc::gen::inRange(0, 5));
        const auto client = "172.16.0." + std::to_string(*rc::gen::inRange(1, 5)) + ":" +
                            std::to_string(*rc::gen::inRange(1000, 1005));
        const auto flags = *rc::gen::element(syn, ack, fin, rst);
        switch (*rc::gen::inRange(0, 12)) {
            case 0:
                s.ipvs.add_destination(s.key, at(server), limited(*rc::gen::inRange(0U, 5U), 0),
                                       s.now);
                break;
            case 1:
                s.ipvs.remove_destination(s.key, at(server), s.now);
                break;
            case 2:
                s.ipvs.edit_destination(s.key, at(server), Story::weighing(*rc::gen::inRange(0, 4)),
                                        s.now);
                break;
            case 3:
                s.wait(*rc::gen::element(Duration(1ms), Duration(5s), Duration(70s)));
                break;
            case 4:
            case 5:
                s.from_server(server, client, flags);
                break;
            default:
                s.from_client(client, flags);
        }
        std::map<Endpoint, std::array<std::int64_t, 3>> seen;
        s.ipvs.for_each_connection([&](const ConnectionStatus& c) {
            const bool active = c.state == "ESTABLISHED" || c.state == "SYN_RECV" ||
                                c.state == "SYN_SENT" || c.state == "SYNACK";
            ++seen[{c.server.address, Port{80}}][c.is_template ? 2 : active ? 0 : 1];
        });
        for (const auto& d : s.ipvs.destinations(s.key)) {
            const auto& entries = seen[d.endpoint];
            RC_ASSERT(d.active == entries[0]);
            RC_ASSERT(d.inactive == entries[1]);
            RC_ASSERT(d.persistent == entries[2]);
        }
    }
    s.wait(24h);
    RC_ASSERT(s.ipvs.connection_count() == 0U);
}

RC_GTEST_PROP(Persistence, RemovingAServerMovesNoOtherServersClients, ()) {
    Story s;
    s.service(persistent(*rc::gen::element<std::string>("rr", "wlc", "sh", "mh", "lblc"), 300s,
                         "255.255.255.255"));
    for (int i = 0; i < 4; ++i) {
        s.server("10.1.0." + std::to_string(10 + i) + ":80", *rc::gen::inRange(1, 5));
    }
    std::map<std::string, std::string> home;
    for (int i = 1; i < 40; ++i) {
        const auto client = "172.16.0." + std::to_string(i);
        home[client] = s.goes(client + ":1000", syn);
    }
    const auto gone = "10.1.0." + std::to_string(*rc::gen::inRange(10, 14)) + ":80";
    s.remove(gone);
    for (const auto& [client, server] : home) {
        const auto now = s.goes(client + ":1001", syn);
        const bool stays = now == server;
        const bool moves = now != gone;
        const bool right = server == gone ? moves : stays;
        RC_ASSERT(right);
    }
}

}  // namespace
}  // namespace lvslab::ipvs
