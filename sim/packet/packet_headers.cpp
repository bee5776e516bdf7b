// SPDX-License-Identifier: GPL-2.0-only
#include "sim/packet/packet_headers.hpp"

#include <algorithm>
#include <ostream>
#include <span>
#include <utility>

#include "core/packet/bytes.hpp"

namespace lvslab::packet_world {
namespace {

/// Bytes that are put in front of a packet as they are.
class RawHeader : public ns3::Header {
public:
    explicit RawHeader(std::span<const std::uint8_t> bytes) : bytes_(bytes) {}

    ns3::TypeId GetInstanceTypeId() const override { return ns3::Header::GetTypeId(); }
    std::uint32_t GetSerializedSize() const override {
        return static_cast<std::uint32_t>(bytes_.size());
    }
    void Serialize(ns3::Buffer::Iterator start) const override {
        start.Write(bytes_.data(), GetSerializedSize());
    }
    std::uint32_t Deserialize(ns3::Buffer::Iterator) override { return 0; }
    void Print(std::ostream& os) const override { os << bytes_.size() << " bytes"; }

private:
    std::span<const std::uint8_t> bytes_;
};

}  // namespace

PacketHeaders::PacketHeaders(const ns3::Ipv4Header& header, ns3::Ptr<const ns3::Packet> packet)
    : header_(header), packet_(std::move(packet)) {
    // Only what core/packet looks at; ns-3 writes the real header from its own object.
    bytes_[0] = 0x45;
    packet::write16(bytes_, 2, static_cast<std::uint16_t>(ip_bytes + packet_->GetSize()));
    bytes_[9] = header.GetProtocol();
    packet::write32(bytes_, 12, header.GetSource().Get());
    packet::write32(bytes_, 16, header.GetDestination().Get());
    const auto transport = static_cast<std::uint32_t>(bytes_.size() - ip_bytes);
    const auto copied = packet_->CopyData(bytes_.data() + ip_bytes, transport);
    auto parsed = packet::PacketEditor::parse(std::span(bytes_).first(ip_bytes + copied),
                                              packet::Extent::headers);
    if (parsed) {
        editor_ = *parsed;
        flow_ = editor_->flow();
    }
}

ns3::Ptr<ns3::Packet> PacketHeaders::rewritten_packet() const {
    const auto transport_header =
        editor_->tcp() ? packet::TcpEditor::minimum_size : packet::UdpEditor::header_size;
    const auto bytes = std::span(bytes_).subspan(ip_bytes, transport_header);
    auto out = packet_->Copy();
    out->RemoveAtStart(static_cast<std::uint32_t>(bytes.size()));
    out->AddHeader(RawHeader(bytes));
    return out;
}

ns3::Ipv4Header PacketHeaders::rewritten_header() const {
    ns3::Ipv4Header out = header_;
    out.SetSource(ns3::Ipv4Address(packet::read32(bytes_, 12)));
    out.SetDestination(ns3::Ipv4Address(packet::read32(bytes_, 16)));
    return out;
}

}  // namespace lvslab::packet_world
