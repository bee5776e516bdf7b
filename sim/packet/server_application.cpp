// SPDX-License-Identifier: GPL-2.0-only
#include "sim/packet/server_application.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>

#include "sim/packet/addresses.hpp"
#include "sim/packet/clock.hpp"
#include "sim/packet/message.hpp"
#include "sim/packet/payload.hpp"
#include "sim/packet/tcp_door.hpp"

namespace lvslab::packet_world {
namespace {

std::uint32_t narrow(std::uint64_t bytes) {
    return static_cast<std::uint32_t>(std::min<std::uint64_t>(bytes, 0xFFFFFFFFU));
}

}  // namespace

/// A client at the server: a TCP connection, or one UDP request.
class ServerApplication::Session {
public:
    virtual ~Session() = default;
    /// The work for its request is done.
    virtual void respond() = 0;
    /// Takes leave of the network.
    virtual void leave() = 0;
    /// True if it only waits for the client, and has since before `limit`.
    virtual bool idle_since_before(Time limit) const = 0;
};

class ServerApplication::TcpSession final : public Session {
public:
    TcpSession(ServerApplication& application, Ticket ticket, ns3::Ptr<ns3::Socket> socket)
        : application_(application),
          ticket_(ticket),
          socket_(std::move(socket)),
          last_activity_(now()) {
        socket_->SetRecvCallback(ns3::MakeCallback(&TcpSession::on_data, this));
        socket_->SetSendCallback(ns3::MakeCallback(&TcpSession::on_room, this));
        socket_->SetCloseCallbacks(ns3::MakeCallback(&TcpSession::on_closed, this),
                                   ns3::MakeCallback(&TcpSession::on_closed, this));
    }

    ~TcpSession() override { deafen(); }

    void respond() override {
        if (over_) {
            return;
        }
        phase_ = Phase::sending;
        unsent_ = to_send_ = response_size(request_.response_bytes);
        send();
    }

    void leave() override {
        deafen();
        if (refused_) {
            TcpDoor::reset(*socket_);
        } else if (TcpDoor::peer_finished(*socket_)) {
            socket_->Close();
        } else {
            TcpDoor::drop(*socket_);
        }
    }

    bool idle_since_before(Time limit) const override {
        return phase_ == Phase::reading && last_activity_ < limit;
    }

private:
    enum class Phase : std::uint8_t { reading, serving, sending };

    void on_data(ns3::Ptr<ns3::Socket>) { read(); }

    // A client asks again only when it has its answer, so no byte of a next request waits here.
    void read() {
        while (phase_ == Phase::reading && !over_) {
            const auto wanted = received_ < header_.size() ? header_.size() - received_
                                                           : request_.bytes - received_;
            const auto packet = socket_->Recv(narrow(wanted), 0);
            if (!packet || packet->GetSize() == 0) {
                return;
            }
            take(*packet);
        }
    }

    void take(const ns3::Packet& packet) {
        last_activity_ = now();
        const auto before = received_;
        received_ += packet.GetSize();
        if (before < header_.size()) {
            packet.CopyData(header_.data() + before, packet.GetSize());
            if (received_ < header_.size()) {
                return;
            }
            const auto header = decode_request(header_);
            if (!header) {
                refuse();
                return;
            }
            request_ = *header;
        }
        if (received_ < request_.bytes) {
            return;
        }
        phase_ = Phase::serving;
        received_ = 0;
        if (!application_.submit(ticket_, request_.service_quantile, request_.destination)) {
            refuse();
        }
    }

    void refuse() {
        refused_ = true;
        over_ = true;
        application_.retire(ticket_);
    }

    // Send() takes a packet whole or not at all: never offer more than there is room for.
    void send() {
        while (unsent_ > 0 && !over_) {
            const auto room = std::min<std::uint64_t>(unsent_, socket_->GetTxAvailable());
            ns3::Ptr<ns3::Packet> packet;
            if (unsent_ == to_send_) {
                if (room < ResponseHeader::size) {
                    return;
                }
                const auto header = encode(ResponseHeader{.connection = request_.connection,
                                                          .request = request_.request,
                                                          .server = application_.index_});
                packet = zeros_after(header, narrow(room));
            } else {
                packet = ns3::Create<ns3::Packet>(narrow(room));
            }
            if (room == 0 || socket_->Send(packet) < 0) {
                return;
            }
            unsent_ -= room;
        }
        if (unsent_ == 0 && phase_ == Phase::sending) {
            phase_ = Phase::reading;
            last_activity_ = now();
        }
    }

    void on_room(ns3::Ptr<ns3::Socket>, std::uint32_t) {
        if (phase_ == Phase::sending) {
            send();
        }
    }

    // FIN, RST, or TCP's retransmissions used up.
    void on_closed(ns3::Ptr<ns3::Socket>) {
        if (!over_) {
            over_ = true;
            application_.retire(ticket_);
        }
    }

    void deafen() {
        socket_->SetRecvCallback(ns3::MakeNullCallback<void, ns3::Ptr<ns3::Socket>>());
        socket_->SetSendCallback(
            ns3::MakeNullCallback<void, ns3::Ptr<ns3::Socket>, std::uint32_t>());
        socket_->SetCloseCallbacks(ns3::MakeNullCallback<void, ns3::Ptr<ns3::Socket>>(),
                                   ns3::MakeNullCallback<void, ns3::Ptr<ns3::Socket>>());
    }

    ServerApplication& application_;
    Ticket ticket_;
    ns3::Ptr<ns3::Socket> socket_;
    Time last_activity_;
    Phase phase_ = Phase::reading;
    RequestHeader request_;
    std::array<std::uint8_t, RequestHeader::size> header_{};
    std::uint64_t received_ = 0;
    std::uint64_t to_send_ = 0, unsent_ = 0;
    bool refused_ = false;
    bool over_ = false;
};

class ServerApplication::UdpSession final : public Session {
public:
    UdpSession(ServerApplication& application, Ticket ticket, ns3::Ptr<ns3::Socket> socket,
               const ns3::Address& client, const RequestHeader& request)
        : application_(application),
          ticket_(ticket),
          socket_(std::move(socket)),
          client_(client),
          request_(request) {}

    void respond() override {
        std::uint64_t left = response_size(request_.response_bytes);
        for (std::uint32_t part = 0; left > 0; ++part) {
            const auto bytes = std::min<std::uint64_t>(left, largest_datagram);
            left -= bytes;
            const auto header = encode(ResponseHeader{.connection = request_.connection,
                                                      .request = request_.request,
                                                      .server = application_.index_,
                                                      .part = part});
            socket_->SendTo(zeros_after(header, narrow(bytes)), 0, client_);
        }
        application_.retire(ticket_);
    }

    void leave() override {}
    bool idle_since_before(Time) const override { return false; }

private:
    ServerApplication& application_;
    Ticket ticket_;
    ns3::Ptr<ns3::Socket> socket_;
    ns3::Address client_;
    RequestHeader request_;
};

ServerApplication::ServerApplication(Network& network, std::uint32_t server,
                                     const scenario::Scenario& scenario, journal::Sink& sink)
    : scenario_(scenario),
      sink_(sink),
      index_(server),
      node_(network.server(server)),
      application_(scenario.servers[server]) {
    for (const auto& workload : scenario.workloads) {
        longest_timeout_ = std::max(longest_timeout_, workload.timeout);
    }
    for (const auto& where : network.listen_endpoints(server)) {
        listen(where);
    }
}

ServerApplication::~ServerApplication() {
    completion_.Cancel();
    dismissal_.Cancel();
    for (const auto& socket : listening_) {
        socket->SetRecvCallback(ns3::MakeNullCallback<void, ns3::Ptr<ns3::Socket>>());
        socket->SetAcceptCallback(
            ns3::MakeNullCallback<bool, ns3::Ptr<ns3::Socket>, const ns3::Address&>(),
            ns3::MakeNullCallback<void, ns3::Ptr<ns3::Socket>, const ns3::Address&>());
    }
}

void ServerApplication::listen(const ListenEndpoint& where) {
    const bool udp = where.protocol == Protocol::udp;
    auto socket = ns3::Socket::CreateSocket(
        node_, udp ? ns3::UdpSocketFactory::GetTypeId() : ns3::TcpSocketFactory::GetTypeId());
    const bool bound = socket->Bind(to_ns3(where.endpoint)) == 0;
    if (!bound || (!udp && socket->Listen() != 0)) {
        throw std::runtime_error(fmt::format("server {} cannot listen on {}",
                                             scenario_.servers[index_].name,
                                             where.endpoint.to_string()));
    }
    if (udp) {
        socket->SetRecvPktInfo(where.endpoint.address.is_unspecified());
        socket->SetRecvCallback(ns3::MakeCallback(&ServerApplication::on_datagrams, this));
    } else {
        socket->SetAcceptCallback(
            ns3::MakeNullCallback<bool, ns3::Ptr<ns3::Socket>, const ns3::Address&>(),
            ns3::MakeCallback(&ServerApplication::on_connection, this));
        TcpDoor::reset_strays(*socket);
    }
    listening_.push_back(std::move(socket));
}

void ServerApplication::on_connection(ns3::Ptr<ns3::Socket> socket, const ns3::Address&) {
    const Ticket ticket = next_ticket_++;
    sessions_.emplace_hint(sessions_.end(), ticket,
                           std::make_unique<TcpSession>(*this, ticket, std::move(socket)));
}

ns3::Ptr<ns3::Socket> ServerApplication::reply_socket(const ns3::Ptr<ns3::Socket>& listening,
                                                      const ns3::Packet& datagram) {
    ns3::Ipv4PacketInfoTag arrived_at;
    ns3::Address local;
    if (!datagram.PeekPacketTag(arrived_at) || listening->GetSockName(local) != 0) {
        return listening;
    }
    const Endpoint endpoint{Address::v4(arrived_at.GetAddress().Get()),
                            Port{ns3::InetSocketAddress::ConvertFrom(local).GetPort()}};
    auto& socket = reply_sockets_[endpoint];
    if (!socket) {
        socket = ns3::Socket::CreateSocket(node_, ns3::UdpSocketFactory::GetTypeId());
        socket->Bind(to_ns3(endpoint));
        socket->SetRecvCallback(ns3::MakeCallback(&ServerApplication::on_datagrams, this));
        listening_.push_back(socket);
    }
    return socket;
}

void ServerApplication::on_datagrams(ns3::Ptr<ns3::Socket> socket) {
    ns3::Address from;
    while (const auto packet = socket->RecvFrom(from)) {
        std::array<std::uint8_t, RequestHeader::size> bytes{};
        packet->CopyData(bytes.data(), narrow(bytes.size()));
        const auto request = decode_request(bytes);
        if (!request) {
            continue;
        }
        const Ticket ticket = next_ticket_++;
        if (submit(ticket, request->service_quantile, request->destination)) {
            sessions_.emplace_hint(
                sessions_.end(), ticket,
                std::make_unique<UdpSession>(*this, ticket, reply_socket(socket, *packet), from,
                                             *request));
        }
    }
}

bool ServerApplication::submit(Ticket session, double service_quantile,
                               const Address& destination) {
    // Completions of this very nanosecond come first: they may free the place.
    serve();
    const bool taken = application_.arrive(session, service_quantile, destination, now());
    arm();
    return taken;
}

void ServerApplication::serve() {
    while (const auto done = application_.complete(now())) {
        const auto session = sessions_.find(*done);
        if (session != sessions_.end()) {
            session->second->respond();
        }
    }
}

void ServerApplication::arm() {
    const Time due = application_.next_completion();
    if (due == never || (completion_.IsRunning() && armed_for_ <= due)) {
        return;  // an event that comes too early arms the right one
    }
    completion_.Cancel();
    armed_for_ = due;
    completion_ = ns3::Simulator::Schedule(to_ns3(due - now()), &ServerApplication::wake, this);
}

void ServerApplication::wake() {
    serve();
    arm();
}

void ServerApplication::retire(Ticket session) {
    retired_.push_back(session);
    if (!dismissal_.IsRunning()) {
        dismissal_ = ns3::Simulator::ScheduleNow(&ServerApplication::dismiss, this);
    }
}

void ServerApplication::dismiss() {
    for (std::size_t i = 0; i < retired_.size(); ++i) {
        const auto session = sessions_.find(retired_[i]);
        if (session != sessions_.end()) {
            session->second->leave();
            sessions_.erase(session);
        }
    }
    retired_.clear();
}

void ServerApplication::sample() {
    const auto& station = application_.station();
    sink_.take({now(), journal::ServerLoad{index_, station.busy(), narrow(station.queued()),
                                           station.work_done(now()), station.refused()}});
    // A client holds no connection longer than its timeout. One that is idle for longer has lost
    // its FIN or RST on the way.
    const Time limit = now() - longest_timeout_;
    for (const auto& [ticket, session] : sessions_) {
        if (session->idle_since_before(limit)) {
            retire(ticket);
        }
    }
}

}  // namespace lvslab::packet_world
