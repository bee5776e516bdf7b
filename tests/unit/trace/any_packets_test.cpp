// SPDX-License-Identifier: GPL-2.0-only
// Whatever becomes of a connection's packets on their way into a capture: sizes never exceed what
// the sequence numbers allow, and whole captures give exact ones.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "tests/unit/trace/traffic.hpp"

namespace lvslab::trace::testing {
namespace {

struct Sent {
    std::vector<Segment> segments;
    std::uint64_t requests = 0, responses = 0;
};

/// Turns of several segments each way, with ACKs between.
Sent any_dialogue() {
    Sent sent;
    Dialogue d(*rc::gen::arbitrary<std::uint32_t>(), *rc::gen::arbitrary<std::uint32_t>());
    sent.segments = {d.syn(), d.syn_ack(), d.ack(true)};
    const auto turns = *rc::gen::inRange(1, 5);
    for (int turn = 0; turn < turns; ++turn) {
        for (const bool from_client : {true, false}) {
            const auto segments = *rc::gen::inRange(1, 5);
            for (int i = 0; i < segments; ++i) {
                const auto length = *rc::gen::inRange<std::uint32_t>(1, 1460);
                sent.segments.push_back(d.data(from_client, length));
                (from_client ? sent.requests : sent.responses) += length;
            }
            sent.segments.push_back(d.ack(!from_client));
        }
    }
    sent.segments.push_back(d.fin(true));
    sent.segments.push_back(d.fin(false));
    sent.segments.push_back(d.ack(true));
    return sent;
}

std::pair<std::uint64_t, std::uint64_t> sizes_of(const std::vector<TracedConnection>& connections) {
    std::pair<std::uint64_t, std::uint64_t> sizes;
    for (const auto& c : connections) {
        for (const auto& turn : c.turns) {
            sizes.first += turn.request_bytes;
            sizes.second += turn.response_bytes;
        }
    }
    return sizes;
}

RC_GTEST_PROP(AnyPackets, WholeConnectionsHaveTheirExactSizes, ()) {
    const auto sent = any_dialogue();
    Watched w;
    Duration now{};
    for (const auto& segment : sent.segments) {
        w.at(now += 1ms, segment);
    }
    RC_ASSERT(w.connections.size() == 1U);
    RC_ASSERT(sizes_of(w.connections) == std::pair(sent.requests, sent.responses));
    RC_ASSERT(w.counts().unseen_bytes == 0U);
}

RC_GTEST_PROP(AnyPackets, LossOnceOpenCostsNoByte, ()) {
    // The last ACKs tell all sizes, whatever was lost before them.
    const auto sent = any_dialogue();
    Watched w;
    Duration now{};
    for (std::size_t i = 0; i < sent.segments.size(); ++i) {
        const bool may_go = i > 2 && i + 3 < sent.segments.size();
        if (!may_go || *rc::gen::inRange(0, 3) != 0) {
            w.at(now += 1ms, sent.segments[i]);
        }
    }
    w.over();
    RC_ASSERT(sizes_of(w.connections) == std::pair(sent.requests, sent.responses));
}

RC_GTEST_PROP(AnyPackets, ShufflesAndLossesNeverMakeBytes, ()) {
    auto sent = any_dialogue();
    std::vector<Segment> seen;
    for (const auto& segment : sent.segments) {
        const auto copies = *rc::gen::inRange(0, 3);
        for (int i = 0; i < copies; ++i) {
            seen.insert(seen.begin() + *rc::gen::inRange<std::ptrdiff_t>(
                                           0, static_cast<std::ptrdiff_t>(seen.size()) + 1),
                        segment);
        }
    }
    Watched w;
    Duration now{};
    for (const auto& segment : seen) {
        w.at(now += 1ms, segment);
    }
    w.over();
    for (const auto& c : w.connections) {
        const auto [requests, responses] = sizes_of({c});
        // A FIN takes a number too, and one that was lost cannot be told from a byte.
        RC_ASSERT(requests <= sent.requests + 1);
        RC_ASSERT(responses <= sent.responses + 1);
    }
}

RC_GTEST_PROP(AnyPackets, BytesAreNeverTakenForMoreThanTheyAre, ()) {
    // Damage: any bytes of a packet changed, any end cut off.
    const auto sent = any_dialogue();
    Watched w;
    Duration now{};
    for (const auto& segment : sent.segments) {
        auto packet = tcp_packet(segment);
        const auto changes = *rc::gen::inRange(0, 3);
        for (int i = 0; i < changes; ++i) {
            packet[*rc::gen::inRange<std::size_t>(0, 40)] = *rc::gen::arbitrary<std::uint8_t>();
        }
        w.at(now += 1ms, packet, *rc::gen::inRange<std::size_t>(0, packet.size() + 1));
    }
    w.over();
    RC_ASSERT(w.counts().packets == sent.segments.size());
    for (const auto& c : w.connections) {
        RC_ASSERT(!c.turns.empty());
        const auto [requests, responses] = sizes_of({c});
        // What a window's numbers allow for each packet.
        RC_ASSERT(requests <= sent.segments.size() * (Stream::largest_window + 65536));
        RC_ASSERT(responses <= sent.segments.size() * (Stream::largest_window + 65536));
    }
}

}  // namespace
}  // namespace lvslab::trace::testing
