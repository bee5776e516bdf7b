// SPDX-License-Identifier: GPL-2.0-only
#include <string_view>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "core/base/random.hpp"
#include "core/ipvs/ftp_dialogue.hpp"
#include "tests/unit/ipvs/ipvs_story.hpp"

namespace lvslab::ipvs {
namespace {

std::span<const std::uint8_t> bytes(std::string_view text) {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

std::optional<FtpCommand> command(std::string_view text, Family family = Family::ipv4) {
    return read_ftp_command(bytes(text), family);
}

/// "10.1.0.10:10000 [27+19]", or "none".
std::string answer(std::string_view text, FtpMode mode, std::string_view server = "10.1.0.10") {
    const auto a = read_ftp_answer(bytes(text), mode, *Address::parse(server));
    return a ? a->data.to_string() + " \"" + std::string(text.substr(a->offset, a->length)) + "\""
             : "none";
}

TEST(FtpText, PassiveCommandsAreSeenAnywhereInAnyCase) {
    EXPECT_EQ(command("PASV\r\n")->mode, FtpMode::passive);
    EXPECT_EQ(command("TYPE I\r\npasv\r\n")->mode, FtpMode::passive);
    EXPECT_EQ(command("EPSV\r\n")->mode, FtpMode::extended_passive);
    EXPECT_EQ(command("EPSV 1\r\n")->mode, FtpMode::extended_passive);
    EXPECT_EQ(command("EPSV 2\r\n", Family::ipv6)->mode, FtpMode::extended_passive);
    for (const auto* text :
         {"PASV", "PASV\r", "EPSV 2\r\n", "EPSV ALL\r\n", "EPSV", "RETR a\r\n", ""}) {
        EXPECT_FALSE(command(text)) << text;
    }
    EXPECT_FALSE(command("PASV\r\n", Family::ipv6));
}

TEST(FtpText, ActiveCommandsTellTheClientsEndpoint) {
    EXPECT_EQ(command("PORT 172,16,0,9,156,64\r\n")->client, at("172.16.0.9:40000"));
    EXPECT_EQ(command("port  172,16,0,9,0,20\r\n")->client, at("172.16.0.9:20"));
    EXPECT_EQ(command("EPRT |1|172.16.0.9|40000|\r\n")->client, at("172.16.0.9:40000"));
    EXPECT_EQ(command("EPRT !1!172.16.0.9!40000!\r\n")->client, at("172.16.0.9:40000"));
    EXPECT_EQ(command("EPRT |2|2001:db8::9|5000|\r\n", Family::ipv6)->client,
              at("[2001:db8::9]:5000"));
    for (const auto* text :
         {"PORT 172,16,0,9,156\r\n", "PORT 256,16,0,9,1,1\r\n", "PORT 1,2,3,4,5,", "PORT", "PORT ",
          "EPRT |2|2001:db8::9|5000|\r\n", "EPRT |1|172.16.0.9|0|\r\n",
          "EPRT |1|172.16.0.9|5000\r\n", "EPRT |1|172.16.0|5000|\r\n", "EPRT |||5000|\r\n",
          "EPRT |1|172.16.0.9|70000|\r\n", "EPRT ", "TYPE I\r\nPORT 172,16,0,9,156,64\r\n"}) {
        EXPECT_FALSE(command(text)) << text;
    }
}

TEST(FtpText, AnswersTellTheServersEndpointAndWhereItStands) {
    EXPECT_EQ(answer("227 Entering Passive Mode (10,1,0,10,39,16).\r\n", FtpMode::passive),
              "10.1.0.10:10000 \"10,1,0,10,39,16\"");
    EXPECT_EQ(answer("227 =10,1,0,10,39,16\r\n", FtpMode::passive),
              "10.1.0.10:10000 \"10,1,0,10,39,16\"");
    EXPECT_EQ(
        answer("229 Entering Extended Passive Mode (|||6446|)\r\n", FtpMode::extended_passive),
        "10.1.0.10:6446 \"|||6446|\"");
    EXPECT_EQ(answer("229 ok (|1|10.1.0.99|6446|)\r\n", FtpMode::extended_passive),
              "10.1.0.99:6446 \"|1|10.1.0.99|6446|\"");
    EXPECT_EQ(answer("229 ok (|||6446|)\r\n", FtpMode::extended_passive, "fd00::a"),
              "[fd00::a]:6446 \"|||6446|\"");
    for (const auto* text : {"227 Entering Passive Mode (10,1,0,10,39)\r\n", "227 none\r\n",
                             "150 (10,1,0,10,39,16)\r\n", "227 (10,1,0,10,39,16"}) {
        const bool whole = std::string_view(text).ends_with("16");
        EXPECT_EQ(answer(text, FtpMode::passive) == "none", !whole) << text;
    }
    EXPECT_EQ(answer("229 (|||6446", FtpMode::extended_passive), "none");
    EXPECT_EQ(answer("229 |||6446|", FtpMode::extended_passive), "none");
    EXPECT_EQ(answer("229 (|||6446|)", FtpMode::passive), "none");
    EXPECT_EQ(answer("227 (10,1,0,10,39,16)", FtpMode::active), "none");
}

RC_GTEST_PROP(FtpTextProperty, WhatIsToldIsRead, (std::uint32_t address, std::uint16_t port)) {
    const Endpoint e{Address::v4(address), Port{port}};
    const auto six = ftp_answer_text(FtpMode::passive, e);
    RC_ASSERT(answer("227 ok (" + six + ")\r\n", FtpMode::passive) ==
              e.to_string() + " \"" + six + "\"");
    RC_ASSERT(command("PORT " + six + "\r\n")->client == e);
}

RC_GTEST_PROP(FtpTextProperty, NoBytesDoHarm, (const std::string& junk, std::uint8_t kind)) {
    const std::string text = std::array{"PORT ", "EPRT |", "227 (", "229 (|", ""}[kind % 5U] + junk;
    for (const auto family : {Family::ipv4, Family::ipv6}) {
        command(text, family);
    }
    for (const auto mode : {FtpMode::passive, FtpMode::extended_passive}) {
        const auto a = read_ftp_answer(bytes(text), mode, Address::v4(1));
        RC_ASSERT(!a || a->offset + a->length <= text.size());
    }
}

constexpr std::string_view client = "172.16.0.9:4000";
constexpr std::string_view control = "10.1.0.10:21";

/// A service on port 21 with one server by NAT, and an established control connection.
struct Ftp : Story {
    explicit Ftp(bool helper = true) : Story(options(helper)) {
        key.endpoint = at("192.168.26.10:21");
        service("rr");
        server(control);
        goes(client, syn);
        from_server(control, client, syn_ack);
        goes(client, ack);
    }
    static Options options(bool helper) {
        Options o;
        o.ftp_helper = helper;
        return o;
    }
    void says(std::string_view text) {
        const Segment s{
            Direction::from_client, Protocol::tcp, at(client), key.endpoint, ack, {}, 1};
        const auto v = ipvs.step(s, now);
        EXPECT_TRUE(v.ftp_control);
        EXPECT_FALSE(ipvs.ftp_payload(s, bytes(text), now));
    }
    /// The answer as the client gets it.
    std::string answers(std::string_view text) {
        const Segment s{Direction::from_server, Protocol::tcp, at(control), at(client), ack, {}, 1};
        EXPECT_TRUE(ipvs.step(s, now).ftp_control);
        const auto edit = ipvs.ftp_payload(s, bytes(text), now);
        std::string got(text);
        return edit ? got.replace(edit->offset, edit->length, edit->text) : got;
    }
    std::string opens(std::string_view from, std::string_view to, TcpFlags flags = syn) {
        Segment s;
        s.source = at(from);
        s.destination = at(to);
        s.flags = flags;
        const auto v = ipvs.step(s, now);
        return v.action == Action::forward ? v.server.to_string() : "no";
    }
};

TEST(FtpStory, APassiveConnectionGoesToTheServerThatAnswered) {
    Ftp f;
    f.says("PASV\r\n");
    EXPECT_EQ(f.answers("227 Entering Passive Mode (10,1,0,10,39,16)\r\n"),
              "227 Entering Passive Mode (192,168,26,10,39,16)\r\n");
    EXPECT_EQ(f.opens("172.16.0.77:5000", "192.168.26.10:10000"), "no");  // another client
    EXPECT_EQ(f.opens("172.16.0.9:5000", "192.168.26.10:10000"), "10.1.0.10:10000");
    const auto reply = f.from_server("10.1.0.10:10000", "172.16.0.9:5000", syn_ack);
    EXPECT_EQ(reply.virtual_endpoint, at("192.168.26.10:10000"));
    EXPECT_FALSE(reply.ftp_control);
    // The port is the client's now: another port of its is another connection.
    EXPECT_EQ(f.opens("172.16.0.9:5001", "192.168.26.10:10000"), "no");
    EXPECT_EQ(f.opens("172.16.0.9:5000", "192.168.26.10:10000", ack), "10.1.0.10:10000");
    EXPECT_EQ(f.counters(control), "2/0/0");
}

TEST(FtpStory, ExtendedPassiveTellsAPortAndKeepsTheAddressOut) {
    Ftp f;
    f.says("EPSV\r\n");
    EXPECT_EQ(f.answers("229 Entering Extended Passive Mode (|||6446|)\r\n"),
              "229 Entering Extended Passive Mode (|||6446|)\r\n");
    EXPECT_EQ(f.opens("172.16.0.9:5000", "192.168.26.10:6446"), "10.1.0.10:6446");
}

TEST(FtpStory, TheSameAnswerWithoutThePassiveCommandIsNotTouched) {
    Ftp f;
    const auto* text = "227 Entering Passive Mode (10,1,0,10,39,16)\r\n";
    EXPECT_EQ(f.answers(text), text);
    f.says("PASV\r\n");
    EXPECT_NE(f.answers(text), text);
    EXPECT_EQ(f.answers(text), text);  // one answer for one command
}

TEST(FtpStory, AnActiveConnectionLeavesWithTheVirtualAddressAndPort20) {
    Ftp f;
    EXPECT_EQ(f.from_server("10.1.0.10:20", "172.16.0.9:5000", syn).action, Action::pass);
    for (const auto* text : {"PORT 172,16,0,9,19,136\r\n", "EPRT |1|172.16.0.9|5001|\r\n"}) {
        f.says(text);
    }
    for (const auto* to : {"172.16.0.9:5000", "172.16.0.9:5001"}) {
        const auto out = f.from_server("10.1.0.10:20", to, syn);
        EXPECT_EQ(out.action, Action::forward);
        EXPECT_EQ(out.virtual_endpoint, at("192.168.26.10:20"));
        EXPECT_EQ(f.opens(to, "192.168.26.10:20", syn_ack), "10.1.0.10:20");
        EXPECT_EQ(f.from_server("10.1.0.10:20", to, ack).action, Action::forward);
    }
    EXPECT_EQ(f.counters(control), "3/0/0");
}

TEST(FtpStory, AnEntryThatNobodyUsesListensForTwoMinutes) {
    Ftp f;
    f.says("PASV\r\n");
    f.answers("227 Entering Passive Mode (10,1,0,10,39,16)\r\n");
    EXPECT_EQ(f.counters(control), "1/1/0");
    f.wait(119999ms);
    EXPECT_EQ(f.counters(control), "1/1/0");
    f.wait(1ms);
    EXPECT_EQ(f.counters(control), "1/0/0");
}

TEST(FtpStory, AControlConnectionStaysWhileItsDataConnectionRuns) {
    Ftp f;
    f.says("PASV\r\n");
    f.answers("227 Entering Passive Mode (10,1,0,10,39,16)\r\n");
    f.opens("172.16.0.9:5000", "192.168.26.10:10000");
    for (int minutes = 0; minutes < 40; ++minutes) {
        f.opens("172.16.0.9:5000", "192.168.26.10:10000", ack);
        f.wait(60s);
    }
    EXPECT_EQ(f.goes(client, ack), control);
    f.wait(900s);
    EXPECT_EQ(f.counters(control), "0/0/0");
    EXPECT_EQ(f.ipvs.connection_count(), 0U);
}

TEST(FtpStory, WithoutTheHelperOrByDirectRoutingNothingIsRead) {
    Ftp plain(false);
    const Segment s{
        Direction::from_client, Protocol::tcp, at(client), plain.key.endpoint, ack, {}, 1};
    EXPECT_FALSE(plain.ipvs.step(s, plain.now).ftp_control);
    EXPECT_FALSE(plain.ipvs.ftp_payload(s, bytes("PORT 172,16,0,9,19,136\r\n"), plain.now));
    EXPECT_EQ(plain.ipvs.connection_count(), 1U);
    auto direct = Story::weighing(1);
    direct.method = ForwardingMethod::direct;
    Ftp f;
    f.edit(control, direct);
    f.goes("172.16.0.9:4001", syn);
    const Segment d{
        Direction::from_client, Protocol::tcp, at("172.16.0.9:4001"), f.key.endpoint, ack, {}, 1};
    EXPECT_FALSE(f.ipvs.step(d, f.now).ftp_control);
}

TEST(FtpStory, AServerThatTellsTheVirtualAddressItselfIsSentItsDataToThere) {
    // pasv_address and the helper do not go together: the entry's server is the told address.
    Ftp f;
    f.says("PASV\r\n");
    f.answers("227 Entering Passive Mode (192,168,26,10,39,16)\r\n");
    EXPECT_EQ(f.opens("172.16.0.9:5000", "192.168.26.10:10000"), "192.168.26.10:10000");
    f.wait(3600s);
    EXPECT_EQ(f.ipvs.connection_count(), 0U);
}

TEST(FtpStory, DataPacketsTellTheBackupOfTheControlConnection) {
    Ftp f;
    f.says("PASV\r\n");  // the third packet
    f.answers("227 Entering Passive Mode (10,1,0,10,39,16)\r\n");
    f.ipvs.set_sync_master(SyncMaster{}, f.now);
    f.opens("172.16.0.9:5000", "192.168.26.10:10000");
    f.wait(3s);
    const auto messages = f.ipvs.take_sync_messages(f.now);
    ASSERT_EQ(messages.size(), 1U);
    const auto read = read_sync_message(messages[0].bytes);
    ASSERT_EQ(read.records.size(), 1U);
    EXPECT_EQ(read.records[0].client, at(client));
    EXPECT_EQ(read.records[0].server, at(control));
}

}  // namespace
}  // namespace lvslab::ipvs
