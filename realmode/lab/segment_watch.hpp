// SPDX-License-Identifier: GPL-2.0-only
/// Each packet that a router's IPVS met, and what became of it, from the frames that go in and out.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <tuple>

#include "core/journal/event.hpp"
#include "core/packet/packet.hpp"
#include "realmode/lab/decisions.hpp"

namespace lvslab::lab {

/// Matches what comes in with what goes out by the client's end and what IPVS leaves as it is (IP
/// identification, sequence number, flags). Tells a SegmentSeen at the time of the packet that came
/// in. What nothing came out for is told as unseen at flush().
class SegmentWatch {
public:
    /// All of them must outlive the watch. Services and servers are those of `decisions`.
    SegmentWatch(const DecisionWatch& decisions, std::uint32_t router, journal::Sink& sink);

    void take(const CapturedFrame& frame);
    /// The machine boots, or the run ends: what waits has come out nowhere.
    void flush();

private:
    /// Client's end, IP identification, sequence number, flags.
    using Key = std::tuple<Protocol, Endpoint, std::uint16_t, std::uint32_t, std::uint8_t>;
    struct Waiting {
        Time time;
        journal::SegmentSeen segment;
    };
    using Table = std::map<Key, std::deque<Waiting>>;

    void take_in(Time now, const packet::PacketView& packet, const packet::Flow& flow);
    void take_out(const CapturedFrame& frame, const packet::PacketView& packet);
    void forwarded(const packet::PacketView& packet, const packet::Flow& flow, std::uint32_t server,
                   ipvs::ForwardingMethod method);
    void replied(const packet::PacketView& packet, const packet::Flow& flow);
    /// The host's own answer to the oldest packet of this connection that waits.
    void answered(const Endpoint& client, const Endpoint& virtual_endpoint,
                  journal::Passage passage);
    void tell(Waiting waiting);

    const DecisionWatch& decisions_;
    std::uint32_t router_;
    journal::Sink& sink_;
    Table requests_, replies_;
    /// Each client's end with the virtual endpoints that it spoke to.
    std::map<Endpoint, std::set<Endpoint>> clients_;
};

}  // namespace lvslab::lab
