// SPDX-License-Identifier: GPL-2.0-only
#include "sim/packet/data_client.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "sim/packet/addresses.hpp"
#include "sim/packet/payload.hpp"
#include "sim/packet/tcp_door.hpp"

namespace lvslab::packet_world {

/// A TCP connection to the data server.
class DataClient::Connection final : public world::DataConnection {
public:
    Connection(DataClient& client, Ticket request)
        : DataConnection(client, request),
          socket_(ns3::Socket::CreateSocket(client.node_, ns3::TcpSocketFactory::GetTypeId())),
          segments_(ns3::MakeCallback(&Connection::on_segment, this)) {
        socket_->SetConnectCallback(ns3::MakeCallback(&Connection::on_connected, this),
                                    ns3::MakeCallback(&Connection::on_closed, this));
        socket_->SetCloseCallbacks(ns3::MakeCallback(&Connection::on_closed, this),
                                   ns3::MakeCallback(&Connection::on_closed, this));
        socket_->SetRecvCallback(ns3::MakeCallback(&Connection::on_data, this));
        socket_->SetSendCallback(ns3::MakeCallback(&Connection::on_room, this));
        TcpDoor::watch_segments(*socket_, segments_);
        if (socket_->Bind() != 0 || socket_->Connect(to_ns3(client.data_server())) != 0) {
            failure_ = ns3::Simulator::ScheduleNow(&Connection::cannot_connect, this);
        }
    }
    ~Connection() override { deafen(); }

    void leave(Leave how) override {
        deafen();
        if (how == Leave::drop || is_broken() || !established_) {
            TcpDoor::drop(*socket_);
        } else if (how == Leave::close) {
            socket_->Close();
        } else {
            TcpDoor::reset(*socket_);
        }
    }

private:
    void cannot_connect() { fail(); }

    void on_connected(ns3::Ptr<ns3::Socket>) {
        established_ = true;
        send();
    }

    void on_room(ns3::Ptr<ns3::Socket>, std::uint32_t) { send(); }

    // Send() takes a packet whole or not at all: never offer more than there is room for.
    void send() override {
        while (unsent_ > 0 && established_ && !is_broken()) {
            const bool begun = unsent_ < question_.bytes;
            const auto room = static_cast<std::uint32_t>(
                std::min<std::uint64_t>(unsent_, socket_->GetTxAvailable()));
            if (room < (begun ? 1 : world::DataQuestion::size)) {
                return;
            }
            const auto packet =
                begun ? ns3::Create<ns3::Packet>(room) : zeros_after(encode(question_), room);
            if (socket_->Send(packet) < 0) {
                return;
            }
            unsent_ -= room;
        }
    }

    void on_data(ns3::Ptr<ns3::Socket>) {
        while (const auto packet = socket_->Recv()) {
            if (packet->GetSize() == 0 || is_broken()) {
                return;
            }
            std::array<std::uint8_t, world::DataAnswer::size> head{};
            const auto copied =
                packet->CopyData(head.data(), static_cast<std::uint32_t>(head.size()));
            take(std::span(head).first(copied), packet->GetSize());
        }
    }

    // ns-3 overhears some RSTs, see TcpDoor.
    void on_segment(ns3::Ptr<const ns3::Packet>, const ns3::TcpHeader& header,
                    ns3::Ptr<const ns3::TcpSocketBase>) {
        if ((header.GetFlags() & ns3::TcpHeader::RST) != 0) {
            fail();
        }
    }

    // FIN, no answer to the SYN, or TCP's retransmissions used up.
    void on_closed(ns3::Ptr<ns3::Socket>) { fail(); }

    void deafen() {
        if (std::exchange(deaf_, true)) {
            return;
        }
        failure_.Cancel();
        socket_->SetConnectCallback(ns3::MakeNullCallback<void, ns3::Ptr<ns3::Socket>>(),
                                    ns3::MakeNullCallback<void, ns3::Ptr<ns3::Socket>>());
        socket_->SetCloseCallbacks(ns3::MakeNullCallback<void, ns3::Ptr<ns3::Socket>>(),
                                   ns3::MakeNullCallback<void, ns3::Ptr<ns3::Socket>>());
        socket_->SetRecvCallback(ns3::MakeNullCallback<void, ns3::Ptr<ns3::Socket>>());
        socket_->SetSendCallback(
            ns3::MakeNullCallback<void, ns3::Ptr<ns3::Socket>, std::uint32_t>());
        TcpDoor::unwatch_segments(*socket_, segments_);
    }

    ns3::Ptr<ns3::Socket> socket_;
    SegmentCallback segments_;
    ns3::EventId failure_;
    bool established_ = false;
    bool deaf_ = false;
};

DataClient::DataClient(Network& network, std::uint32_t server, const scenario::Scenario& scenario,
                       journal::Sink& sink, std::uint64_t seed, Ended ended)
    : world::DataClient(server, scenario, timers_, sink, seed, std::move(ended)),
      node_(network.server(server)) {}

DataClient::~DataClient() {
    burial_.Cancel();
}

std::unique_ptr<world::DataConnection> DataClient::connect(Ticket request) {
    return std::make_unique<Connection>(*this, request);
}

// ns-3 may be walking over a socket's listeners: it goes by an event of its own.
void DataClient::clear_graves_later() {
    burial_ = ns3::Simulator::ScheduleNow([this] { clear_graves(); });
}

}  // namespace lvslab::packet_world
