// SPDX-License-Identifier: GPL-2.0-only
#include "sim/packet/ftp_server.hpp"

#include <algorithm>
#include <charconv>
#include <optional>
#include <set>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>

#include "core/ipvs/ftp_dialogue.hpp"
#include "sim/packet/addresses.hpp"
#include "sim/packet/clock.hpp"
#include "sim/packet/ftp_channel.hpp"
#include "sim/packet/tcp_door.hpp"

namespace lvslab::packet_world {
namespace {

constexpr std::uint16_t data_port = 20;
/// vsftpd's accept_timeout and connect_timeout.
constexpr Duration data_patience = std::chrono::seconds(60);
/// vsftpd's idle_session_timeout and data_connection_timeout.
constexpr Duration idle_patience = std::chrono::seconds(300);

std::span<const std::uint8_t> bytes_of(std::string_view text) {
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

std::optional<std::uint64_t> size_of_file(std::string_view name) {
    std::uint64_t size = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), size);
    return error == std::errc{} && end != name.data() ? std::optional(size) : std::nullopt;
}

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
          channel_(std::move(socket), [this](const std::string& line) { hear(line); }) {
        channel_.socket().SetCloseCallbacks(ns3::MakeCallback(&Session::on_closed, this),
                                            ns3::MakeCallback(&Session::on_closed, this));
        channel_.say(fmt::format("220 {} FTP server ready.", server_.settings_.name));
        watch_idleness(now() + idle_patience);
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
        if (data_ || !listening_ || port_of(*socket) != port_of(*listening_) ||
            peer.address != channel_.peer().address) {
            TcpDoor::reset(*socket);  // pasv_promiscuous is off
            return;
        }
        data_ = std::move(socket);
        watch_data();
        if (asked_) {
            transfer();
        }
    }

private:
    enum class Direction : std::uint8_t { retrieve, store };

    void hear(const std::string& line) {
        last_activity_ = now();
        const auto space = line.find(' ');
        const auto word = line.substr(0, space);
        const auto rest = space == std::string::npos ? std::string() : line.substr(space + 1);
        if (word == "USER") {
            channel_.say("331 Please specify the password.");
        } else if (word == "PASS") {
            channel_.say("230 Login successful.");
        } else if (word == "TYPE") {
            channel_.say("200 Switching to Binary mode.");
        } else if (word == "PASV" || word == "EPSV") {
            passive(word == "EPSV");
        } else if (word == "PORT" || word == "EPRT") {
            active(line, word);
        } else if (word == "RETR") {
            retrieve(rest);
        } else if (word == "STOR") {
            begin(Direction::store, 0);
        } else if (word == "QUIT") {
            channel_.say("221 Goodbye.");
            closes_ = true;
            over();
        } else {
            channel_.say("500 Unknown command.");
        }
    }

    void watch_idleness(Time until) {
        idleness_ = ns3::Simulator::Schedule(to_ns3(until - now()), &Session::look_idle, this);
    }

    /// A client that vanished says nothing any more.
    void look_idle() {
        if (const Time until = last_activity_ + idle_patience; until > now()) {
            watch_idleness(until);
            return;
        }
        channel_.say(transferring_ ? "421 Data timeout. Reconnect. Sorry." : "421 Timeout.");
        closes_ = true;
        over();
    }

    void passive(bool extended) {
        drop_data();
        listening_ = server_.passive_socket();
        if (!listening_) {
            channel_.say("425 No port is free.");
            return;
        }
        listening_->SetAcceptCallback(
            ns3::MakeNullCallback<bool, ns3::Ptr<ns3::Socket>, const ns3::Address&>(),
            ns3::MakeBoundCallback(&FtpServer::at_passive_port, &server_, ticket_));
        const auto port = port_of(*listening_);
        const auto told = server_.settings_.ftp.pasv_address.value_or(channel_.local().address);
        const auto mode = extended ? ipvs::FtpMode::extended_passive : ipvs::FtpMode::passive;
        const auto text = ipvs::ftp_answer_text(mode, {told, port});
        channel_.say(extended ? fmt::format("229 Entering Extended Passive Mode ({})", text)
                              : fmt::format("227 Entering Passive Mode ({}).", text));
    }

    /// The client must mean itself (port_promiscuous is off).
    void active(const std::string& line, const std::string& word) {
        drop_data();
        const auto command = ipvs::read_ftp_command(bytes_of(line + "\r\n"), Family::ipv4);
        if (!command || !command->client || command->client->address != channel_.peer().address) {
            channel_.say(fmt::format("500 Illegal {} command.", word));
            return;
        }
        active_to_ = command->client;
        channel_.say(fmt::format("200 {} command successful. Consider using {}.", word,
                                 word == "PORT" ? "PASV" : "EPSV"));
    }

    void retrieve(const std::string& name) {
        const auto size = size_of_file(name);
        if (!size) {
            channel_.say("550 Failed to open file.");
        } else {
            begin(Direction::retrieve, *size);
        }
    }

    void begin(Direction direction, std::uint64_t size) {
        if (!active_to_ && !listening_ && !data_) {
            channel_.say("425 Use PORT or PASV first.");
        } else {
            direction_ = direction;
            unsent_ = size;
            asked_ = true;
            patience_ = ns3::Simulator::Schedule(to_ns3(data_patience), &Session::give_up, this);
            if (active_to_) {
                connect();
            } else if (data_) {
                transfer();
            }
        }
    }

    void connect() {
        data_ = ns3::Socket::CreateSocket(server_.node_, ns3::TcpSocketFactory::GetTypeId());
        data_->SetConnectCallback(ns3::MakeCallback(&Session::on_data_connected, this),
                                  ns3::MakeCallback(&Session::on_data_closed, this));
        TcpDoor::acknowledge_each_syn(*data_);  // an upload's client speaks first
        watch_data();
        const Endpoint from{channel_.local().address, Port{data_port}};
        if (!TcpDoor::bind_towards(*data_, to_ns3(from), to_ns3(*active_to_)) ||
            data_->Connect(to_ns3(*active_to_)) != 0) {
            give_up();
        }
    }

    void watch_data() {
        data_->SetCloseCallbacks(ns3::MakeCallback(&Session::on_data_closed, this),
                                 ns3::MakeCallback(&Session::on_data_closed, this));
        data_->SetSendCallback(ns3::MakeCallback(&Session::on_room, this));
    }

    void on_data_connected(ns3::Ptr<ns3::Socket>) { transfer(); }

    void transfer() {
        patience_.Cancel();
        transferring_ = true;
        if (direction_ == Direction::store) {
            channel_.say("150 Ok to send data.");
            data_->SetCloseCallbacks(ns3::MakeCallback(&Session::on_stored, this),
                                     ns3::MakeCallback(&Session::on_data_closed, this));
            data_->SetRecvCallback(ns3::MakeCallback(&Session::on_stored_data, this));
            on_stored_data(data_);
            return;
        }
        channel_.say(fmt::format("150 Opening BINARY mode data connection ({} bytes).", unsent_));
        send();
    }

    void on_stored_data(ns3::Ptr<ns3::Socket> socket) {
        last_activity_ = now();
        while (const auto packet = socket->Recv()) {
            if (packet->GetSize() == 0) {
                return;
            }
        }
    }

    /// The client's FIN: the file is whole.
    void on_stored(ns3::Ptr<ns3::Socket> socket) {
        on_stored_data(socket);
        complete();
    }

    // Send() takes a packet whole or not at all: never offer more than there is room for.
    void send() {
        while (transferring_ && unsent_ > 0) {
            const auto room = std::min<std::uint64_t>(unsent_, data_->GetTxAvailable());
            if (room == 0 ||
                data_->Send(ns3::Create<ns3::Packet>(static_cast<std::uint32_t>(room))) < 0) {
                return;
            }
            unsent_ -= room;
        }
        if (transferring_) {
            complete();
        }
    }

    void complete() {
        silence(*data_);
        data_->Close();  // it goes on by itself
        data_ = nullptr;
        finish("226 Transfer complete.");
    }

    void on_room(ns3::Ptr<ns3::Socket>, std::uint32_t) {
        last_activity_ = now();
        if (direction_ == Direction::retrieve) {
            send();
        }
    }

    void on_data_closed(ns3::Ptr<ns3::Socket>) {
        const bool was_transferring = transferring_;
        const bool was_asked = asked_;
        silence(*data_);
        data_ = nullptr;
        if (was_asked && was_transferring) {
            finish(direction_ == Direction::store ? "426 Failure reading network stream."
                                                  : "426 Failure writing network stream.");
        } else if (was_asked) {
            give_up();
        }
    }

    void give_up() { finish("425 Failed to establish connection."); }

    void finish(std::string_view answer) {
        drop_data();
        channel_.say(answer);
    }

    void drop_data(bool with_resets = true) {
        patience_.Cancel();
        asked_ = false;
        transferring_ = false;
        active_to_.reset();
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
    ns3::Ptr<ns3::Socket> listening_, data_;
    std::optional<Endpoint> active_to_;
    std::uint64_t unsent_ = 0;
    Direction direction_ = Direction::retrieve;
    bool asked_ = false;  ///< RETR or STOR waits for its data connection, or runs
    bool transferring_ = false;
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
      ports_(seed, "passive ports/" + settings_.name) {
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
    const auto& range = settings_.ftp;
    const std::uint32_t first = range.pasv_min_port.value();
    const std::uint32_t size = range.pasv_max_port.value() - first + 1;
    const auto start = static_cast<std::uint32_t>(ports_.below(size));
    for (std::uint32_t n = 0; n < size; ++n) {
        auto socket = ns3::Socket::CreateSocket(node_, ns3::TcpSocketFactory::GetTypeId());
        const Port port{static_cast<std::uint16_t>(first + (start + n) % size)};
        if (socket->Bind(to_ns3(Endpoint{Address{}, port})) == 0 && socket->Listen() == 0) {
            return socket;
        }
    }
    return nullptr;
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

bool serves_ftp(const scenario::Scenario& scenario, Port port) {
    return std::ranges::any_of(scenario.workloads, [port](const scenario::Workload& w) {
        return w.kind == scenario::Workload::Kind::ftp && w.to.port == port;
    });
}

std::vector<std::unique_ptr<FtpServer>> make_ftp_servers(Network& network,
                                                         const scenario::Scenario& scenario,
                                                         std::uint64_t seed) {
    std::set<Port> ports;
    for (const auto& w : scenario.workloads) {
        if (w.kind == scenario::Workload::Kind::ftp) {
            ports.insert(w.to.port);
        }
    }
    std::vector<std::unique_ptr<FtpServer>> servers;
    for (const auto port : ports) {
        for (std::uint32_t i = 0; i < scenario.servers.size(); ++i) {
            servers.push_back(std::make_unique<FtpServer>(network, i, scenario, port, seed));
        }
    }
    return servers;
}

}  // namespace lvslab::packet_world
