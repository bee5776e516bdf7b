// SPDX-License-Identifier: GPL-2.0-only
#include "sim/packet/client_connection.hpp"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "core/world/message.hpp"
#include "sim/packet/addresses.hpp"
#include "sim/packet/clock.hpp"
#include "sim/packet/payload.hpp"
#include "sim/packet/tcp_door.hpp"

namespace lvslab::packet_world {

using world::datagrams;
using world::decode_response;
using world::encode;
using world::largest_datagram;
using world::request_size;
using world::RequestHeader;
using world::response_size;
using world::ResponseHeader;
namespace {

using journal::Outcome;

// RFC 792: destination unreachable; code 4 only asks for smaller packets.
constexpr std::uint8_t icmp_unreachable = 3;
constexpr std::uint8_t icmp_fragmentation_needed = 4;

bool is_refusal(std::uint8_t icmp_type, std::uint8_t icmp_code) {
    return icmp_type == icmp_unreachable && icmp_code != icmp_fragmentation_needed;
}

RequestHeader header_of(const scenario::PlannedConnection& plan, std::uint32_t number,
                        std::uint64_t bytes) {
    const auto& request = plan.requests[number];
    return {.connection = plan.id,
            .request = number,
            .bytes = static_cast<std::uint32_t>(bytes),
            .response_bytes = response_size(request.response_bytes),
            .service_quantile = request.service_quantile,
            .destination = plan.to.address};
}

class TcpConnection final : public ClientConnection {
public:
    TcpConnection(ConnectionOwner& owner, scenario::PlannedConnection plan,
                  ns3::Ptr<ns3::Node> node)
        : ClientConnection(owner, std::move(plan)),
          socket_(ns3::Socket::CreateSocket(node, ns3::TcpSocketFactory::GetTypeId())),
          segments_(ns3::MakeCallback(&TcpConnection::on_segment, this)) {}

    ~TcpConnection() override { deafen(); }

    void open() override {
        socket_->SetConnectCallback(ns3::MakeCallback(&TcpConnection::on_connected, this),
                                    ns3::MakeCallback(&TcpConnection::on_connect_failed, this));
        socket_->SetCloseCallbacks(ns3::MakeCallback(&TcpConnection::on_closed, this),
                                   ns3::MakeCallback(&TcpConnection::on_closed, this));
        socket_->SetRecvCallback(ns3::MakeCallback(&TcpConnection::on_data, this));
        socket_->SetSendCallback(ns3::MakeCallback(&TcpConnection::on_room, this));
        TcpDoor::watch_segments(*socket_, segments_);
        TcpDoor::watch_icmp(*socket_, ns3::MakeCallback(&TcpConnection::on_icmp, this));
        if (socket_->Bind(to_ns3(plan().source)) != 0 || socket_->Connect(to_ns3(plan().to)) != 0) {
            broken();
        }
    }

    void leave() override {
        deafen();
        if (peer_reset_ || !established_) {
            TcpDoor::drop(*socket_);
        } else if (served_) {
            socket_->Close();
        } else {
            TcpDoor::reset(*socket_);
        }
    }

private:
    void ask() override {
        to_send_ = request_size(request().request_bytes);
        unsent_ = to_send_;
        expected_ = response_size(request().response_bytes);
        received_ = 0;
        send();
    }

    // Send() takes a packet whole or not at all: never offer more than there is room for.
    void send() {
        while (unsent_ > 0 && !has_ended()) {
            const auto room = std::min<std::uint64_t>(unsent_, socket_->GetTxAvailable());
            ns3::Ptr<ns3::Packet> packet;
            if (unsent_ == to_send_) {
                if (room < RequestHeader::size) {
                    return;
                }
                const auto header = encode(header_of(plan(), request_number(), to_send_));
                packet = zeros_after(header, static_cast<std::uint32_t>(room));
            } else {
                packet = ns3::Create<ns3::Packet>(static_cast<std::uint32_t>(room));
            }
            if (room == 0 || socket_->Send(packet) < 0) {
                return;
            }
            unsent_ -= room;
        }
    }

    void on_connected(ns3::Ptr<ns3::Socket>) {
        if (has_ended()) {
            return;
        }
        established_ = true;
        ask();
    }

    void on_room(ns3::Ptr<ns3::Socket>, std::uint32_t) { send(); }

    void on_data(ns3::Ptr<ns3::Socket>) {
        while (const auto packet = socket_->Recv()) {
            if (packet->GetSize() == 0) {
                return;
            }
            take(*packet);
        }
    }

    void take(const ns3::Packet& packet) {
        if (has_ended()) {
            return;
        }
        if (received_ < header_.size()) {
            const auto missing = header_.size() - received_;
            packet.CopyData(header_.data() + received_, static_cast<std::uint32_t>(missing));
        }
        received_ += packet.GetSize();
        if (received_ >= header_.size()) {
            if (const auto header = decode_response(header_)) {
                heard_from(header->server, header->stale_for);
            }
        }
        if (received_ >= expected_) {
            served_ = request_number() + 1 == plan().requests.size();
            response_complete(expected_);
        }
    }

    void on_segment(ns3::Ptr<const ns3::Packet>, const ns3::TcpHeader& header,
                    ns3::Ptr<const ns3::TcpSocketBase>) {
        if ((header.GetFlags() & ns3::TcpHeader::RST) != 0 && !has_ended()) {
            peer_reset_ = true;
            broken();
        }
    }

    void on_icmp(ns3::Ipv4Address, std::uint8_t, std::uint8_t type, std::uint8_t code,
                 std::uint32_t) {
        // A connection that stands outlives an ICMP error (RFC 1122, 4.2.3.9).
        if (!established_ && !has_ended() && is_refusal(type, code)) {
            broken();
        }
    }

    void on_connect_failed(ns3::Ptr<ns3::Socket>) {
        if (!has_ended()) {
            end(Outcome::timed_out);
        }
    }

    // A FIN before the last response, or TCP's retransmissions used up.
    void on_closed(ns3::Ptr<ns3::Socket>) {
        if (!has_ended()) {
            broken();
        }
    }

    void deafen() {
        if (deaf_) {
            return;
        }
        deaf_ = true;
        socket_->SetConnectCallback(ns3::MakeNullCallback<void, ns3::Ptr<ns3::Socket>>(),
                                    ns3::MakeNullCallback<void, ns3::Ptr<ns3::Socket>>());
        socket_->SetCloseCallbacks(ns3::MakeNullCallback<void, ns3::Ptr<ns3::Socket>>(),
                                   ns3::MakeNullCallback<void, ns3::Ptr<ns3::Socket>>());
        socket_->SetRecvCallback(ns3::MakeNullCallback<void, ns3::Ptr<ns3::Socket>>());
        socket_->SetSendCallback(
            ns3::MakeNullCallback<void, ns3::Ptr<ns3::Socket>, std::uint32_t>());
        TcpDoor::unwatch_segments(*socket_, segments_);
        TcpDoor::watch_icmp(*socket_, IcmpCallback());
    }

    ns3::Ptr<ns3::Socket> socket_;
    SegmentCallback segments_;
    std::uint64_t to_send_ = 0, unsent_ = 0;
    std::uint64_t expected_ = 0, received_ = 0;
    std::array<std::uint8_t, ResponseHeader::size> header_{};
    bool established_ = false;
    bool peer_reset_ = false;
    bool served_ = false;
    bool deaf_ = false;
};

/// At an endpoint of its own, without a socket: ns-3 3.37 keeps every UDP socket until its node
/// goes, and there would be one for each exchange.
class UdpExchange final : public ClientConnection {
public:
    UdpExchange(ConnectionOwner& owner, scenario::PlannedConnection plan, ns3::Ptr<ns3::Node> node)
        : ClientConnection(owner, std::move(plan)), udp_(node->GetObject<ns3::UdpL4Protocol>()) {}

    ~UdpExchange() override { leave(); }

    void open() override {
        const auto& from = plan().source;
        const auto& to = plan().to;
        endpoint_ = udp_->Allocate(nullptr, to_ns3(from.address), from.port.value());
        if (endpoint_ == nullptr) {
            broken();  // the source port is in use
            return;
        }
        endpoint_->SetPeer(to_ns3(to.address), to.port.value());
        endpoint_->SetRxCallback(ns3::MakeCallback(&UdpExchange::on_datagram, this));
        endpoint_->SetIcmpCallback(ns3::MakeCallback(&UdpExchange::on_icmp, this));
        ask();
    }

    void leave() override {
        if (endpoint_ != nullptr) {
            udp_->DeAllocate(std::exchange(endpoint_, nullptr));
        }
    }

private:
    void ask() override {
        const auto bytes =
            std::min<std::uint64_t>(request_size(request().request_bytes), largest_datagram);
        const auto header = encode(header_of(plan(), request_number(), bytes));
        const auto packet = zeros_after(header, static_cast<std::uint32_t>(bytes));
        missing_ = datagrams(request().response_bytes);
        heard_.assign(missing_, false);
        const auto& from = plan().source;
        const auto& to = plan().to;
        udp_->Send(packet, to_ns3(from.address), to_ns3(to.address), from.port.value(),
                   to.port.value());
    }

    void on_datagram(ns3::Ptr<ns3::Packet> packet, ns3::Ipv4Header, std::uint16_t,
                     ns3::Ptr<ns3::Ipv4Interface>) {
        std::array<std::uint8_t, ResponseHeader::size> bytes{};
        packet->CopyData(bytes.data(), bytes.size());
        const auto header = decode_response(bytes);
        if (!header || has_ended() || header->request != request_number() ||
            header->part >= heard_.size() || heard_[header->part]) {
            return;
        }
        heard_[header->part] = true;
        heard_from(header->server, header->stale_for);
        if (--missing_ == 0) {
            response_complete(response_size(request().response_bytes));
        }
    }

    void on_icmp(ns3::Ipv4Address, std::uint8_t, std::uint8_t type, std::uint8_t code,
                 std::uint32_t) {
        // A connected UDP socket reports it as ECONNREFUSED.
        if (!has_ended() && is_refusal(type, code)) {
            broken();
        }
    }

    ns3::Ptr<ns3::UdpL4Protocol> udp_;
    ns3::Ipv4EndPoint* endpoint_ = nullptr;  ///< the protocol's, from open() to leave()
    std::uint64_t missing_ = 0;
    std::vector<bool> heard_;
};

}  // namespace

ClientConnection::ClientConnection(ConnectionOwner& owner, scenario::PlannedConnection plan)
    : owner_(owner), plan_(std::move(plan)), opened_at_(now()), asked_at_(opened_at_) {}

ClientConnection::~ClientConnection() {
    thinking_.Cancel();
}

void ClientConnection::give_up(Outcome outcome) {
    if (!has_ended_) {
        end(outcome);
    }
}

void ClientConnection::response_complete(std::uint64_t bytes) {
    owner_.responded(*this, current_, now() - asked_at_, bytes);
    if (current_ + 1 == plan_.requests.size()) {
        end(Outcome::served);
        return;
    }
    ++current_;
    thinking_ = ns3::Simulator::Schedule(to_ns3(plan_.requests[current_].think),
                                         &ClientConnection::next_request, this);
}

void ClientConnection::next_request() {
    if (!has_ended_) {
        asked_at_ = now();
        ask();
    }
}

void ClientConnection::broken() {
    end(server_ == journal::no_index ? Outcome::refused : Outcome::reset);
}

void ClientConnection::end(Outcome outcome) {
    has_ended_ = true;
    thinking_.Cancel();
    owner_.ended(*this, outcome);
}

std::unique_ptr<ClientConnection> make_tcp_connection(ConnectionOwner& owner,
                                                      scenario::PlannedConnection plan,
                                                      ns3::Ptr<ns3::Node> node) {
    return std::make_unique<TcpConnection>(owner, std::move(plan), std::move(node));
}

std::unique_ptr<ClientConnection> make_udp_exchange(ConnectionOwner& owner,
                                                    scenario::PlannedConnection plan,
                                                    ns3::Ptr<ns3::Node> node) {
    return std::make_unique<UdpExchange>(owner, std::move(plan), std::move(node));
}

}  // namespace lvslab::packet_world
