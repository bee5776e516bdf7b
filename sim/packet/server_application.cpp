// SPDX-License-Identifier: GPL-2.0-only
#include "sim/packet/server_application.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>

#include "core/world/check_answers.hpp"
#include "core/world/ftp_lines.hpp"
#include "core/world/message.hpp"
#include "sim/packet/addresses.hpp"
#include "sim/packet/clock.hpp"
#include "sim/packet/packet_text.hpp"
#include "sim/packet/payload.hpp"
#include "sim/packet/port_reuse.hpp"
#include "sim/packet/tcp_door.hpp"

namespace lvslab::packet_world {

using world::largest_datagram, world::RequestHeader, world::response_size, world::ResponseHeader;
namespace {

std::uint32_t narrow(std::uint64_t bytes) {
    return static_cast<std::uint32_t>(std::min<std::uint64_t>(bytes, 0xFFFFFFFFU));
}

Endpoint local_endpoint(ns3::Socket& socket) {
    ns3::Address local;
    socket.GetSockName(local);
    return from_ns3(ns3::InetSocketAddress::ConvertFrom(local));
}

}  // namespace

/// A client at the server: a TCP connection, or one UDP request.
class ServerApplication::Session {
public:
    virtual ~Session() = default;
    virtual void respond() = 0;  ///< the work for its request is done
    virtual void leave() = 0;    ///< takes leave of the network
    virtual void fail() = 0;     ///< its request cannot be answered
    /// Its process has ended: a RST says so, if anything does.
    virtual void abort(bool with_reset) = 0;
    /// True if it only waits for the client, and has since before `limit`.
    virtual bool idle_since_before(Time limit) const = 0;
};

/// Bytes of a check that are read at one time.
constexpr std::uint64_t largest_check = 64 * 1024;

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

    /// A check may want the application to speak first.
    void expect_check() {
        become_check();
        obey(check_->begin());
    }

    void respond() override {
        if (over_) {
            return;
        }
        if (check_) {
            phase_ = Phase::reading;
            answered_ = true;
            say(check_->answer());
            return;
        }
        phase_ = Phase::sending;
        unsent_ = to_send_ = response_size(request_.response_bytes);
        send();
    }

    void fail() override {
        if (!over_) {
            refuse();
        }
    }

    void abort(bool with_reset) override {
        deafen();
        over_ = true;
        if (with_reset) {
            TcpDoor::reset(*socket_);
        } else {
            TcpDoor::drop(*socket_);
        }
    }

    void leave() override {
        deafen();
        if (finished_) {
            return;  // the socket sends what is left, and its FIN, by itself
        }
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
            const auto packet = socket_->Recv(narrow(wanted()), 0);
            if (!packet || packet->GetSize() == 0) {
                return;
            }
            last_activity_ = now();
            if (check_) {
                obey(check_->take(text_of(*packet)));
            } else {
                take(*packet);
            }
        }
    }

    std::uint64_t wanted() const {
        if (check_) {
            return largest_check;
        }
        return received_ < header_.size() ? header_.size() - received_ : request_.bytes - received_;
    }

    void take(const ns3::Packet& packet) {
        const auto before = received_;
        received_ += packet.GetSize();
        if (before < header_.size()) {
            packet.CopyData(header_.data() + before, packet.GetSize());
            const auto heard = std::span(header_).first(received_);
            if (!world::may_be_request(heard)) {
                become_check();
                obey(check_->take({reinterpret_cast<const char*>(heard.data()), heard.size()}));
                return;
            }
            if (received_ < header_.size()) {
                return;
            }
            const auto header = world::decode_request(header_);
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

    void become_check() {
        if (!check_) {
            check_ = application_.dialogue_at(Protocol::tcp, socket_);
        }
    }

    void obey(const CheckDialogue::Step& step) {
        say(step.say);
        if (step.refuse) {
            refuse();
        } else if (step.work) {
            phase_ = Phase::serving;
            if (!application_.submit_check(ticket_)) {
                refuse();
            }
        }
    }

    /// As much as there is room for, the rest when there is more.
    void say(std::string_view text) {
        unsaid_.append(text);
        const auto room = std::min<std::size_t>(unsaid_.size(), socket_->GetTxAvailable());
        if (room > 0 && socket_->Send(packet_of(std::string_view(unsaid_).substr(0, room))) >= 0) {
            unsaid_.erase(0, room);
        }
        if (unsaid_.empty() && answered_ && check_->closes() && !over_) {
            finished_ = over_ = true;
            socket_->Close();
            application_.retire(ticket_);
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
                                                          .server = application_.index_,
                                                          .stale_for = application_.staleness()});
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
        } else if (!unsaid_.empty()) {
            say({});
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
    std::optional<CheckDialogue> check_;
    std::string unsaid_;  ///< to the check
    bool answered_ = false;
    bool refused_ = false;
    bool finished_ = false;  ///< closed from this end, in order
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
                                                      .part = part,
                                                      .stale_for = application_.staleness()});
            socket_->SendTo(zeros_after(header, narrow(bytes)), 0, client_);
        }
        application_.retire(ticket_);
    }

    void fail() override { application_.retire(ticket_); }
    void leave() override {}
    void abort(bool) override {}
    bool idle_since_before(Time) const override { return false; }

private:
    ServerApplication& application_;
    Ticket ticket_;
    ns3::Ptr<ns3::Socket> socket_;
    ns3::Address client_;
    RequestHeader request_;
};

/// A check by one datagram, and its answer by one.
class ServerApplication::UdpCheck final : public Session {
public:
    UdpCheck(ServerApplication& application, Ticket ticket, ns3::Ptr<ns3::Socket> socket,
             const ns3::Address& client, std::string answer)
        : application_(application),
          ticket_(ticket),
          socket_(std::move(socket)),
          client_(client),
          answer_(std::move(answer)) {}

    void respond() override {
        socket_->SendTo(packet_of(answer_), 0, client_);
        application_.retire(ticket_);
    }

    void fail() override { application_.retire(ticket_); }
    void leave() override {}
    void abort(bool) override {}
    bool idle_since_before(Time) const override { return false; }

private:
    ServerApplication& application_;
    Ticket ticket_;
    ns3::Ptr<ns3::Socket> socket_;
    ns3::Address client_;
    std::string answer_;
};

ServerApplication::ServerApplication(Network& network, std::uint32_t server,
                                     const scenario::Scenario& scenario, journal::Sink& sink,
                                     std::uint64_t seed)
    : scenario_(scenario),
      sink_(sink),
      network_(network),
      index_(server),
      node_(network.server(server)),
      process_(timers_, [this](Ticket session) { done(session); }),
      check_work_(seed, "check/" + scenario.servers[server].name) {
    for (const auto& workload : scenario.workloads) {
        longest_timeout_ = std::max(longest_timeout_, workload.timeout);
    }
    for (const auto& router : scenario.routers) {
        routers_.insert(router.public_interface.address);
        if (router.private_interface) {
            routers_.insert(router.private_interface->address);
        }
    }
    if (scenario.servers[index_].data) {
        data_ = std::make_unique<DataClient>(
            network_, index_, scenario_, sink_, seed,
            [this](Ticket session, bool ok) { data_ended(session, ok); });
    }
    start();
}

ServerApplication::~ServerApplication() {
    dismissal_.Cancel();
    close_listening();
}

void ServerApplication::start() {
    if (running()) {
        return;
    }
    process_.start(scenario_.servers[index_]);
    const auto wanted = network_.listen_endpoints(index_);
    std::set<ListenEndpoint> endpoints(wanted.begin(), wanted.end());
    for (const auto& where : world::check_endpoints_of(scenario_, index_)) {
        // A socket without an address of its own takes these too.
        if (!endpoints.contains({where.protocol, {Address{}, where.endpoint.port}})) {
            endpoints.insert(where);
        }
    }
    for (const auto& where : endpoints) {
        if (where.protocol == Protocol::tcp) {
            free_port(node_, where.endpoint.port);
        }
    }
    for (const auto& where : endpoints) {
        if (where.protocol == Protocol::udp || !world::serves_ftp(scenario_, where.endpoint.port)) {
            listen(where);
        }
    }
}

void ServerApplication::stop() {
    end(true);
}

void ServerApplication::crash() {
    end(false);
    process_.crash();
    if (data_) {
        data_->thaw();
    }
}

void ServerApplication::end(bool with_resets) {
    if (!running()) {
        return;
    }
    process_.end();
    dismissal_.Cancel();
    for (const auto& [ticket, session] : sessions_) {
        session->abort(with_resets);
    }
    sessions_.clear();
    retired_.clear();
    close_listening();
    if (data_) {
        data_->end(with_resets);
    }
}

void ServerApplication::close_listening() {
    for (const auto& socket : listening_) {
        socket->SetRecvCallback(ns3::MakeNullCallback<void, ns3::Ptr<ns3::Socket>>());
        socket->SetAcceptCallback(
            ns3::MakeNullCallback<bool, ns3::Ptr<ns3::Socket>, const ns3::Address&>(),
            ns3::MakeNullCallback<void, ns3::Ptr<ns3::Socket>, const ns3::Address&>());
        socket->Close();
    }
    listening_.clear();
    reply_sockets_.clear();
}

void ServerApplication::freeze() {
    if (!process_.frozen()) {
        process_.freeze();
        if (data_) {
            data_->freeze();
        }
    }
}

void ServerApplication::thaw() {
    if (process_.frozen()) {
        if (data_) {
            data_->thaw();
        }
        process_.thaw();
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

void ServerApplication::on_connection(ns3::Ptr<ns3::Socket> socket, const ns3::Address& from) {
    if (!running()) {
        TcpDoor::reset(*socket);  // the process ended between the SYN and this ACK
        return;
    }
    const Ticket ticket = next_ticket_++;
    auto session = std::make_unique<TcpSession>(*this, ticket, std::move(socket));
    auto& opened = *session;
    sessions_.emplace_hint(sessions_.end(), ticket, std::move(session));
    if (routers_.contains(from_ns3(ns3::InetSocketAddress::ConvertFrom(from)).address)) {
        opened.expect_check();
    }
}

CheckDialogue ServerApplication::dialogue_at(Protocol protocol,
                                             ns3::Ptr<ns3::Socket> socket) const {
    return {world::check_answers_of(scenario_, index_, protocol, local_endpoint(*socket).port),
            scenario_.servers[index_].answer.value_or("OK\n")};
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
        const auto request = world::decode_request(bytes);
        if (!request) {
            on_check(socket, *packet, from);
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

void ServerApplication::on_check(const ns3::Ptr<ns3::Socket>& socket, const ns3::Packet& datagram,
                                 const ns3::Address& from) {
    auto dialogue = dialogue_at(Protocol::udp, socket);
    const Ticket ticket = next_ticket_++;
    if (dialogue.take(text_of(datagram)).work && submit_check(ticket)) {
        sessions_.emplace_hint(
            sessions_.end(), ticket,
            std::make_unique<UdpCheck>(*this, ticket, reply_socket(socket, datagram), from,
                                       dialogue.answer()));
    }
}

bool ServerApplication::submit(Ticket session, double service_quantile,
                               const Address& destination) {
    return process_.offer([&](server::Application& application, Time now) {
        return application.arrive(session, service_quantile, destination, now);
    });
}

bool ServerApplication::submit_check(Ticket session) {
    return process_.offer([&](server::Application& application, Time now) {
        return application.arrive_check(session, check_work_.uniform(), now);
    });
}

Duration ServerApplication::staleness() const {
    return replicas_ != nullptr ? replicas_->stale_for(index_, now()) : Duration{};
}

void ServerApplication::done(Ticket ticket) {
    if (process_.held(ticket)) {
        data_->begin(ticket);
    } else {
        answer(ticket, true);
    }
}

void ServerApplication::data_ended(Ticket ticket, bool ok) {
    process_.release(ticket, [&] { answer(ticket, ok); });
}

void ServerApplication::answer(Ticket ticket, bool ok) {
    const auto session = sessions_.find(ticket);
    if (session == sessions_.end()) {
        return;
    }
    if (ok) {
        session->second->respond();
    } else {
        session->second->fail();
    }
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
    sink_.take({now(), process_.load(index_)});
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
