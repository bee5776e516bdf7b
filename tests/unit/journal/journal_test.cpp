// SPDX-License-Identifier: GPL-2.0-only
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <set>
#include <stdexcept>

#include "core/journal/description.hpp"
#include "core/journal/fingerprint.hpp"
#include "core/journal/observables.hpp"
#include "tests/unit/journal/journal_file.hpp"

using namespace lvslab;
using namespace lvslab::journal;
using namespace std::chrono_literals;
using test::read_all;
using testing::HasSubstr;

namespace {

RunStarted tiny_run() {
    RunStarted run;
    run.scenario = "two \"servers\"";
    run.world = "packet";
    run.scheduler = "wlc";
    run.seed = 42;
    run.servers = {"web1", "web2"};
    run.weights = {1, 3};
    run.workers = {8, 8};
    run.workloads = {"shop"};
    run.services = {"http"};
    run.routers = {"lvs1", "lvs2"};
    run.data_servers = {"nfs"};
    run.keepalive = {2s, 250ms};
    run.deadtime = {3s, 1s};
    return run;
}

/// One event of every kind, with values at the edges of their types.
std::vector<Event> one_of_each() {
    const Endpoint v4 = *Endpoint::parse("172.16.0.9:40000"), vip = *Endpoint::parse("10.0.0.1:80"),
                   v6 = *Endpoint::parse("[2001:db8::7]:65535");
    return {{Time{0ns}, tiny_run()},
            {Time{0ns}, DestinationAdded{0, 0, 1, 3}},
            {Time{1ns}, DestinationEdited{0, 0, 1, 0}},
            {Time{1ns}, ConnectionOpened{18446744073709551615ULL, 0, v4, vip}},
            {Time{1500ms}, Decision{0, 0, 1, 2, v4, vip}},
            {Time{1500ms}, Decision{0, 0, no_index, 0, v6, vip}},
            {Time{2s}, ResponseReceived{7, 3, 0, 0, 123456789ns, 1ULL << 40U}},
            {Time{2s}, ConnectionClosed{7, 0, no_index, Outcome::timed_out, 30s}},
            {Time{3s}, ServerLoad{1, 4294967295U, 0, 1h, 9}},
            {Time{3s}, DestinationLoad{0, 0, 0, -2147483647, -1, 9223372036854775807LL}},
            {Time{3s}, NodeTraffic{"lvs1", 1, 2, 3, 4}},
            {Time{4s}, DestinationRemoved{0, 0, 0}},
            {Time{4s}, NodeChanged{"web1", NodeState::daemons_suspended}},
            {Time{4s}, FaultInjected{4294967295U, "crash lvs1"}},
            {Time{4s}, RoleChanged{1, true, "partner silent"}},
            {Time{4s}, HeartbeatSent{0, 0, true}},
            {Time{4s}, HeartbeatHeard{1, 1, false}},
            {Time{4s}, HeartbeatPath{0, 1, 1, true, 150us}},
            {Time{4s}, AddressRaised{0, vip.address}},
            {Time{4s}, AddressLowered{1, v6.address}},
            {Time{4s}, AddressAnnounced{1, v6.address, 5}},
            {Time{4s}, RouterNote{0, "\"nanny\" died"}},
            {Time{4s}, ServiceSet{0, 0, "wlc", 300s, *Address::parse("255.255.255.0")}},
            {Time{4s}, ServiceRemoved{1, 0}},
            {Time{4s}, CheckEnded{0, 0, 1, true, 3ms}},
            {Time{4s}, LoadMeasured{0, 0, 1, -0.1}},
            {Time{4s}, SyncSent{0, 61, 1452}},
            {Time{4s}, SyncReceived{1, 61, 1}},
            {Time{4s}, DirectorTraffic{1, 21, 1, 2, 3, 4, 5, 6}},
            {Time{4s}, LinkTraffic{"web1/up", 10, 1, 2, 3, 18446744073709551615ULL}},
            {Time{4s}, SessionEnded{0, 18446744073709551615ULL, 12, true}},
            {Time{4s}, StaleResponse{7, 0, 1, 90s}},
            {Time{4s}, DataRequestEnded{1, 0, false, 30s}},
            {Time{4s}, DataRole{0, 1, true}},
            {Time{4s}, SegmentSeen{1, true, 6, 18, 80, v4, vip, Passage::forwarded, v6, 3}},
            {Time{4s}, KernelTick{4294893880}},
            {Time{5s + 1ns}, RunEnded{}}};
}

std::string written(const std::vector<Event>& events, Level level = Level::all) {
    std::string bytes;
    Writer writer([&](std::string_view piece) { bytes += piece; }, level);
    for (const auto& event : events) {
        writer.take(event);
    }
    writer.finish();
    return bytes;
}

}  // namespace

TEST(Journal, GivesBackWhatWasWritten) {
    std::vector<std::string> expected;
    for (const auto& event : one_of_each()) {
        append_json_line(expected.emplace_back(), event, tiny_run());
    }
    const auto contents = read_all(written(one_of_each()));
    EXPECT_FALSE(contents.error) << contents.error->message;
    EXPECT_EQ(contents.lines, expected);
}

TEST(Journal, EveryKindOfEventIsInTheTest) {
    std::set<std::size_t> kinds;
    for (const auto& event : one_of_each()) {
        kinds.insert(event.payload.index());
    }
    EXPECT_EQ(kinds.size(), std::variant_size_v<Payload>);
}

TEST(Journal, ReadsTheSameInPiecesOfAnySize) {
    const auto bytes = test::journal_of(test::small_cluster()).bytes;
    const auto whole = read_all(bytes);
    for (const std::size_t piece : {1U, 2U, 7U, 4096U}) {
        const auto pieces = read_all(bytes, piece);
        EXPECT_EQ(pieces.lines, whole.lines);
        EXPECT_FALSE(pieces.error);
    }
}

TEST(Journal, LinesCarryNamesAndExactTimes) {
    const auto lines = read_all(written(one_of_each())).lines;
    EXPECT_EQ(lines[4],
              R"({"time":1.500000000,"event":"decision","router":"lvs1","service":"http",)"
              R"("server":"web2","origin":"scheduled","client":"172.16.0.9:40000",)"
              R"("virtual":"10.0.0.1:80"})");
    EXPECT_THAT(lines[5], HasSubstr(R"("server":null,"origin":"refused","client":"[2001:db8::7])"));
    EXPECT_THAT(lines[6], HasSubstr(R"("response_time":0.123456789,"bytes":1099511627776)"));
    EXPECT_EQ(lines.back(), R"({"time":5.000000001,"event":"run_ended"})");
    EXPECT_THAT(lines[0], HasSubstr(R"("scenario":"two \"servers\"")"));
}

TEST(Journal, LinesOfRoutersCarryNamesWordsAddressesAndNumbers) {
    const auto line = [](const Payload& payload) {
        std::string out;
        append_json_line(out, {Time{4s}, payload}, tiny_run());
        return out.substr(std::string(R"({"time":4.000000000,"event":)").size());
    };
    EXPECT_EQ(line(NodeChanged{"web1", NodeState::service_stopped}),
              R"("node_changed","node":"web1","state":"service_stopped"})");
    EXPECT_EQ(line(HeartbeatPath{1, 0, 1, false, 150us}),
              R"("heartbeat_path","from":"lvs2","to":"lvs1","path":"private","open":false,)"
              R"("delay":0.000150000})");
    EXPECT_EQ(line(AddressRaised{0, *Address::parse("2001:db8::7")}),
              R"("address_raised","router":"lvs1","address":"2001:db8::7"})");
    EXPECT_EQ(line(LoadMeasured{0, 0, 1, 0.25}),
              R"("load_measured","router":"lvs1","service":"http","server":"web2","load":0.25})");
    EXPECT_EQ(line(DataRequestEnded{1, 0, true, 3ms}),
              R"("data_request_ended","server":"web2","data":"nfs","ok":true,)"
              R"("duration":0.003000000})");
    EXPECT_THAT(line(tiny_run()),
                HasSubstr(R"("keepalive":[2.000000000,0.250000000],"deadtime":[3.0)"));
}

TEST(Journal, ListsOfRoutersThatDifferInLengthAreRefused) {
    auto run = tiny_run();
    run.deadtime.pop_back();
    EXPECT_THAT(read_all(written({{Time{}, run}})).error->message,
                HasSubstr("lists of routers differ in length"));
    run.keepalive = run.deadtime;  // two routers, one keepalive
    EXPECT_THAT(read_all(written({{Time{}, run}})).error->message,
                HasSubstr("lists of routers differ in length"));
    run.keepalive = run.deadtime = {};  // no daemons
    EXPECT_FALSE(read_all(written({{Time{}, run}})).error);
}

TEST(Journal, NumbersThatAreNotFiniteAreRefused) {
    Writer writer([](std::string_view) {});
    writer.take({Time{}, tiny_run()});
    EXPECT_THROW(writer.take({Time{}, LoadMeasured{0, 0, 1, std::nan("")}}), std::invalid_argument);
}

TEST(Journal, LevelsKeepWhatTheTableSays) {
    const auto kept = [](Level level) {
        std::vector<std::string> names;
        const auto bytes = written(one_of_each(), level);
        Reader reader(test::source_of(bytes));
        while (const auto event = reader.next()) {
            names.emplace_back(kind_name(*event));
        }
        EXPECT_FALSE(reader.error());
        EXPECT_EQ(reader.level(), level);
        return names;
    };
    for (const auto level : {Level::none, Level::decisions, Level::all}) {
        std::vector<std::string> expected;
        for (const auto& event : one_of_each()) {
            for (const auto& kind : observed_events()) {
                if (kind.name == kind_name(event) && kind.level <= level) {
                    expected.emplace_back(kind.name);
                }
            }
        }
        EXPECT_EQ(kept(level), expected);
    }
    EXPECT_EQ(kept(Level::none), (std::vector<std::string>{"run_started", "run_ended"}));
}

TEST(Journal, SlotsAreReusedWhenThereAreMoreAddressesThanSlots) {
    std::vector<Event> events{{Time{}, tiny_run()}};
    std::vector<std::string> expected;
    for (std::uint32_t i = 0; i < 30000; ++i) {
        // Each address twice in a row, and the first one again and again.
        const Endpoint client{Address::v4(i % 3 == 0 ? 7 : i / 2), Port{80}};
        events.push_back({Time{Duration{i}}, ConnectionOpened{i, 0, client, client}});
        events.push_back({Time{Duration{i}}, NodeTraffic{client.to_string(), i, 0, 0, 0}});
    }
    for (const auto& event : events) {
        append_json_line(expected.emplace_back(), event, tiny_run());
    }
    EXPECT_EQ(read_all(written(events)).lines, expected);
}

TEST(Journal, IsCompact) {
    const auto cluster = test::small_cluster();
    const auto bytes = test::journal_of(cluster).bytes;
    const auto lines = read_all(bytes).lines;
    // Addresses come back after 5000 connections, so each of these is new: the worst case.
    EXPECT_LT(static_cast<double>(bytes.size()) / static_cast<double>(lines.size()), 20.0);
}

TEST(Journal, SameRunSameBytesAndAnotherSeedAnotherFingerprint) {
    auto cluster = test::small_cluster();
    const auto first = test::journal_of(cluster), again = test::journal_of(cluster);
    EXPECT_EQ(first.bytes, again.bytes);
    EXPECT_EQ(first.fingerprint, again.fingerprint);
    EXPECT_EQ(first.fingerprint, read_all(first.bytes).fingerprint);
    cluster.seed = 2;
    EXPECT_NE(first.fingerprint, test::journal_of(cluster).fingerprint);
}

TEST(Journal, BytesOfTheFormatDoNotChangeUnnoticed) {
    // The whole journal of a run without servers, by hand from docs/journal.md.
    RunStarted run;
    run.scenario = "s";
    run.seed = 300;
    const auto bytes = written({{Time{}, run}, {Time{200ns}, RunEnded{}}});
    const std::string expected{
        "LVSJ\x02\x02"              // magic, version 2, level all
        "\x01\x00"                  // run_started at 0
        "\x00\x01s"                 // a new string of 1 byte
        "\x00\x00"                  // a new empty string (world)
        "\x02"                      // string slot 1 again (scheduler)
        "\xAC\x02"                  // 300
        "\x00\x00\x00\x00\x00\x00"  // six empty lists
        "\x00\x00\x00"              // three more
        "\x02\xC8\x01"              // run_ended 200 ns later
        "\x00\x02",                 // end mark, 2 events
        30};
    ASSERT_EQ(bytes.size(), expected.size() + 8);
    EXPECT_EQ(bytes.substr(0, expected.size()), expected);
    Fingerprint fingerprint;
    fingerprint.add(expected);
    std::uint64_t stored = 0;
    for (std::size_t i = 0; i < 8; ++i) {
        stored |= std::uint64_t{static_cast<unsigned char>(bytes[expected.size() + i])} << (8 * i);
    }
    EXPECT_EQ(stored, fingerprint.value());
}

TEST(Journal, RefusesEventsThatAreOutOfOrder) {
    Writer writer([](std::string_view) {});
    EXPECT_THROW(writer.take({Time{}, RunEnded{}}), std::invalid_argument);
    writer.take({Time{1s}, tiny_run()});
    EXPECT_THROW(writer.take({Time{999ms}, RunEnded{}}), std::invalid_argument);
    EXPECT_THROW(writer.take({Time{1s}, tiny_run()}), std::invalid_argument);
    writer.finish();
    EXPECT_THROW(writer.take({Time{2s}, RunEnded{}}), std::invalid_argument);
}

TEST(Journal, WriterHandsOnBytesAsItGoes) {
    std::size_t handed_on = 0, largest = 0;
    Writer writer([&](std::string_view piece) {
        handed_on += piece.size();
        largest = std::max(largest, piece.size());
    });
    auto cluster = test::small_cluster();
    cluster.seconds = 200;
    toy::run(cluster, writer);
    EXPECT_GT(handed_on, 500'000U);
    EXPECT_LT(largest, 70'000U);
}

TEST(JournalDamage, CutOffAnywhereIsSaidAndWhatWasThereIsRead) {
    const auto bytes = written(one_of_each());
    const auto whole = read_all(bytes).lines;
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        const auto contents = read_all(bytes.substr(0, size));
        ASSERT_TRUE(contents.error) << size;
        EXPECT_LE(contents.error->offset, size);
        ASSERT_LE(contents.lines.size(), whole.size());
        EXPECT_TRUE(std::equal(contents.lines.begin(), contents.lines.end(), whole.begin()));
    }
    const auto late = read_all(bytes.substr(0, bytes.size() - 3));
    EXPECT_EQ(late.lines, whole);
    EXPECT_THAT(late.error->to_string("x.lvsj"),
                HasSubstr("x.lvsj: byte " + std::to_string(bytes.size() - 3) + ": "));
    EXPECT_THAT(late.error->message, HasSubstr("cut off"));
}

TEST(JournalDamage, ForeignFilesAreRefusedAtTheirBeginning) {
    for (const std::string foreign : {"", "L",
                                      "\x7F"
                                      "ELF and so on",
                                      "{\"time\":1}", "LVSX\x02\x02"}) {
        const auto contents = read_all(foreign);
        ASSERT_TRUE(contents.error);
        EXPECT_EQ(contents.error->offset, 0U);
        EXPECT_THAT(contents.error->message, HasSubstr("not a journal"));
    }
    const auto newer = read_all(std::string("LVSJ\x03\x02", 6));
    EXPECT_EQ(newer.error->offset, 4U);
    EXPECT_THAT(newer.error->message, HasSubstr("version 3"));
}

TEST(JournalDamage, BytesAfterTheEndAreSaid) {
    const auto bytes = written(one_of_each());
    const auto contents = read_all(bytes + "x");
    EXPECT_EQ(contents.error->offset, bytes.size());
    EXPECT_THAT(contents.error->message, HasSubstr("follow the end mark"));
}

TEST(JournalDamage, EveryChangedByteIsNoticed) {
    const auto bytes = written(one_of_each());
    RandomStream random(1, "test/damage");
    for (std::size_t place = 0; place < bytes.size(); ++place) {
        for (int i = 0; i < 8; ++i) {
            auto damaged = bytes;
            damaged[place] = static_cast<char>(static_cast<unsigned char>(damaged[place]) ^
                                               (1 + random.below(255)));
            // Only the level is a byte that two sound journals may differ in; the hash covers it.
            EXPECT_TRUE(read_all(damaged).error) << "byte " << place;
        }
    }
}

TEST(JournalDamage, NoMutationCrashesTheReader) {
    const auto bytes = test::journal_of(test::small_cluster()).bytes;
    RandomStream random(2, "test/mutations");
    for (int round = 0; round < 3000; ++round) {
        auto damaged = bytes.substr(0, 1 + random.below(bytes.size()));
        for (auto n = 1 + random.below(8); n > 0; --n) {
            const auto place = random.below(damaged.size());
            switch (random.below(3)) {
                case 0:
                    damaged[place] = static_cast<char>(random());
                    break;
                case 1:
                    damaged.erase(place, random.below(20));
                    break;
                default:
                    damaged.insert(place, random.below(5), static_cast<char>(random()));
            }
            damaged += damaged.empty() ? "L" : "";
        }
        // Sound lines up to an error; the sanitizers of the asan preset watch the rest.
        const auto contents = read_all(damaged);
        EXPECT_TRUE(contents.error || damaged == bytes);
    }
}
