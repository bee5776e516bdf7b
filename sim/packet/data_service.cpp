// SPDX-License-Identifier: GPL-2.0-only
#include "sim/packet/data_service.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>

#include "core/world/data_message.hpp"
#include "sim/packet/addresses.hpp"
#include "sim/packet/payload.hpp"
#include "sim/packet/port_reuse.hpp"
#include "sim/packet/tcp_door.hpp"

namespace lvslab::packet_world {

using world::data_port, world::DataAnswer, world::DataQuestion, world::decode_data_question;

namespace {

std::uint32_t narrow(std::uint64_t bytes) {
    return static_cast<std::uint32_t>(std::min<std::uint64_t>(bytes, 0xFFFFFFFFU));
}

}  // namespace

/// A real server's connection.
class DataService::Session {
public:
    Session(DataService& service, Ticket ticket, ns3::Ptr<ns3::Socket> socket)
        : service_(service), ticket_(ticket), socket_(std::move(socket)) {
        socket_->SetRecvCallback(ns3::MakeCallback(&Session::on_data, this));
        socket_->SetSendCallback(ns3::MakeCallback(&Session::on_room, this));
        socket_->SetCloseCallbacks(ns3::MakeCallback(&Session::on_closed, this),
                                   ns3::MakeCallback(&Session::on_closed, this));
    }
    ~Session() { deafen(); }
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    void answer() {
        if (over_) {
            return;
        }
        unsent_ = question_.answer_bytes;
        begun_ = false;
        phase_ = Phase::sending;
        send();
    }

    /// Takes leave of the network.
    void leave() {
        deafen();
        if (garbled_) {
            TcpDoor::reset(*socket_);
        } else if (TcpDoor::peer_finished(*socket_)) {
            socket_->Close();
        } else {
            TcpDoor::drop(*socket_);
        }
    }

    /// Its process has ended.
    void abort(bool with_reset) {
        deafen();
        over_ = true;
        if (with_reset) {
            TcpDoor::reset(*socket_);
        } else {
            TcpDoor::drop(*socket_);
        }
    }

private:
    enum class Phase : std::uint8_t { reading, serving, sending };

    void on_data(ns3::Ptr<ns3::Socket>) { read(); }

    // The client asks again only when it has its answer.
    void read() {
        while (phase_ == Phase::reading && !over_) {
            const auto wanted = received_ < header_.size() ? header_.size() - received_
                                                           : question_.bytes - received_;
            const auto packet = socket_->Recv(narrow(wanted), 0);
            if (!packet || packet->GetSize() == 0) {
                return;
            }
            take(*packet);
        }
    }

    void take(const ns3::Packet& packet) {
        const auto before = received_;
        received_ += packet.GetSize();
        if (before < header_.size()) {
            packet.CopyData(header_.data() + before, packet.GetSize());
            if (received_ < header_.size()) {
                return;
            }
            const auto question = decode_data_question(header_);
            if (!question) {
                garbled_ = true;
                finish();
                return;
            }
            question_ = *question;
        }
        if (received_ == question_.bytes) {
            phase_ = Phase::serving;
            received_ = 0;
            service_.submit(ticket_);
        }
    }

    // Send() takes a packet whole or not at all: never offer more than there is room for.
    void send() {
        while (unsent_ > 0 && !over_) {
            const auto room = narrow(std::min<std::uint64_t>(unsent_, socket_->GetTxAvailable()));
            if (room < (begun_ ? 1 : DataAnswer::size)) {
                return;
            }
            const auto header =
                encode(DataAnswer{.number = question_.number, .node = service_.number_});
            const auto packet = begun_ ? ns3::Create<ns3::Packet>(room) : zeros_after(header, room);
            if (socket_->Send(packet) < 0) {
                return;
            }
            begun_ = true;
            unsent_ -= room;
        }
        if (unsent_ == 0 && phase_ == Phase::sending) {
            phase_ = Phase::reading;
        }
    }

    void on_room(ns3::Ptr<ns3::Socket>, std::uint32_t) {
        if (phase_ == Phase::sending) {
            send();
        }
    }

    // FIN, RST, or TCP's retransmissions used up.
    void on_closed(ns3::Ptr<ns3::Socket>) { finish(); }

    void finish() {
        if (!over_) {
            over_ = true;
            service_.retire(ticket_);
        }
    }

    void deafen() {
        socket_->SetRecvCallback(ns3::MakeNullCallback<void, ns3::Ptr<ns3::Socket>>());
        socket_->SetSendCallback(
            ns3::MakeNullCallback<void, ns3::Ptr<ns3::Socket>, std::uint32_t>());
        socket_->SetCloseCallbacks(ns3::MakeNullCallback<void, ns3::Ptr<ns3::Socket>>(),
                                   ns3::MakeNullCallback<void, ns3::Ptr<ns3::Socket>>());
    }

    DataService& service_;
    Ticket ticket_;
    ns3::Ptr<ns3::Socket> socket_;
    Phase phase_ = Phase::reading;
    std::array<std::uint8_t, DataQuestion::size> header_{};
    DataQuestion question_;
    std::uint64_t received_ = 0;  ///< of the question
    std::uint64_t unsent_ = 0;    ///< of the answer
    bool begun_ = false;          ///< some of the answer has been sent
    bool garbled_ = false;        ///< what came is no question
    bool over_ = false;
};

DataService::DataService(Network& network, const scenario::Scenario& scenario, unsigned index,
                         unsigned node, std::uint64_t seed)
    : network_(network),
      index_(index),
      number_(node),
      node_(network.data_server(index, node)),
      server_(scenario.data[index]),
      draws_(seed, fmt::format("data/{}/{}", server_.name, node)),
      process_(timers_, [this](Ticket session) { answer(session); }) {}

DataService::~DataService() {
    end(false);
}

void DataService::start() {
    if (process_.running()) {
        return;
    }
    process_.start(server_, draws_);
    const Endpoint endpoint{server_.interface.address, data_port(server_.kind)};
    free_port(node_, endpoint.port);
    listening_ = ns3::Socket::CreateSocket(node_, ns3::TcpSocketFactory::GetTypeId());
    if (listening_->Bind(to_ns3(endpoint)) != 0 || listening_->Listen() != 0) {
        throw std::runtime_error(
            fmt::format("data server {} cannot listen on {}", server_.name, endpoint.to_string()));
    }
    listening_->SetAcceptCallback(
        ns3::MakeNullCallback<bool, ns3::Ptr<ns3::Socket>, const ns3::Address&>(),
        ns3::MakeCallback(&DataService::on_connection, this));
    TcpDoor::reset_strays(*listening_);
}

void DataService::stop() {
    end(true);
}

void DataService::crash() {
    end(false);
    process_.crash();
}

void DataService::end(bool with_resets) {
    if (!process_.running()) {
        return;
    }
    process_.end();
    dismissal_.Cancel();
    for (const auto& [ticket, session] : sessions_) {
        session->abort(with_resets);
    }
    sessions_.clear();
    retired_.clear();
    listening_->SetAcceptCallback(
        ns3::MakeNullCallback<bool, ns3::Ptr<ns3::Socket>, const ns3::Address&>(),
        ns3::MakeNullCallback<void, ns3::Ptr<ns3::Socket>, const ns3::Address&>());
    listening_->Close();
    listening_ = nullptr;
}

void DataService::on_connection(ns3::Ptr<ns3::Socket> socket, const ns3::Address&) {
    const Ticket ticket = next_ticket_++;
    sessions_.emplace_hint(sessions_.end(), ticket,
                           std::make_unique<Session>(*this, ticket, std::move(socket)));
}

void DataService::submit(Ticket session) {
    process_.offer([session](server::DataStation& station, Time now) {
        station.arrive(session, now);
        return true;
    });
}

void DataService::answer(Ticket ticket) {
    const auto session = sessions_.find(ticket);
    if (session != sessions_.end()) {
        session->second->answer();
    }
}

void DataService::retire(Ticket session) {
    retired_.push_back(session);
    if (!dismissal_.IsRunning()) {
        dismissal_ = ns3::Simulator::ScheduleNow(&DataService::dismiss, this);
    }
}

void DataService::dismiss() {
    for (const auto ticket : std::exchange(retired_, {})) {
        const auto session = sessions_.find(ticket);
        if (session != sessions_.end()) {
            session->second->leave();
            sessions_.erase(session);
        }
    }
}

}  // namespace lvslab::packet_world
