// SPDX-License-Identifier: GPL-2.0-only
// Packets in, connections out: the stories that real captures tell.
#include <gtest/gtest.h>

#include "tests/unit/trace/traffic.hpp"

namespace lvslab::trace::testing {
namespace {

/// Handshake with 3 ms between capture and server and 10 ms between capture and client.
Dialogue opened(Watched& w, Duration at = 0ms) {
    Dialogue d;
    w.at(at, d.syn());
    w.at(at + 3ms, d.syn_ack());
    w.at(at + 13ms, d.ack(true));
    return d;
}

void closed(Watched& w, Dialogue& d, Duration at) {
    w.at(at, d.fin(true));
    w.at(at + 1ms, d.fin(false));
    w.at(at + 2ms, d.ack(true));
}

TEST(Extractor, TellsTurnsWithTheNetworksShareTakenOffTheTimes) {
    Watched w;
    auto d = opened(w, 100ms);
    w.at(120ms, d.data(true, 400));
    w.at(163ms, d.data(false, 1460));  // 3 ms of the network, 40 ms of the server
    w.at(164ms, d.data(false, 540));
    w.at(174ms, d.ack(true));
    w.at(1174ms, d.data(true, 380));  // 10 ms of the network, 1 s of the user
    w.at(1189ms, d.data(false, 900));
    closed(w, d, 1200ms);
    ASSERT_EQ(w.connections.size(), 1U);
    EXPECT_EQ(
        w.connections[0],
        (TracedConnection{100ms, client.address, {{400, 2000, 0ms, 40ms}, {380, 900, 1s, 12ms}}}));
    EXPECT_EQ(w.counts().taken, 1U);
    EXPECT_EQ(w.counts().unended, 0U);
}

TEST(Extractor, HandsOutAClosedConnectionBeforeTheCaptureEnds) {
    Watched w;
    auto d = opened(w);
    w.at(20ms, d.data(true, 1));
    closed(w, d, 30ms);
    EXPECT_EQ(w.connections.size(), 1U);
}

TEST(Extractor, CountsASegmentThatIsSentAgainOnce) {
    Watched w;
    auto d = opened(w);
    const auto request = d.data(true, 400);
    w.at(20ms, request);
    w.at(220ms, request);
    const auto response = d.data(false, 1000);
    w.at(230ms, response);
    w.at(430ms, response);
    closed(w, d, 500ms);
    ASSERT_EQ(w.connections.size(), 1U);
    ASSERT_EQ(w.connections[0].turns.size(), 1U);
    EXPECT_EQ(w.connections[0].turns[0].request_bytes, 400U);
    EXPECT_EQ(w.connections[0].turns[0].response_bytes, 1000U);
    EXPECT_EQ(w.counts().sent_again, 2U);
    EXPECT_EQ(w.counts().unseen_bytes, 0U);
}

TEST(Extractor, PutsSegmentsInOrder) {
    Watched w;
    auto d = opened(w);
    w.at(20ms, d.data(true, 400));
    const auto first = d.data(false, 1000), second = d.data(false, 500), third = d.data(false, 7);
    w.at(30ms, third);
    w.at(31ms, first);
    w.at(32ms, second);
    closed(w, d, 50ms);
    ASSERT_EQ(w.connections.size(), 1U);
    EXPECT_EQ(w.connections[0].turns.at(0).response_bytes, 1507U);
    EXPECT_EQ(w.counts().out_of_order, 2U);
    EXPECT_EQ(w.counts().unseen_bytes, 0U);
}

TEST(Extractor, KnowsTheBytesThatTheCaptureHasLost) {
    Watched w;
    auto d = opened(w);
    w.at(20ms, d.data(true, 400));
    d.data(false, 1000);             // lost in the capture
    w.at(31ms, d.data(false, 500));  // shows a hole before it
    d.data(false, 300);              // lost too: the client's ACK tells
    w.at(45ms, d.ack(true));
    d.data(true, 200);  // a request that is lost: the answer tells
    w.at(60ms, d.data(false, 50));
    closed(w, d, 70ms);
    ASSERT_EQ(w.connections.size(), 1U);
    ASSERT_EQ(w.connections[0].turns.size(), 2U);
    EXPECT_EQ(w.connections[0].turns[0].response_bytes, 1800U);
    EXPECT_EQ(w.connections[0].turns[1].request_bytes, 200U);
    EXPECT_EQ(w.connections[0].turns[1].response_bytes, 50U);
    EXPECT_FALSE(w.connections[0].turns[1].service) << "nobody knows when the request was there";
    EXPECT_EQ(w.counts().unseen_bytes, 1500U);
}

TEST(Extractor, FindsAConnectionWhoseSynTheCaptureHasLost) {
    Watched w;
    Dialogue d;
    d.syn();
    w.at(3ms, d.syn_ack());
    w.at(13ms, d.data(true, 10));
    w.at(14ms, d.data(false, 20));
    closed(w, d, 20ms);
    ASSERT_EQ(w.connections.size(), 1U);
    EXPECT_EQ(w.connections[0].turns.at(0).request_bytes, 10U);
    EXPECT_EQ(w.connections[0].turns.at(0).response_bytes, 20U);
}

TEST(Extractor, TellsBothSizesFromOneWayAlone) {
    // Direct routing: the director sees the clients' packets only.
    Watched w;
    Dialogue d;
    w.at(0ms, d.syn());
    d.syn_ack();
    w.at(10ms, d.ack(true));
    w.at(11ms, d.data(true, 400));
    d.data(false, 3000);
    w.at(60ms, d.ack(true));
    w.at(1060ms, d.data(true, 100));
    d.data(false, 500);
    w.at(1100ms, d.ack(true));
    d.fin(false);
    w.at(1110ms, d.fin(true));
    w.at(1200s, tcp_packet(Dialogue().syn(), {client.address, Port{41000}}));
    ASSERT_EQ(w.connections.size(), 1U);
    EXPECT_EQ(w.connections[0],
              (TracedConnection{0ms, client.address, {{400, 3000, 0ms, {}}, {100, 500, 1s, {}}}}));
    EXPECT_EQ(w.counts().unended, 0U);
}

TEST(Extractor, EndsAtSimultaneousFins) {
    Watched w;
    auto d = opened(w);
    w.at(20ms, d.data(true, 400));
    w.at(25ms, d.data(false, 100));
    const auto client_fin = d.fin(true);
    auto server_fin = d.fin(false);
    --server_fin.acknowledgement;  // the client's FIN has not come yet
    w.at(30ms, client_fin);
    w.at(30ms, server_fin);
    w.at(32ms, d.ack(true));
    w.at(32ms, d.ack(false));
    ASSERT_EQ(w.connections.size(), 1U);
    EXPECT_EQ(w.connections[0].turns.at(0).request_bytes, 400U);
    EXPECT_EQ(w.connections[0].turns.at(0).response_bytes, 100U);
    EXPECT_EQ(w.counts().unended, 0U);
}

TEST(Extractor, EndsAtAReset) {
    Watched w;
    auto d = opened(w);
    w.at(20ms, d.data(true, 400));
    w.at(25ms, d.reset(false));
    ASSERT_EQ(w.connections.size(), 1U);
    EXPECT_EQ(w.connections[0].turns.at(0).response_bytes, 0U);
    EXPECT_EQ(w.counts().unended, 0U);
}

TEST(Extractor, LeavesOutWhatCarriedNothingAndSaysWhy) {
    Watched w;
    const auto from = [](std::uint16_t port) { return Endpoint{client.address, Port{port}}; };
    Dialogue refused;
    w.at(0ms, tcp_packet(refused.syn(), from(1)));
    w.at(1ms, tcp_packet({false, flag::rst | flag::ack, 0, 1001}, from(1)));
    Dialogue unanswered;
    w.at(2ms, tcp_packet(unanswered.syn(), from(2)));
    Dialogue empty;
    w.at(3ms, tcp_packet(empty.syn(), from(3)));
    w.at(4ms, tcp_packet(empty.syn_ack(), from(3)));
    w.at(5ms, tcp_packet(empty.ack(true), from(3)));
    Dialogue before;
    before.syn();
    before.syn_ack();
    w.at(6ms, tcp_packet(before.data(true, 5), from(4)));
    w.at(7ms, tcp_packet(before.data(false, 50), from(4)));
    w.over();
    EXPECT_TRUE(w.connections.empty());
    EXPECT_EQ(w.counts().refused, 1U);
    EXPECT_EQ(w.counts().unanswered, 1U);
    EXPECT_EQ(w.counts().without_bytes, 1U);
    EXPECT_EQ(w.counts().began_before, 1U);
}

TEST(Extractor, TellsWhatDoesNotEndInTheCapture) {
    Watched w;
    auto d = opened(w);
    w.at(20ms, d.data(true, 400));
    w.over();
    ASSERT_EQ(w.connections.size(), 1U);
    EXPECT_EQ(w.counts().unended, 1U);
}

TEST(Extractor, DoesNotUseSegmentsOutsideTheWindow) {
    Watched w;
    auto d = opened(w);
    auto wild = d.ack(true);
    wild.sequence += 1'000'000;  // the server has offered 65535
    wild.length = 100;
    w.at(15ms, wild);
    auto spoofed = d.reset(true);
    spoofed.sequence -= 5000;
    w.at(16ms, spoofed);
    w.at(20ms, d.data(true, 400));
    closed(w, d, 30ms);
    ASSERT_EQ(w.connections.size(), 1U);
    EXPECT_EQ(w.connections[0].turns.at(0).request_bytes, 400U);
    EXPECT_EQ(w.counts().out_of_window, 2U);
}

TEST(Extractor, TakesSizesFromHeadersWhereTheCaptureHasCutThePackets) {
    Watched w;
    Dialogue d;
    constexpr std::size_t headers = 40;
    w.at(0ms, d.syn(), headers);
    w.at(1ms, d.syn_ack(), headers);
    w.at(2ms, d.data(true, 700), headers);
    w.at(3ms, d.data(false, 1400), headers);
    w.at(4ms, d.ack(true), 30);  // not even the header
    w.over();
    ASSERT_EQ(w.connections.size(), 1U);
    EXPECT_EQ(w.connections[0].turns.at(0).request_bytes, 700U);
    EXPECT_EQ(w.connections[0].turns.at(0).response_bytes, 1400U);
    EXPECT_EQ(w.counts().malformed, 1U);
}

TEST(Extractor, TellsConnectionsOfOnePortApart) {
    Watched w;
    auto d = opened(w);
    w.at(20ms, d.data(true, 400));
    Dialogue again(90000, 5000);
    w.at(50s, again.syn());
    w.at(50s + 1ms, again.syn_ack());
    w.at(50s + 2ms, again.data(true, 7));
    w.over();
    ASSERT_EQ(w.connections.size(), 2U);
    EXPECT_EQ(w.connections[0].turns.at(0).request_bytes, 400U);
    EXPECT_EQ(w.connections[1].at, 50s);
    EXPECT_EQ(w.connections[1].turns.at(0).request_bytes, 7U);
}

TEST(Extractor, CountsARepeatedSynOnceAndTrustsNoRoundTripThen) {
    Watched w;
    Dialogue d;
    const auto syn = d.syn();
    w.at(0s, syn);
    w.at(1s, syn);
    w.at(1s + 3ms, d.syn_ack());
    w.at(1s + 5ms, d.data(true, 10));
    w.at(1s + 45ms, d.data(false, 10));
    closed(w, d, 2s);
    ASSERT_EQ(w.connections.size(), 1U);
    EXPECT_EQ(w.connections[0].at, 0s);
    EXPECT_EQ(w.connections[0].turns.at(0).service, 40ms);
}

TEST(Extractor, LetsTheServerSpeakFirst) {
    Watched w;
    auto d = opened(w);
    w.at(20ms, d.data(false, 80));
    w.at(30ms, d.data(true, 6));
    w.at(35ms, d.data(false, 20));
    closed(w, d, 50ms);
    ASSERT_EQ(w.connections.size(), 1U);
    ASSERT_EQ(w.connections[0].turns.size(), 2U);
    EXPECT_EQ(w.connections[0].turns[0].request_bytes, 0U);
    EXPECT_EQ(w.connections[0].turns[0].response_bytes, 80U);
    EXPECT_FALSE(w.connections[0].turns[0].service);
}

TEST(Extractor, EndsWhatIsSilentTooLong) {
    Watched w({.server = server, .tcp_idle = 60s});
    auto d = opened(w);
    w.at(20ms, d.data(true, 400));
    w.at(61s, tcp_packet(Dialogue().syn(), {client.address, Port{41000}}));
    EXPECT_EQ(w.connections.size(), 1U);
    EXPECT_EQ(w.counts().idle, 1U);
}

TEST(Extractor, HoldsNoMoreConnectionsThanItMay) {
    Watched w({.server = server, .most_open = 10});
    for (std::uint16_t port = 1; port <= 100; ++port) {
        Dialogue d;
        const Endpoint from{client.address, Port{port}};
        w.at(1ms * port, tcp_packet(d.syn(), from));
        w.at(1ms * port, tcp_packet(d.syn_ack(), from));
        w.at(1ms * port, tcp_packet(d.data(true, port), from));
        EXPECT_LE(w.open(), 10U);
    }
    w.over();
    EXPECT_EQ(w.connections.size(), 100U);
    EXPECT_EQ(w.counts().cut, 90U);
}

TEST(Extractor, FollowsUdpExchanges) {
    Watched w({.protocol = Protocol::udp, .server = server, .udp_idle = 30s});
    w.at(0ms, udp_packet(true, 40));
    w.at(2ms, udp_packet(false, 120));
    w.at(3ms, udp_packet(false, 30));
    w.at(1003ms, udp_packet(true, 41));
    w.at(1010ms, udp_packet(false, 100));
    w.at(100s, udp_packet(true, 42));
    w.over();
    ASSERT_EQ(w.connections.size(), 2U);
    EXPECT_EQ(w.connections[0],
              (TracedConnection{0ms, client.address, {{40, 150, 0ms, 2ms}, {41, 100, 1s, 7ms}}}));
    EXPECT_EQ(w.connections[1].turns.at(0), (Turn{42, 0, 0ms, {}}));
}

TEST(Extractor, LeavesOtherServicesAlone) {
    Watched w;
    Dialogue d;
    auto bytes = tcp_packet(d.syn());
    put16(bytes, 22, 443);
    w.at(0ms, bytes);
    w.at(1ms, udp_packet(true, 40));
    EXPECT_EQ(w.counts().packets, 2U);
    EXPECT_EQ(w.counts().of_service, 0U);
    EXPECT_EQ(w.open(), 0U);
}

}  // namespace
}  // namespace lvslab::trace::testing
