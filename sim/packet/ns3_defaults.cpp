// SPDX-License-Identifier: GPL-2.0-only
#include "sim/packet/ns3_defaults.hpp"

#include "sim/packet/ns3.hpp"

namespace lvslab::packet_world {
namespace {

void set(const char* attribute, const ns3::AttributeValue& value) {
    ns3::Config::SetDefault(attribute, value);
}

/// Linux's numbers where ns-3's differ.
void tcp_as_linux_has_it() {
    // 1500 bytes of MTU less IP (20), TCP (20) and the timestamp option (12).
    set("ns3::TcpSocket::SegmentSize", ns3::UintegerValue(1448));
    // First SYN again after 1 s (ns-3: 3 s), RTO no less than 200 ms (1 s), acknowledgement of a
    // lone segment after 40 ms (200 ms).
    set("ns3::TcpSocket::ConnTimeout", ns3::TimeValue(ns3::Seconds(1)));
    set("ns3::TcpSocketBase::MinRto", ns3::TimeValue(ns3::MilliSeconds(200)));
    set("ns3::TcpSocket::DelAckTimeout", ns3::TimeValue(ns3::MilliSeconds(40)));
}

void tcp_for_many_connections() {
    // Seconds. A node finds a packet's socket by walking a list, and a socket in TIME_WAIT is still
    // in it: 2 minutes' worth make a run quadratic. A source port is not used again within so short
    // a time, and the director's table has its own timers, so nothing hangs on it here.
    set("ns3::TcpSocketBase::MaxSegLifetime", ns3::DoubleValue(0.05));
    // A receiver's window that fills up after a loss makes 3.37 crash on a segment without length
    // (fixed upstream in 13c1b9b63): a window that never fills avoids it. Not memory, a limit only.
    set("ns3::TcpSocket::RcvBufSize", ns3::UintegerValue(1U << 28));
    // Send() takes all or nothing: room for any response at once.
    set("ns3::TcpSocket::SndBufSize", ns3::UintegerValue(1U << 28));
    set("ns3::UdpSocket::RcvBufSize", ns3::UintegerValue(1U << 24));
}

}  // namespace

void set_ns3_defaults(std::uint64_t seed) {
    ns3::RngSeedManager::SetSeed(1);
    ns3::RngSeedManager::SetRun(seed);
    // Captures are to be clean, and NAT's incremental checksums are to be tested by every receiver.
    ns3::GlobalValue::Bind("ChecksumEnabled", ns3::BooleanValue(true));
    // Packets that wait for an address: 3 would drop the SYNs of a busy first round trip. Linux
    // bounds bytes, not packets (unres_qlen_bytes, 212 992).
    set("ns3::ArpCache::PendingQueueSize", ns3::UintegerValue(1000));
    // ns-3 delays each ARP request by up to 10 ms at random; Linux sends it at once.
    set("ns3::ArpL3Protocol::RequestJitter",
        ns3::StringValue("ns3::ConstantRandomVariable[Constant=0]"));
    tcp_as_linux_has_it();
    tcp_for_many_connections();
}

}  // namespace lvslab::packet_world
