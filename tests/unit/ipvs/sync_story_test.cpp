// SPDX-License-Identifier: GPL-2.0-only
// Two directors with the same services: what the master tells, what the backup makes of it.
#include <array>
#include <map>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "core/base/random.hpp"
#include "core/ipvs/tcp_states.hpp"
#include "tests/unit/ipvs/ipvs_story.hpp"

namespace lvslab::ipvs {
namespace {

constexpr std::string_view client = "172.16.0.9:4000";
constexpr std::string_view web1 = "10.1.0.11:80";
constexpr std::string_view web2 = "10.1.0.12:80";

/// A master and a backup on one clock; datagrams arrive at once.
struct Pair {
    Story master, backup;
    SyncReceipt last;
    std::size_t datagrams = 0;

    explicit Pair(Options options = {}, ServiceSettings settings = {})
        : master(options), backup(options) {
        for (auto* s : {&master, &backup}) {
            s->service(settings);
            s->server(web1);
            s->server(web2);
        }
        backup.server("10.1.0.99:80", 0);  // so that its own list is another
        master.ipvs.set_sync_master(SyncMaster{}, master.now);
        backup.ipvs.set_sync_backup(SyncBackup{});
    }
    void wait(Duration d) {
        const auto end = master.now + d;
        while (master.ipvs.next_sync_message() <= end) {
            step_to(std::max(master.now, master.ipvs.next_sync_message()));
        }
        step_to(end);
    }
    void step_to(Time t) {
        master.wait(t - master.now);
        backup.wait(t - backup.now);
        for (const auto& m : master.ipvs.take_sync_messages(t)) {
            ++datagrams;
            last = backup.ipvs.apply_sync(m.bytes, t);
        }
    }
    /// The backup takes the service: the master's daemon ends, its own begins.
    void take_over() {
        backup.ipvs.set_sync_backup({});
        backup.ipvs.set_sync_master(SyncMaster{}, backup.now);
    }
    std::string entry(std::string_view of) const {
        std::string found = "none";
        backup.ipvs.for_each_connection([&](const ConnectionStatus& c) {
            if (c.client == at(of) && !c.is_template) {
                found = std::string(c.state) + " " + c.server.to_string() +
                        (c.by_sync ? " SYNC" : " LOCAL");
            }
        });
        return found;
    }
};

/// How many records the master queues at this moment, by waiting until they leave.
std::size_t told(Pair& pair) {
    std::size_t records = 0;
    pair.master.wait(3s);
    pair.backup.wait(3s);
    for (const auto& m : pair.master.ipvs.take_sync_messages(pair.master.now)) {
        records += m.connections;
    }
    return records;
}

TEST(SyncStory, AConnectionIsToldOfAtItsThirdPacketAndThenEachFiftieth) {
    Pair p;
    std::vector<int> packets;
    for (int n = 1; n <= 160; ++n) {
        p.master.goes(client, n == 1 ? syn : ack);
        if (told(p) > 0) {
            packets.push_back(n);
        }
    }
    EXPECT_EQ(packets, (std::vector<int>{3, 53, 103, 153}));
}

TEST(SyncStory, PacketsAlikeInOneSegmentAreCountedOneByOne) {
    Pair p;
    p.master.goes(client, syn);
    Segment s;
    s.source = at(client);
    s.destination = p.master.key.endpoint;
    s.flags = ack;
    s.count = 120;
    p.master.ipvs.step(s, p.master.now);
    EXPECT_EQ(told(p), 3U);  // 3, 53, 103
}

TEST(SyncStory, AClosingStateIsToldOfAtOnceAndOnce) {
    Pair p;
    p.master.goes(client, syn);
    p.master.goes(client, ack);
    EXPECT_EQ(told(p), 0U);
    p.master.goes(client, fin);  // CLOSE_WAIT
    EXPECT_EQ(told(p), 1U);
    p.master.goes(client, ack);
    EXPECT_EQ(told(p), 0U);
    // A state that the server's packet brought is told of at the client's next one.
    p.master.from_server(web2, client, fin);  // TIME_WAIT
    EXPECT_EQ(told(p), 0U);
    p.master.goes(client, ack);
    EXPECT_EQ(told(p), 1U);
}

TEST(SyncStory, AHandshakeIsNeverToldOf) {
    Pair p;
    p.master.goes(client, syn);
    for (int n = 0; n < 5; ++n) {
        p.master.goes(client, syn);
    }
    EXPECT_EQ(told(p), 0U);
    p.wait(10s);
    EXPECT_EQ(p.entry(client), "none");
}

TEST(SyncStory, OneBeingFilledLeavesTwoToThreeSecondsAfterItWasBegun) {
    Pair p;
    p.wait(300ms);
    for (int n = 0; n < 3; ++n) {
        p.master.goes(client, n == 0 ? syn : ack);
    }
    p.wait(2699ms);
    EXPECT_EQ(p.datagrams, 0U);
    EXPECT_EQ(p.entry(client), "none");
    p.wait(1ms);  // at 3 s: the thread looks each second from 0 on
    EXPECT_EQ(p.datagrams, 1U);
    EXPECT_EQ(p.entry(client), "ESTABLISHED 10.1.0.12:80 SYNC");
}

TEST(SyncStory, AFullDatagramLeavesAfterTwentyMilliseconds) {
    Pair p;
    p.wait(100ms);
    // 40 records of 36 bytes behind 8 fit into 1472 bytes.
    for (int port = 1001; port <= 1041; ++port) {
        const auto from = "172.16.0.9:" + std::to_string(port);
        p.master.goes(from, syn);
        p.master.goes(from, ack);
        p.master.goes(from, ack);
    }
    EXPECT_EQ(p.master.ipvs.next_sync_message(), p.master.now + 20ms);
    const auto messages = p.master.ipvs.take_sync_messages(p.master.now + 20ms);
    ASSERT_EQ(messages.size(), 1U);
    EXPECT_EQ(messages[0].connections, 40U);
    EXPECT_EQ(messages[0].bytes.size(), 8U + 40 * 36);
}

TEST(SyncStory, EightFullDatagramsLeaveAtOnce) {
    Pair p;
    p.wait(100ms);
    for (int port = 1001; port <= 1001 + 8 * 40; ++port) {
        const auto from = "172.16.0.9:" + std::to_string(port);
        p.master.goes(from, syn);
        p.master.goes(from, ack);
        p.master.goes(from, ack);
    }
    EXPECT_EQ(p.master.ipvs.take_sync_messages(p.master.now).size(), 8U);
}

TEST(SyncStory, WhatIsNotSentWhenTheMasterEndsIsLost) {
    Pair p;
    for (int n = 0; n < 3; ++n) {
        p.master.goes(client, n == 0 ? syn : ack);
    }
    p.master.ipvs.set_sync_master({}, p.master.now);
    p.master.ipvs.set_sync_master(SyncMaster{}, p.master.now);
    p.wait(5s);
    EXPECT_EQ(p.datagrams, 0U);
}

TEST(SyncStory, TheBackupCountsWhatItIsToldAndForgetsItAfterTheTimeoutTold) {
    Pair p;
    for (int n = 0; n < 3; ++n) {
        p.master.goes(client, n == 0 ? syn : ack);
    }
    p.wait(3s);
    EXPECT_EQ(p.last.made, 1U);
    EXPECT_EQ(p.backup.counters(web2), "1/0/0");
    p.master.goes(client, fin);
    p.wait(3s);
    EXPECT_EQ(p.last.updated, 1U);
    EXPECT_EQ(p.backup.counters(web2), "0/1/0");
    EXPECT_EQ(p.entry(client), "CLOSE_WAIT 10.1.0.12:80 SYNC");
    // CLOSE_WAIT's 60 s from when the datagram came, a second ago.
    p.backup.wait(58s);
    EXPECT_EQ(p.backup.counters(web2), "0/1/0");
    p.backup.wait(1s);
    EXPECT_EQ(p.backup.counters(web2), "0/0/0");
}

TEST(SyncStory, ATemplateIsToldOfAtEachPacketOfItsConnections) {
    ServiceSettings settings;
    settings.persistent = 300s;
    Pair p({}, settings);
    p.master.goes(client, syn);
    EXPECT_EQ(told(p), 1U);
    p.master.goes(client, ack);
    EXPECT_EQ(told(p), 1U);
    p.master.goes(client, ack);  // the third: the connection too
    EXPECT_EQ(told(p), 2U);
}

TEST(SyncStory, APersistentClientStaysWithItsServerAfterATakeover) {
    ServiceSettings settings;
    settings.scheduler = "rr";
    settings.persistent = 300s;
    Pair p({}, settings);
    EXPECT_EQ(p.master.goes(client, syn), web2);
    p.wait(5s);
    EXPECT_EQ(p.backup.counters(web2), "0/0/1");
    p.take_over();
    EXPECT_EQ(p.backup.goes("172.16.0.9:4001", syn), web2);
    EXPECT_EQ(p.backup.goes("172.16.0.9:4002", syn), web2);
}

TEST(SyncStory, AnotherSyncidIsNotTaken) {
    Pair p;
    p.master.ipvs.set_sync_master(SyncMaster{.syncid = 3}, p.master.now);
    for (const auto& [id, taken] : std::map<std::uint8_t, bool>{{0, true}, {3, true}, {4, false}}) {
        p.backup.ipvs.set_sync_backup(SyncBackup{id});
        p.master.goes("172.16.0.9:" + std::to_string(100 + id), syn);
        p.master.goes("172.16.0.9:" + std::to_string(100 + id), ack);
        p.master.goes("172.16.0.9:" + std::to_string(100 + id), ack);
        p.wait(5s);
        EXPECT_EQ(p.last.taken, taken) << int{id};
    }
}

TEST(SyncStory, WithoutTheBackupDaemonNothingIsTaken) {
    Pair p;
    p.backup.ipvs.set_sync_backup({});
    p.backup.ipvs.set_sync_master(SyncMaster{}, p.backup.now);
    for (int n = 0; n < 3; ++n) {
        p.master.goes(client, n == 0 ? syn : ack);
    }
    p.wait(5s);
    EXPECT_FALSE(p.last.taken);
    EXPECT_EQ(p.backup.ipvs.connection_count(), 0U);
}

SyncRecord record_of(std::uint16_t state, std::uint32_t flags, std::string_view server = web1) {
    SyncRecord r;
    r.protocol = 6;
    r.flags = flags;
    r.state = state;
    r.client = at(client);
    r.virtual_endpoint = at("10.255.0.1:80");
    r.server = at(server);
    r.timeout_seconds = 900;
    return r;
}

SyncReceipt tell(Story& s, const SyncRecord& record) {
    SyncMessageWriter message(0);
    message.add(record);
    return s.ipvs.apply_sync(message.bytes(), s.now);
}

TEST(SyncStory, AnEntryToAnotherServerIsReplacedButNotByTheEndOfAnOldOne) {
    Pair p;
    auto& b = p.backup;
    tell(b, record_of(1, 0, web1));
    const auto late = tell(b, record_of(5, sync_flag::inactive, web2));
    EXPECT_EQ(late.late, 1U);
    EXPECT_EQ(p.entry(client), "ESTABLISHED 10.1.0.11:80 SYNC");
    EXPECT_EQ(tell(b, record_of(1, 0, web2)).made, 1U);
    b.wait(1s);
    EXPECT_EQ(p.entry(client), "ESTABLISHED 10.1.0.12:80 SYNC");
    EXPECT_EQ(b.counters(web1), "0/0/0");
    EXPECT_EQ(b.counters(web2), "1/0/0");
}

TEST(SyncStory, UnknownStatesAndProtocolsAreRefusedOneByOne) {
    Pair p;
    SyncMessageWriter message(0);
    auto bad_state = record_of(11, 0);
    auto sctp = record_of(1, 0);
    sctp.protocol = 132;
    auto udp = record_of(1, 0);
    udp.protocol = 17;
    for (const auto& r : {bad_state, sctp, udp, record_of(1, 0)}) {
        message.add(r);
    }
    const auto receipt = p.backup.ipvs.apply_sync(message.bytes(), p.backup.now);
    EXPECT_EQ(receipt.refused, 3U);
    EXPECT_EQ(receipt.made, 1U);
}

TEST(SyncStory, WithoutATimeoutTheStatesOwnHoldsAndThreeMinutesForTemplates) {
    Pair p;
    auto r = record_of(4, sync_flag::inactive);  // FIN_WAIT
    r.timeout_seconds = 0;
    tell(p.backup, r);
    auto t = record_of(0, sync_flag::inactive | sync_flag::is_template);
    t.client = at("172.16.0.9:0");
    t.timeout_seconds = 0;
    tell(p.backup, t);
    std::map<bool, Time> expires;
    p.backup.ipvs.for_each_connection(
        [&](const ConnectionStatus& c) { expires[c.is_template] = c.expires; });
    EXPECT_EQ(expires[false], p.backup.now + 120s);
    EXPECT_EQ(expires[true], p.backup.now + 180s);
}

TEST(SyncStory, AnEntryWithoutAServerHereIsForwardedAndCountedFromWhenItIsBound) {
    Story s;
    s.service("rr");
    s.ipvs.set_sync_backup(SyncBackup{});
    tell(s, record_of(1, 3 | sync_flag::no_output, "10.1.0.50:80"));
    auto v = s.from_client(client, ack);
    EXPECT_EQ(v.action, Action::forward);
    EXPECT_EQ(v.server, at("10.1.0.50:80"));
    EXPECT_EQ(v.method, ForwardingMethod::direct);  // as told
    s.server("10.1.0.50:80");                       // NAT
    EXPECT_EQ(s.counters("10.1.0.50:80"), "0/0/0");
    tell(s, record_of(1, 3 | sync_flag::no_output, "10.1.0.50:80"));
    EXPECT_EQ(s.counters("10.1.0.50:80"), "1/0/0");
    v = s.from_client(client, ack);
    EXPECT_EQ(v.method, ForwardingMethod::nat);  // as the server here has it
    s.remove("10.1.0.50:80");
    EXPECT_EQ(s.goes(client, ack), "dropped");
}

TEST(SyncStory, UnboundEntriesEndLikeOthersAndLeaveNothing) {
    Story s;
    s.service("rr");
    s.ipvs.set_sync_backup(SyncBackup{});
    for (int n = 0; n < 3; ++n) {
        tell(s, record_of(1, 0, "10.1.0.50:80"));
        EXPECT_EQ(s.ipvs.connection_count(), 1U);
        s.wait(900s);
        EXPECT_EQ(s.ipvs.connection_count(), 0U);
    }
}

TEST(SyncStory, ATemplateWithoutAServerHereIsNotFollowed) {
    Story s;
    ServiceSettings settings;
    settings.persistent = 300s;
    s.service(settings);
    s.ipvs.set_sync_backup(SyncBackup{});
    auto t = record_of(1, sync_flag::inactive | sync_flag::is_template, "10.1.0.50:80");
    t.client = at("172.16.0.9:0");
    tell(s, t);
    s.server(web1);
    EXPECT_EQ(s.goes(client, syn), web1);
    EXPECT_EQ(s.counters(web1), "1/0/1");
}

TEST(SyncStory, ServersOfAMarkAreFoundWithoutTheirPort) {
    Story s;
    s.key = ServiceKey{Protocol::ip, {}, Fwmark{21}, Family::ipv4};
    s.service("rr");
    s.server("10.1.0.11:0", [] {
        DestinationSettings d;
        d.method = ForwardingMethod::direct;
        return d;
    }());
    s.ipvs.set_sync_backup(SyncBackup{});
    auto r = record_of(1, 3 | sync_flag::no_output, "10.1.0.11:80");
    r.fwmark = 21;
    tell(s, r);
    EXPECT_EQ(s.counters("10.1.0.11:0"), "1/0/0");
}

TEST(SyncStory, ARefreshPeriodTellsAgainOnlyWhenTheTimerMovedFarEnough) {
    Options options;
    options.sync.period = 0;
    options.sync.refresh_period = 10s;
    Pair p(options);
    p.master.goes(client, syn);
    p.master.goes(client, ack);
    std::vector<int> seconds;
    for (int t = 0; t < 40; t += 3) {
        if (told(p) > 0) {
            seconds.push_back(t);
        }
        p.master.goes(client, ack);
    }
    EXPECT_EQ(seconds, (std::vector<int>{0, 12, 24, 36}));
}

TEST(SyncStory, WithoutPeriodAndRefreshAConnectionIsToldOfOnce) {
    Options options;
    options.sync.period = 0;
    Pair p(options);
    std::size_t records = 0;
    for (int n = 0; n < 200; ++n) {
        p.master.goes(client, n == 0 ? syn : ack);
        records += told(p);
    }
    EXPECT_EQ(records, 1U);
}

/// Clients' dialogues at random, with lost datagrams: at the takeover every connection that the
/// backup knows goes on to the server that it had, every one it does not know is reset, and those
/// of less than three client packets are among the latter.
RC_GTEST_PROP(SyncProperty, WhatTheBackupKnowsGoesOnWhereItWas, (std::uint64_t seed)) {
    RandomStream random(seed, "sync takeover");
    constexpr std::array schedulers = {"rr", "wlc", "sh", "lblc"};
    ServiceSettings settings;
    settings.scheduler = schedulers[random.below(schedulers.size())];
    Pair p({}, settings);
    const bool lossy = random.below(2) == 0;
    struct Dialogue {
        std::string server;
        int packets = 0;
    };
    std::map<std::string, Dialogue> dialogues;
    for (auto n = random.below(200) + 20; n > 0; --n) {
        const auto from = "172.16.0." + std::to_string(1 + random.below(4)) + ":" +
                          std::to_string(1000 + random.below(20));
        auto& d = dialogues[from];
        const auto server = p.master.goes(from, d.packets == 0 ? syn : ack);
        RC_ASSERT(d.packets == 0 || server == d.server);
        d.server = server;
        ++d.packets;
        if (random.below(5) == 0) {
            const auto t = p.master.now + std::chrono::milliseconds(random.below(800));
            p.master.wait(t - p.master.now);
            p.backup.wait(t - p.backup.now);
            for (const auto& m : p.master.ipvs.take_sync_messages(t)) {
                if (!lossy || random.below(3) != 0) {
                    RC_ASSERT(p.backup.ipvs.apply_sync(m.bytes, t).malformed ==
                              SyncMalformed::none);
                }
            }
        }
    }
    if (!lossy) {
        p.wait(3s);
    }
    std::map<std::string, bool> known;
    for (const auto& [from, d] : dialogues) {
        known[from] = p.entry(from) != "none";
        RC_ASSERT(!known[from] || d.packets >= 3);
        RC_ASSERT(lossy || known[from] == (d.packets >= 3));
    }
    p.take_over();
    for (const auto& [from, d] : dialogues) {
        RC_ASSERT(p.backup.goes(from, ack) == (known[from] ? d.server : "reset"));
    }
}

/// However packets, syncs, servers' removals and time mix, each server counts its entries.
RC_GTEST_PROP(SyncProperty, CountersAreThoseOfTheTable, (std::uint64_t seed)) {
    RandomStream random(seed, "sync counters");
    Story s;
    s.service("wlc");
    s.ipvs.set_sync_backup(SyncBackup{});
    s.ipvs.set_sync_master(SyncMaster{}, s.now);
    std::array<bool, 3> listed{};
    const auto name = [](std::uint64_t n) { return "10.1.0.1" + std::to_string(n) + ":80"; };
    for (int step = 0; step < 200; ++step) {
        const auto which = random.below(3);
        const auto from = "172.16.0.9:" + std::to_string(1 + random.below(8));
        switch (random.below(6)) {
            case 0:
                listed[which] ? s.remove(name(which)) : s.server(name(which));
                listed[which] = !listed[which];
                break;
            case 1:
                s.wait(std::chrono::milliseconds(random.below(90000)));
                s.ipvs.take_sync_messages(s.now);
                break;
            case 2:
                s.goes(from, random.below(3) == 0 ? fin : random.below(2) == 0 ? syn : ack);
                break;
            default: {
                const auto state = static_cast<std::uint16_t>(random.below(11));
                auto r = record_of(
                    state, is_active(static_cast<TcpState>(state)) ? 0U : sync_flag::inactive,
                    name(which));
                r.client = at(from);
                r.timeout_seconds = static_cast<std::uint32_t>(random.below(200));
                tell(s, r);
            }
        }
        std::map<Endpoint, std::int64_t> entries;
        s.ipvs.for_each_connection(
            [&](const ConnectionStatus& c) { entries[c.server] += c.server_listed ? 1 : 0; });
        for (const auto& d : s.ipvs.destinations(s.key)) {
            RC_ASSERT(d.active >= 0 && d.inactive >= 0);
            RC_ASSERT(d.active + d.inactive == entries[d.endpoint]);
        }
    }
}

}  // namespace
}  // namespace lvslab::ipvs
