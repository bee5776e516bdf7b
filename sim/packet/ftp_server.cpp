// SPDX-License-Identifier: GPL-2.0-only
#include "sim/packet/ftp_server.hpp"

#include <algorithm>
#include <optional>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>

#include "core/world/ftp_lines.hpp"
#include "sim/packet/addresses.hpp"
#include "sim/packet/clock.hpp"
#include "sim/packet/ftp_channel.hpp"
#include "sim/packet/tcp_door.hpp"

namespace lvslab::packet_world {
namespace {

void silence(ns3::Socket& socket) {
    const auto nobody = ns3::MakeNullCallback<void, ns3::Ptr<ns3::Socket>>();
    socket.SetConnectCallback(nobody, nobody);
    socket.SetCloseCallbacks(nobody, nobody);
    socket.SetRecvCallback(nobody);
    socket.SetSendCallback(ns3::MakeNullCallback<void, ns3::Ptr<ns3::Socket>, std::uint32_t>());
    socket.SetAcceptCallback(
        ns3::MakeNullCallback<bool, ns3::Ptr<ns3::Socket>, const ns3::Address&>(),
        ns3::MakeNullCallback<void, ns3::Ptr<ns3::Socket>, const ns3::Address&>());
}

Port port_of(ns3::Socket& socket) {
    ns3::Address bound;
    socket.GetSockName(bound);
    return from_ns3(ns3::InetSocketAddress::ConvertFrom(bound)).port;
}

}  // namespace

/// One control connection with its data connections, one after the other.
class FtpServer::Session {
public:
    Session(FtpServer& server, Ticket ticket, ns3::Ptr<ns3::Socket> socket)
        : server_(server),
          ticket_(ticket),
          channel_(std::move(socket), [this](const std::string& line) { hear(line); }),
          dialogue_(server.settings_, channel_.local(), channel_.peer()) {
        channel_.socket().SetCloseCallbacks(ns3::MakeCallback(&Session::on_closed, this),
                                            ns3::MakeCallback(&Session::on_closed, this));
        obey(dialogue_.greet());
        watch_idleness(now() + world::ftp_idle_patience);
    }

    ~Session() {
        idleness_.Cancel();
        drop_data();
        silence(channel_.socket());
    }

    /// Its process has ended: a RST says so, if anything does.
    void abort(bool with_resets) {
        over_ = true;
        silence(channel_.socket());
        if (with_resets) {
            TcpDoor::reset(channel_.socket());
        } else {
            TcpDoor::drop(channel_.socket());
        }
        drop_data(with_resets);
    }

    void leave() {
        if (TcpDoor::peer_finished(channel_.socket()) || closes_) {
            channel_.socket().Close();
        } else {
            TcpDoor::drop(channel_.socket());
        }
    }

    /// A passive data connection has come, perhaps one of an earlier PASV.
    void take_data_connection(ns3::Ptr<ns3::Socket> socket, const ns3::Address& from) {
        const auto peer = from_ns3(ns3::InetSocketAddress::ConvertFrom(from));
        if (!listening_ || port_of(*socket) != port_of(*listening_) ||
            !dialogue_.takes_data_from(peer.address)) {
            TcpDoor::reset(*socket);
            return;
        }
        data_ = std::move(socket);
        watch_data();
        obey(dialogue_.data_stands());
    }

private:
    void hear(const std::string& line) {
        last_activity_ = now();
        obey(dialogue_.hear(line));
    }

    void obey(const world::FtpServerDialogue::Step& step) {
        using DataEnd = world::FtpServerDialogue::DataEnd;
        if (step.end == DataEnd::in_order) {
            silence(*data_);
            data_->Close();  // it goes on by itself
            data_ = nullptr;
        }
        if (step.end != DataEnd::none) {
            drop_data();
        }
        if (!step.say.empty()) {
            channel_.say(step.say);
        }
        if (step.open_port) {
            open_port();
        }
        if (step.wait) {
            patience_ =
                ns3::Simulator::Schedule(to_ns3(world::ftp_data_patience), &Session::give_up, this);
        }
        if (step.connect) {
            connect(*step.connect);
        }
        if (step.transfer) {
            transfer();
        }
        if (step.over) {
            closes_ = true;
            over();
        }
    }

    void watch_idleness(Time until) {
        idleness_ = ns3::Simulator::Schedule(to_ns3(until - now()), &Session::look_idle, this);
    }

    /// A client that vanished says nothing any more.
    void look_idle() {
        if (const Time until = last_activity_ + world::ftp_idle_patience; until > now()) {
            watch_idleness(until);
        } else {
            obey(dialogue_.idle());
        }
    }

    void open_port() {
        listening_ = server_.passive_socket();
        if (!listening_) {
            return obey(dialogue_.no_port());
        }
        listening_->SetAcceptCallback(
            ns3::MakeNullCallback<bool, ns3::Ptr<ns3::Socket>, const ns3::Address&>(),
            ns3::MakeBoundCallback(&FtpServer::at_passive_port, &server_, ticket_));
        obey(dialogue_.port_opened(port_of(*listening_)));
    }

    void connect(const Endpoint& to) {
        data_ = ns3::Socket::CreateSocket(server_.node_, ns3::TcpSocketFactory::GetTypeId());
        data_->SetConnectCallback(ns3::MakeCallback(&Session::on_data_connected, this),
                                  ns3::MakeCallback(&Session::on_data_closed, this));
        TcpDoor::acknowledge_each_syn(*data_);  // an upload's client speaks first
        watch_data();
        const Endpoint from{channel_.local().address, world::ftp_data_port};
        if (!TcpDoor::bind_towards(*data_, to_ns3(from), to_ns3(to)) ||
            data_->Connect(to_ns3(to)) != 0) {
            give_up();
        }
    }

    void watch_data() {
        data_->SetCloseCallbacks(ns3::MakeCallback(&Session::on_data_closed, this),
                                 ns3::MakeCallback(&Session::on_data_closed, this));
        data_->SetSendCallback(ns3::MakeCallback(&Session::on_room, this));
    }

    void on_data_connected(ns3::Ptr<ns3::Socket>) { obey(dialogue_.data_stands()); }

    void transfer() {
        patience_.Cancel();
        if (dialogue_.retrieves()) {
            return send();
        }
        data_->SetCloseCallbacks(ns3::MakeCallback(&Session::on_stored, this),
                                 ns3::MakeCallback(&Session::on_data_closed, this));
        data_->SetRecvCallback(ns3::MakeCallback(&Session::on_stored_data, this));
        on_stored_data(data_);
    }

    void on_stored_data(ns3::Ptr<ns3::Socket> socket) {
        last_activity_ = now();
        while (const auto packet = socket->Recv()) {
            if (packet->GetSize() == 0) {
                return;
            }
        }
    }

    void on_stored(ns3::Ptr<ns3::Socket> socket) {
        on_stored_data(socket);
        data_closed(true);
    }

    // Send() takes a packet whole or not at all: never offer more than there is room for.
    void send() {
        std::uint64_t passed = 0;
        while (dialogue_.unsent() > passed) {
            const auto room =
                std::min<std::uint64_t>(dialogue_.unsent() - passed, data_->GetTxAvailable());
            if (room == 0 ||
                data_->Send(ns3::Create<ns3::Packet>(static_cast<std::uint32_t>(room))) < 0) {
                break;
            }
            passed += room;
        }
        obey(dialogue_.sent(passed));
    }

    void on_room(ns3::Ptr<ns3::Socket>, std::uint32_t) {
        last_activity_ = now();
        if (dialogue_.retrieves()) {
            send();
        }
    }

    void on_data_closed(ns3::Ptr<ns3::Socket>) { data_closed(false); }

    void data_closed(bool whole) {
        const auto step = dialogue_.data_closed(whole);
        if (step.end != world::FtpServerDialogue::DataEnd::in_order) {
            silence(*data_);
            data_ = nullptr;
        }
        obey(step);
    }

    void give_up() { obey(dialogue_.gave_up()); }

    void drop_data(bool with_resets = true) {
        patience_.Cancel();
        if (auto listening = std::exchange(listening_, nullptr)) {
            silence(*listening);
            listening->Close();
        }
        if (auto data = std::exchange(data_, nullptr)) {
            silence(*data);
            if (with_resets) {
                TcpDoor::reset(*data);
            } else {
                TcpDoor::drop(*data);
            }
        }
    }

    void on_closed(ns3::Ptr<ns3::Socket>) { over(); }

    void over() {
        if (!over_) {
            over_ = true;
            server_.retire(ticket_);
        }
    }

    FtpServer& server_;
    Ticket ticket_;
    FtpChannel channel_;
    world::FtpServerDialogue dialogue_;
    ns3::Ptr<ns3::Socket> listening_, data_;
    bool closes_ = false;  ///< it ends in order, from this side
    bool over_ = false;
    Time last_activity_ = now();
    ns3::EventId patience_, idleness_;
};

FtpServer::FtpServer(Network& network, std::uint32_t server, const scenario::Scenario& scenario,
                     Port port, std::uint64_t seed)
    : server_(server),
      settings_(scenario.servers[server]),
      port_(port),
      node_(network.server(server)),
      ports_(settings_, seed) {
    start();
}

void FtpServer::start() {
    if (listening_) {
        return;
    }
    listening_ = ns3::Socket::CreateSocket(node_, ns3::TcpSocketFactory::GetTypeId());
    const Endpoint anywhere{Address{}, port_};
    if (listening_->Bind(to_ns3(anywhere)) != 0 || listening_->Listen() != 0) {
        throw std::runtime_error(fmt::format("server {} cannot listen on port {} for FTP",
                                             settings_.name, port_.value()));
    }
    listening_->SetAcceptCallback(
        ns3::MakeNullCallback<bool, ns3::Ptr<ns3::Socket>, const ns3::Address&>(),
        ns3::MakeCallback(&FtpServer::on_connection, this));
    TcpDoor::reset_strays(*listening_);
}

FtpServer::~FtpServer() {
    dismissal_.Cancel();
    if (listening_) {
        silence(*listening_);
    }
}

void FtpServer::stop() {
    end(true);
}

void FtpServer::crash() {
    end(false);
}

void FtpServer::end(bool with_resets) {
    if (!listening_) {
        return;
    }
    dismissal_.Cancel();
    for (const auto& [ticket, session] : sessions_) {
        session->abort(with_resets);
    }
    sessions_.clear();
    retired_.clear();
    silence(*listening_);
    listening_->Close();
    listening_ = nullptr;
}

void FtpServer::on_connection(ns3::Ptr<ns3::Socket> socket, const ns3::Address&) {
    if (!listening_) {
        TcpDoor::reset(*socket);  // the process ended between the SYN and this ACK
        return;
    }
    const Ticket ticket = next_ticket_++;
    sessions_.emplace_hint(sessions_.end(), ticket,
                           std::make_unique<Session>(*this, ticket, std::move(socket)));
}

void FtpServer::at_passive_port(FtpServer* server, Ticket session, ns3::Ptr<ns3::Socket> socket,
                                const ns3::Address& from) {
    const auto found = server->sessions_.find(session);
    if (found == server->sessions_.end()) {
        TcpDoor::reset(*socket);
        return;
    }
    found->second->take_data_connection(std::move(socket), from);
}

ns3::Ptr<ns3::Socket> FtpServer::passive_socket() {
    return ports_.open([&](Port port) -> ns3::Ptr<ns3::Socket> {
        auto socket = ns3::Socket::CreateSocket(node_, ns3::TcpSocketFactory::GetTypeId());
        const bool open =
            socket->Bind(to_ns3(Endpoint{Address{}, port})) == 0 && socket->Listen() == 0;
        return open ? socket : nullptr;
    });
}

void FtpServer::retire(Ticket session) {
    retired_.push_back(session);
    if (!dismissal_.IsRunning()) {
        dismissal_ = ns3::Simulator::ScheduleNow(&FtpServer::dismiss, this);
    }
}

void FtpServer::dismiss() {
    for (std::size_t i = 0; i < retired_.size(); ++i) {
        const auto session = sessions_.find(retired_[i]);
        if (session != sessions_.end()) {
            session->second->leave();
            sessions_.erase(session);
        }
    }
    retired_.clear();
}

std::vector<std::unique_ptr<FtpServer>> make_ftp_servers(Network& network,
                                                         const scenario::Scenario& scenario,
                                                         std::uint64_t seed) {
    std::vector<std::unique_ptr<FtpServer>> servers;
    for (const auto port : world::ftp_ports(scenario)) {
        for (std::uint32_t i = 0; i < scenario.servers.size(); ++i) {
            servers.push_back(std::make_unique<FtpServer>(network, i, scenario, port, seed));
        }
    }
    return servers;
}

}  // namespace lvslab::packet_world
