// SPDX-License-Identifier: GPL-2.0-only
#include "sim/packet/data_client.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "sim/packet/addresses.hpp"
#include "sim/packet/clock.hpp"
#include "sim/packet/data_message.hpp"
#include "sim/packet/payload.hpp"
#include "sim/packet/tcp_door.hpp"

namespace lvslab::packet_world {

/// A TCP connection to the data server. It opens itself; what is asked before it stands waits.
class DataClient::Connection {
public:
    Connection(DataClient& client, Ticket request)
        : client_(client),
          request_(request),
          socket_(ns3::Socket::CreateSocket(client.node_, ns3::TcpSocketFactory::GetTypeId())),
          segments_(ns3::MakeCallback(&Connection::on_segment, this)) {
        socket_->SetConnectCallback(ns3::MakeCallback(&Connection::on_connected, this),
                                    ns3::MakeCallback(&Connection::on_closed, this));
        socket_->SetCloseCallbacks(ns3::MakeCallback(&Connection::on_closed, this),
                                   ns3::MakeCallback(&Connection::on_closed, this));
        socket_->SetRecvCallback(ns3::MakeCallback(&Connection::on_data, this));
        socket_->SetSendCallback(ns3::MakeCallback(&Connection::on_room, this));
        TcpDoor::watch_segments(*socket_, segments_);
        const Endpoint to{client.data_.interface.address, data_port(client.data_.kind)};
        if (socket_->Bind() != 0 || socket_->Connect(to_ns3(to)) != 0) {
            failure_ = ns3::Simulator::ScheduleNow(&Connection::fail, this);
        }
    }
    ~Connection() { deafen(); }
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    /// Nothing = idle.
    void belong_to(std::optional<Ticket> request) { request_ = request; }

    void ask(const server::DataAccess& access) {
        question_ = question_of(access, number_++);
        unsent_ = question_.bytes;
        received_ = 0;
        if (established_) {
            send();
        }
    }

    void leave(Leave how) {
        deafen();
        if (how == Leave::drop || broken_ || !established_) {
            TcpDoor::drop(*socket_);
        } else if (how == Leave::close) {
            socket_->Close();
        } else {
            TcpDoor::reset(*socket_);
        }
    }

private:
    void on_connected(ns3::Ptr<ns3::Socket>) {
        established_ = true;
        send();
    }

    void on_room(ns3::Ptr<ns3::Socket>, std::uint32_t) { send(); }

    // Send() takes a packet whole or not at all: never offer more than there is room for.
    void send() {
        while (unsent_ > 0 && established_ && !broken_) {
            const bool begun = unsent_ < question_.bytes;
            const auto room = static_cast<std::uint32_t>(
                std::min<std::uint64_t>(unsent_, socket_->GetTxAvailable()));
            if (room < (begun ? 1 : DataQuestion::size)) {
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
            if (packet->GetSize() == 0 || broken_) {
                return;
            }
            take(*packet);
        }
    }

    void take(const ns3::Packet& packet) {
        if (received_ < header_.size()) {
            packet.CopyData(header_.data() + received_,
                            static_cast<std::uint32_t>(header_.size() - received_));
        }
        const auto before = received_;
        received_ += packet.GetSize();
        if (before < header_.size() && received_ >= header_.size()) {
            const auto answer = decode_data_answer(header_);
            if (!answer || answer->number != question_.number) {
                fail();
                return;
            }
        }
        if (received_ == question_.answer_bytes && request_) {
            client_.answered(*request_);
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

    void fail() {
        if (std::exchange(broken_, true)) {
            return;
        }
        if (request_) {
            client_.broken(*request_);
        } else {
            client_.bury_idle(*this);
        }
    }

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

    DataClient& client_;
    std::optional<Ticket> request_;
    ns3::Ptr<ns3::Socket> socket_;
    SegmentCallback segments_;
    ns3::EventId failure_;
    DataQuestion question_;
    std::uint64_t number_ = 0;
    std::uint64_t unsent_ = 0, received_ = 0;
    std::array<std::uint8_t, DataAnswer::size> header_{};
    bool established_ = false;
    bool broken_ = false;
    bool deaf_ = false;
};

DataClient::DataClient(Network& network, std::uint32_t server, const scenario::Scenario& scenario,
                       journal::Sink& sink, std::uint64_t seed, Ended ended)
    : need_(*scenario.servers[server].data),
      data_(scenario.data[need_.data_server]),
      sink_(sink),
      server_(server),
      node_(network.server(server)),
      draws_(seed, "data/" + scenario.servers[server].name),
      ended_(std::move(ended)) {}

DataClient::~DataClient() {
    burial_.Cancel();
}

void DataClient::begin(Ticket request) {
    auto& r =
        busy_.emplace(request, Request{server::DataAccesses(need_, draws_), nullptr}).first->second;
    r.connection = take_connection(request);
    access(request);
}

std::unique_ptr<DataClient::Connection> DataClient::take_connection(Ticket request) {
    auto& r = busy_.at(request);
    r.first = !idle_.empty();
    if (idle_.empty()) {
        return std::make_unique<Connection>(*this, request);
    }
    auto connection = std::move(idle_.back());
    idle_.pop_back();
    connection->belong_to(request);
    return connection;
}

void DataClient::access(Ticket request) {
    auto& r = busy_.at(request);
    r.asked_at = now();
    r.timeout = timers_.at(now() + need_.timeout, [this, request] { timed_out(request); });
    r.connection->ask(r.accesses.current());
}

void DataClient::answered(Ticket request) {
    auto& r = busy_.at(request);
    timers_.cancel(r.timeout);
    tell(r, true);
    r.first = false;
    r.accesses.answered();
    if (r.accesses.done()) {
        finish(request, true);
    } else {
        access(request);
    }
}

void DataClient::broken(Ticket request) {
    auto& r = busy_.at(request);
    if (std::exchange(r.first, false)) {
        // The data server gave it up while it was idle; that says nothing about the server now.
        bury(std::move(r.connection), Leave::drop);
        r.connection = std::make_unique<Connection>(*this, request);
        r.connection->ask(r.accesses.current());
        return;
    }
    timers_.cancel(r.timeout);
    tell(r, false);
    finish(request, false);
}

void DataClient::timed_out(Ticket request) {
    tell(busy_.at(request), false);
    finish(request, false);
}

void DataClient::tell(const Request& request, bool ok) {
    sink_.take({now(), journal::DataRequestEnded{server_, need_.data_server, ok,
                                                 now() - request.asked_at}});
}

void DataClient::finish(Ticket request, bool ok) {
    const auto found = busy_.find(request);
    auto connection = std::move(found->second.connection);
    busy_.erase(found);
    if (ok && data_.kind == scenario::DataServer::Kind::database) {
        connection->belong_to(std::nullopt);
        idle_.push_back(std::move(connection));
    } else {
        bury(std::move(connection), ok ? Leave::close : Leave::reset);
    }
    ended_(request, ok);
}

// A connection may be at work further up the stack, and ns-3 may be walking over its socket's
// listeners: it takes its leave by an event of its own.
void DataClient::bury(std::unique_ptr<Connection> connection, Leave how) {
    connection->belong_to(std::nullopt);
    graves_.push_back({std::move(connection), how});
    if (!burial_.IsRunning()) {
        burial_ = ns3::Simulator::ScheduleNow(&DataClient::clear_graves, this);
    }
}

void DataClient::bury_idle(Connection& connection) {
    const auto found = std::ranges::find(idle_, &connection, &std::unique_ptr<Connection>::get);
    if (found != idle_.end()) {
        auto idle = std::move(*found);
        idle_.erase(found);
        bury(std::move(idle), Leave::drop);
    }
}

void DataClient::clear_graves() {
    for (const auto& grave : graves_) {
        grave.connection->leave(grave.how);
    }
    graves_.clear();
}

void DataClient::end(bool with_resets) {
    const auto how = with_resets ? Leave::reset : Leave::drop;
    for (auto& [ticket, request] : busy_) {
        timers_.cancel(request.timeout);
        request.connection->leave(how);
    }
    for (const auto& connection : idle_) {
        connection->leave(how);
    }
    busy_.clear();
    idle_.clear();
}

}  // namespace lvslab::packet_world
