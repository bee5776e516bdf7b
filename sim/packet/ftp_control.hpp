// SPDX-License-Identifier: GPL-2.0-only
/// The director's part in FTP: what the helper replaces in a control connection's packets, and the
/// numbers of both sides kept right from then on.
#pragma once

#include <map>
#include <optional>
#include <utility>

#include "core/ipvs/ipvs.hpp"
#include "core/packet/stream_edits.hpp"
#include "sim/packet/ns3.hpp"

namespace lvslab::packet_world {

/// A packet and its IP header, as they are sent on.
struct RewrittenPacket {
    ns3::Ptr<ns3::Packet> packet;
    ns3::Ipv4Header header;
};

/// Control connections that the helper watches (Verdict::ftp_control), by NAT.
class FtpControl {
public:
    /// The packet that `segment` was made of, which IPVS has just answered with `verdict`: read,
    /// text replaced, numbers moved, and its addresses translated. Nothing if it is to be dropped:
    /// it is damaged, or leaves a hole that its sender has to fill first.
    std::optional<RewrittenPacket> pass(ipvs::Ipvs& ipvs, const ipvs::Segment& segment,
                                        const ipvs::Verdict& verdict,
                                        const ns3::Ptr<const ns3::Packet>& packet,
                                        const ns3::Ipv4Header& header);

private:
    /// Client and virtual endpoint.
    std::map<std::pair<Endpoint, Endpoint>, packet::TcpRewriter> connections_;
};

}  // namespace lvslab::packet_world
