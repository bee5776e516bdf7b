// SPDX-License-Identifier: GPL-2.0-only
// The two kinds of lines that probes use.
#include <algorithm>
#include <utility>

#include "sim/packet/addresses.hpp"
#include "sim/packet/packet_text.hpp"
#include "sim/packet/probe_run.hpp"
#include "sim/packet/tcp_door.hpp"

namespace lvslab::packet_world {
namespace {

// RFC 792: destination unreachable; code 4 only asks for smaller packets.
bool is_refusal(std::uint8_t icmp_type, std::uint8_t icmp_code) {
    return icmp_type == 3 && icmp_code != 4;
}

class TcpLine final : public Line {
public:
    TcpLine(const ns3::Ptr<ns3::Node>& node, const Endpoint& server, LineUser& user, Defer defer)
        : user_(user),
          defer_(std::move(defer)),
          socket_(ns3::Socket::CreateSocket(node, ns3::TcpSocketFactory::GetTypeId())),
          segments_(ns3::MakeCallback(&TcpLine::on_segment, this)) {
        socket_->SetConnectCallback(ns3::MakeCallback(&TcpLine::on_connected, this),
                                    ns3::MakeCallback(&TcpLine::on_failed, this));
        socket_->SetCloseCallbacks(ns3::MakeCallback(&TcpLine::on_closed, this),
                                   ns3::MakeCallback(&TcpLine::on_failed, this));
        socket_->SetRecvCallback(ns3::MakeCallback(&TcpLine::on_data, this));
        TcpDoor::watch_segments(*socket_, segments_);
        TcpDoor::watch_icmp(*socket_, ns3::MakeCallback(&TcpLine::on_icmp, this));
        if (socket_->Bind() != 0 || socket_->Connect(to_ns3(server)) != 0) {
            fail();
        }
    }

    ~TcpLine() override {
        if (!socket_) {
            return;
        }
        deafen();
        if (established_ && !broken_) {
            socket_->Close();
        } else {
            TcpDoor::drop(*socket_);
        }
    }

    void say(std::string_view bytes) override {
        if (!broken_ && !bytes.empty()) {
            socket_->Send(packet_of(bytes));
        }
    }

    void drop() override {
        deafen();
        TcpDoor::drop(*socket_);
        socket_ = nullptr;
    }

private:
    void on_connected(ns3::Ptr<ns3::Socket>) {
        established_ = true;
        defer_([this] { user_.connected(); });
    }
    void on_data(ns3::Ptr<ns3::Socket>) {
        defer_([this] {
            while (const auto packet = socket_->Recv()) {
                if (packet->GetSize() == 0) {
                    return;
                }
                user_.heard(text_of(*packet));
            }
        });
    }
    void on_failed(ns3::Ptr<ns3::Socket>) { fail(); }
    void on_closed(ns3::Ptr<ns3::Socket>) {
        defer_([this] {
            if (!broken_) {
                user_.ended();
            }
        });
    }
    void on_segment(ns3::Ptr<const ns3::Packet>, const ns3::TcpHeader& header,
                    ns3::Ptr<const ns3::TcpSocketBase>) {
        if ((header.GetFlags() & ns3::TcpHeader::RST) != 0) {
            fail();
        }
    }
    void on_icmp(ns3::Ipv4Address, std::uint8_t, std::uint8_t type, std::uint8_t code,
                 std::uint32_t) {
        // A connection that stands outlives an ICMP error (RFC 1122, 4.2.3.9).
        if (!established_ && is_refusal(type, code)) {
            fail();
        }
    }
    void fail() {
        if (!std::exchange(broken_, true)) {
            defer_([this] { user_.broken(); });
        }
    }

    void deafen() {
        socket_->SetConnectCallback(ns3::MakeNullCallback<void, ns3::Ptr<ns3::Socket>>(),
                                    ns3::MakeNullCallback<void, ns3::Ptr<ns3::Socket>>());
        socket_->SetCloseCallbacks(ns3::MakeNullCallback<void, ns3::Ptr<ns3::Socket>>(),
                                   ns3::MakeNullCallback<void, ns3::Ptr<ns3::Socket>>());
        socket_->SetRecvCallback(ns3::MakeNullCallback<void, ns3::Ptr<ns3::Socket>>());
        TcpDoor::unwatch_segments(*socket_, segments_);
        TcpDoor::watch_icmp(*socket_, IcmpCallback());
    }

    LineUser& user_;
    Defer defer_;
    ns3::Ptr<ns3::Socket> socket_;
    SegmentCallback segments_;
    bool established_ = false;
    bool broken_ = false;
};

/// At an endpoint without a socket: ns-3 3.37 keeps every UDP socket until its node goes, and there
/// would be one for each check.
class UdpLine final : public Line {
public:
    UdpLine(const ns3::Ptr<ns3::Node>& node, const Endpoint& server, LineUser& user, Defer defer)
        : user_(user),
          defer_(std::move(defer)),
          udp_(node->GetObject<ns3::UdpL4Protocol>()),
          server_(server) {
        const auto source = source_towards(node, server.address);
        endpoint_ = source ? udp_->Allocate(*source) : nullptr;
        if (endpoint_ == nullptr) {
            defer_([this] { user_.broken(); });
            return;
        }
        endpoint_->SetPeer(to_ns3(server.address), server.port.value());
        endpoint_->SetRxCallback(ns3::MakeCallback(&UdpLine::on_datagram, this));
        endpoint_->SetIcmpCallback(ns3::MakeCallback(&UdpLine::on_icmp, this));
        defer_([this] { user_.connected(); });
    }

    ~UdpLine() override { drop(); }

    void say(std::string_view bytes) override {
        if (endpoint_ != nullptr) {
            udp_->Send(packet_of(bytes), endpoint_->GetLocalAddress(), to_ns3(server_.address),
                       endpoint_->GetLocalPort(), server_.port.value());
        }
    }

    void drop() override {
        if (endpoint_ != nullptr) {
            udp_->DeAllocate(std::exchange(endpoint_, nullptr));
        }
    }

private:
    static std::optional<ns3::Ipv4Address> source_towards(const ns3::Ptr<ns3::Node>& node,
                                                          const Address& to) {
        ns3::Ipv4Header header;
        header.SetDestination(to_ns3(to));
        auto error = ns3::Socket::ERROR_NOTERROR;
        const auto routing = node->GetObject<ns3::Ipv4>()->GetRoutingProtocol();
        const auto route = routing->RouteOutput(nullptr, header, nullptr, error);
        return route ? std::optional(route->GetSource()) : std::nullopt;
    }

    void on_datagram(ns3::Ptr<ns3::Packet> packet, ns3::Ipv4Header, std::uint16_t,
                     ns3::Ptr<ns3::Ipv4Interface>) {
        defer_([this, text = text_of(*packet)] { user_.heard(text); });
    }
    void on_icmp(ns3::Ipv4Address, std::uint8_t, std::uint8_t type, std::uint8_t code,
                 std::uint32_t) {
        if (is_refusal(type, code)) {
            defer_([this] { user_.broken(); });
        }
    }

    LineUser& user_;
    Defer defer_;
    ns3::Ptr<ns3::UdpL4Protocol> udp_;
    Endpoint server_;
    ns3::Ipv4EndPoint* endpoint_ = nullptr;  ///< the protocol's
};

}  // namespace

std::unique_ptr<Line> make_line(const ns3::Ptr<ns3::Node>& node, Protocol protocol,
                                const Endpoint& server, LineUser& user, Defer defer) {
    if (protocol == Protocol::udp) {
        return std::make_unique<UdpLine>(node, server, user, std::move(defer));
    }
    return std::make_unique<TcpLine>(node, server, user, std::move(defer));
}

}  // namespace lvslab::packet_world
