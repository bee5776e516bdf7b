// SPDX-License-Identifier: GPL-2.0-only
/// The least traffic that shows whether a network carries connections: each client sends one
/// request, each server answers with a fixed number of bytes. Straight on ns-3's sockets.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/journal/event.hpp"
#include "core/scenario/scenario.hpp"
#include "sim/packet/addresses.hpp"
#include "sim/packet/director.hpp"
#include "sim/packet/network.hpp"

namespace lvslab::packet_world::testing {

inline scenario::Router router(const char* name, const char* public_interface,
                               const char* private_interface) {
    scenario::Router r;
    r.name = name;
    r.public_interface = *lvslab::Network::parse(public_interface);
    r.private_interface = lvslab::Network::parse(private_interface);
    return r;
}

/// A NAT, direct-routing or tunnel cluster of `servers` behind one virtual address, with both a TCP
/// and a UDP service on port 80; `clients` clients.
inline scenario::Scenario cluster(config::NetworkType type, unsigned servers, unsigned clients) {
    const bool nat = type == config::NetworkType::nat;
    const auto address = [](const char* text) { return *Address::parse(text); };
    scenario::Scenario s;
    s.name = "cluster";
    s.daemons = false;
    s.gateway = address("192.168.26.254");
    s.routers.push_back(router("lvs1", "192.168.26.9/24", "10.11.12.9/24"));
    s.config.network = type;
    s.config.nat_router = address("10.11.12.10");
    scenario::ClientGroup office;
    office.name = "office";
    office.count = clients;
    office.network = *lvslab::Network::parse("172.16.0.0/16");
    office.link = {BitRate{100'000'000}, std::chrono::milliseconds(5), 0};
    s.clients.push_back(office);
    for (const auto protocol : {Protocol::tcp, Protocol::udp}) {
        config::VirtualServer v;
        v.name = std::string("web-") + std::string(to_string(protocol));
        v.active = true;
        v.address = address("192.168.26.10");
        v.protocol = protocol;
        v.scheduler = "rr";
        for (unsigned i = 0; i < servers; ++i) {
            const auto text =
                (nat ? "10.11.12." : "192.168.26.") + std::to_string(nat ? i + 1 : i + 101);
            config::RealServer real;
            real.name = "web" + std::to_string(i + 1);
            real.address = address(text.c_str());
            real.active = true;
            real.port = Port{80};
            v.servers.push_back(real);
        }
        s.config.virtual_servers.push_back(v);
        scenario::Workload w;
        w.name = v.name;
        w.protocol = protocol;
        w.to = {v.address, Port{80}};
        s.workloads.push_back(w);
    }
    for (const auto& real : s.config.virtual_servers[0].servers) {
        scenario::Server server;
        server.name = real.name;
        server.interface = {real.address, 24};
        s.servers.push_back(server);
    }
    return s;
}

/// Keeps every event.
class Recorder : public journal::Sink {
public:
    void take(const journal::Event& event) override { events.push_back(event); }

    template <class Payload>
    std::vector<Payload> all() const {
        std::vector<Payload> found;
        for (const auto& e : events) {
            if (const auto* p = std::get_if<Payload>(&e.payload)) {
                found.push_back(*p);
            }
        }
        return found;
    }

    std::vector<journal::Event> events;
};

/// Answers whatever comes with `response_bytes`, then closes (TCP).
class AnsweringServer {
public:
    AnsweringServer(Network& network, unsigned index, std::uint32_t response_bytes)
        : response_bytes_(response_bytes) {
        for (const auto& listen : network.listen_endpoints(index)) {
            open(network.server(index), listen);
        }
    }

private:
    void open(const ns3::Ptr<ns3::Node>& node, const ListenEndpoint& listen) {
        const bool tcp = listen.protocol == Protocol::tcp;
        auto socket = ns3::Socket::CreateSocket(
            node, tcp ? ns3::TcpSocketFactory::GetTypeId() : ns3::UdpSocketFactory::GetTypeId());
        socket->Bind(to_ns3(listen.endpoint));
        if (tcp) {
            socket->Listen();
            socket->SetAcceptCallback(
                ns3::MakeNullCallback<bool, ns3::Ptr<ns3::Socket>, const ns3::Address&>(),
                ns3::MakeCallback(&AnsweringServer::accepted, this));
        } else {
            socket->SetRecvCallback(ns3::MakeCallback(&AnsweringServer::answer_datagram, this));
        }
        sockets_.push_back(socket);
    }
    void accepted(ns3::Ptr<ns3::Socket> socket, const ns3::Address&) {
        socket->SetRecvCallback(ns3::MakeCallback(&AnsweringServer::answer_stream, this));
    }
    void answer_stream(ns3::Ptr<ns3::Socket> socket) {
        if (socket->Recv()->GetSize() > 0) {
            socket->Send(ns3::Create<ns3::Packet>(response_bytes_));
            socket->Close();
        }
    }
    void answer_datagram(ns3::Ptr<ns3::Socket> socket) {
        ns3::Address from;
        while (auto packet = socket->RecvFrom(from)) {
            socket->SendTo(ns3::Create<ns3::Packet>(response_bytes_), 0, from);
        }
    }

    std::uint32_t response_bytes_;
    std::vector<ns3::Ptr<ns3::Socket>> sockets_;
};

/// One connection, or one datagram and its answer.
class AskingClient {
public:
    AskingClient(const ns3::Ptr<ns3::Node>& node, Protocol protocol, const Endpoint& to,
                 ns3::Time at, std::uint32_t request_bytes)
        : to_(to_ns3(to)), request_bytes_(request_bytes) {
        const bool tcp = protocol == Protocol::tcp;
        socket_ = ns3::Socket::CreateSocket(
            node, tcp ? ns3::TcpSocketFactory::GetTypeId() : ns3::UdpSocketFactory::GetTypeId());
        socket_->SetAttribute("IcmpCallback",
                              ns3::CallbackValue(ns3::MakeCallback(&AskingClient::icmp, this)));
        socket_->SetConnectCallback(ns3::MakeCallback(&AskingClient::connected, this),
                                    ns3::MakeCallback(&AskingClient::failed, this));
        socket_->SetRecvCallback(ns3::MakeCallback(&AskingClient::receive, this));
        ns3::Simulator::Schedule(at, &AskingClient::start, this);
    }

    std::uint64_t received_bytes = 0;
    bool refused = false;
    bool unreachable = false;

private:
    void start() { socket_->Connect(to_); }
    void connected(ns3::Ptr<ns3::Socket>) {
        socket_->Send(ns3::Create<ns3::Packet>(request_bytes_));
    }
    void failed(ns3::Ptr<ns3::Socket>) { refused = true; }
    void receive(ns3::Ptr<ns3::Socket> socket) {
        while (auto packet = socket->Recv()) {
            if (packet->GetSize() == 0) {
                socket->Close();
                break;
            }
            received_bytes += packet->GetSize();
        }
    }
    void icmp(ns3::Ipv4Address, std::uint8_t, std::uint8_t type, std::uint8_t code, std::uint32_t) {
        unreachable = unreachable || (type == 3 && code == 3);
    }

    ns3::Address to_;
    std::uint32_t request_bytes_;
    ns3::Ptr<ns3::Socket> socket_;
};

}  // namespace lvslab::packet_world::testing
