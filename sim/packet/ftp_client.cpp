// SPDX-License-Identifier: GPL-2.0-only
#include "sim/packet/ftp_client.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "core/world/ftp_client_dialogue.hpp"
#include "sim/packet/addresses.hpp"
#include "sim/packet/ftp_channel.hpp"
#include "sim/packet/tcp_door.hpp"

namespace lvslab::packet_world {
namespace {

using journal::Outcome;

// RFC 792: destination unreachable; code 4 only asks for smaller packets.
constexpr std::uint8_t icmp_unreachable = 3;
constexpr std::uint8_t icmp_fragmentation_needed = 4;

/// A socket whose end is told whatever way it comes: FIN, RST, ICMP while it connects, patience.
class WatchedSocket {
public:
    struct Events {
        std::function<void()> connected;
        std::function<void(bool by_fin)> ended;
    };

    WatchedSocket(ns3::Ptr<ns3::Socket> socket, Events events)
        : socket_(std::move(socket)),
          events_(std::move(events)),
          segments_(ns3::MakeCallback(&WatchedSocket::on_segment, this)) {
        socket_->SetConnectCallback(ns3::MakeCallback(&WatchedSocket::on_connected, this),
                                    ns3::MakeCallback(&WatchedSocket::on_broken, this));
        socket_->SetCloseCallbacks(ns3::MakeCallback(&WatchedSocket::on_closed, this),
                                   ns3::MakeCallback(&WatchedSocket::on_broken, this));
        TcpDoor::watch_segments(*socket_, segments_);
        TcpDoor::watch_icmp(*socket_, ns3::MakeCallback(&WatchedSocket::on_icmp, this));
    }
    ~WatchedSocket() { deafen(); }
    WatchedSocket(const WatchedSocket&) = delete;
    WatchedSocket& operator=(const WatchedSocket&) = delete;

    ns3::Socket& operator*() { return *socket_; }
    ns3::Socket* operator->() { return ns3::PeekPointer(socket_); }
    const ns3::Ptr<ns3::Socket>& pointer() const { return socket_; }
    /// Accepted sockets are connected already.
    void is_connected() { connected_ = true; }

    void leave(bool gracefully) {
        deafen();
        if (peer_reset_ || !connected_) {
            TcpDoor::drop(*socket_);
        } else if (gracefully) {
            socket_->Close();
        } else {
            TcpDoor::reset(*socket_);
        }
    }

private:
    void on_connected(ns3::Ptr<ns3::Socket>) {
        connected_ = true;
        if (events_.connected) {
            events_.connected();
        }
    }
    void on_closed(ns3::Ptr<ns3::Socket>) { end(true); }
    void on_broken(ns3::Ptr<ns3::Socket>) { end(false); }
    void on_segment(ns3::Ptr<const ns3::Packet>, const ns3::TcpHeader& header,
                    ns3::Ptr<const ns3::TcpSocketBase>) {
        const auto flags = header.GetFlags();
        if ((flags & ns3::TcpHeader::RST) != 0) {
            peer_reset_ = true;
            end(false);
        } else if (connected_ && (flags & ns3::TcpHeader::SYN) != 0) {
            TcpDoor::acknowledge_again(*socket_);
        }
    }
    void on_icmp(ns3::Ipv4Address, std::uint8_t, std::uint8_t type, std::uint8_t code,
                 std::uint32_t) {
        // A connection that stands outlives an ICMP error (RFC 1122, 4.2.3.9).
        if (!connected_ && type == icmp_unreachable && code != icmp_fragmentation_needed) {
            end(false);
        }
    }
    void end(bool by_fin) {
        if (!ended_ && !deaf_) {
            ended_ = true;
            events_.ended(by_fin);
        }
    }
    void deafen() {
        if (deaf_) {
            return;
        }
        deaf_ = true;
        const auto nobody = ns3::MakeNullCallback<void, ns3::Ptr<ns3::Socket>>();
        socket_->SetConnectCallback(nobody, nobody);
        socket_->SetCloseCallbacks(nobody, nobody);
        socket_->SetRecvCallback(nobody);
        socket_->SetSendCallback(
            ns3::MakeNullCallback<void, ns3::Ptr<ns3::Socket>, std::uint32_t>());
        TcpDoor::unwatch_segments(*socket_, segments_);
        TcpDoor::watch_icmp(*socket_, IcmpCallback());
    }

    ns3::Ptr<ns3::Socket> socket_;
    Events events_;
    SegmentCallback segments_;
    bool connected_ = false;
    bool peer_reset_ = false;
    bool ended_ = false;
    bool deaf_ = false;
};

class FtpConnection final : public ClientConnection {
public:
    FtpConnection(ConnectionOwner& owner, scenario::PlannedConnection plan,
                  ns3::Ptr<ns3::Node> node, const scenario::Scenario& scenario)
        : ClientConnection(owner, std::move(plan)),
          node_(std::move(node)),
          dialogue_(scenario, scenario.workloads[this->plan().workload].ftp, this->plan().to),
          control_(new_socket(), {{}, [this](bool) { fail(); }}),
          channel_(control_.pointer(), [this](const std::string& line) { hear(line); }) {}

    ~FtpConnection() override { stop_listening(); }

    void open() override {
        if (control_->Bind(to_ns3(plan().source)) != 0 ||
            control_->Connect(to_ns3(plan().to)) != 0) {
            fail();
        }
    }

    void leave() override {
        stop_listening();
        if (data_) {
            data_->leave(false);
        }
        if (served_) {
            channel_.say("QUIT");
        }
        control_.leave(served_);
    }

private:
    ns3::Ptr<ns3::Socket> new_socket() const {
        return ns3::Socket::CreateSocket(node_, ns3::TcpSocketFactory::GetTypeId());
    }

    void fail() {
        if (!has_ended()) {
            broken();
        }
    }

    void hear(const std::string& line) {
        if (!has_ended()) {
            obey(dialogue_.hear(line));
        }
    }

    void obey(const world::FtpClientDialogue::Step& step) {
        if (const auto server = dialogue_.server()) {
            heard_from(*server);
        }
        if (step.failed) {
            return fail();
        }
        if (!step.say.empty()) {
            channel_.say(step.say);
        } else if (step.ready) {
            ask();
        } else if (step.listen) {
            offer();
        } else if (step.connect) {
            connect(*step.connect);
        } else if (step.send) {
            send();
        } else if (step.complete) {
            // Its socket is still in a callback: closed and forgotten by the next turn.
            finished_ = ns3::Simulator::ScheduleNow(&FtpConnection::transferred, this);
        }
    }

    void ask() override { obey(dialogue_.ask(request().response_bytes)); }

    /// PORT or EPRT: a socket of ours waits for the server.
    void offer() {
        stop_listening();
        listening_ = new_socket();
        const Endpoint any_port{plan().source.address, Port{0}};
        if (listening_->Bind(to_ns3(any_port)) != 0 || listening_->Listen() != 0) {
            return fail();
        }
        listening_->SetAcceptCallback(
            ns3::MakeNullCallback<bool, ns3::Ptr<ns3::Socket>, const ns3::Address&>(),
            ns3::MakeCallback(&FtpConnection::on_accepted, this));
        ns3::Address bound;
        listening_->GetSockName(bound);
        channel_.say(dialogue_.offer(
            {plan().source.address, from_ns3(ns3::InetSocketAddress::ConvertFrom(bound)).port}));
    }

    void connect(const Endpoint& to) {
        data_.emplace(new_socket(), WatchedSocket::Events{[this] { transfer(); }, data_ended()});
        watch_data();
        const Endpoint any_port{plan().source.address, Port{0}};
        if ((*data_)->Bind(to_ns3(any_port)) != 0 || (*data_)->Connect(to_ns3(to)) != 0) {
            fail();
        }
    }

    void transfer() {
        if (!has_ended()) {
            channel_.say(dialogue_.transfer());
        }
    }

    void watch_data() {
        (*data_)->SetRecvCallback(ns3::MakeCallback(&FtpConnection::on_data, this));
        (*data_)->SetSendCallback(ns3::MakeCallback(&FtpConnection::on_room, this));
    }

    void on_room(ns3::Ptr<ns3::Socket>, std::uint32_t) { send(); }

    // Send() takes a packet whole or not at all: never offer more than there is room for.
    void send() {
        if (!data_ || dialogue_.sendable() == 0) {
            return;
        }
        while (dialogue_.sendable() > 0) {
            const auto room =
                std::min<std::uint64_t>(dialogue_.sendable(), (*data_)->GetTxAvailable());
            if (room == 0 ||
                (*data_)->Send(ns3::Create<ns3::Packet>(static_cast<std::uint32_t>(room))) < 0) {
                return;
            }
            dialogue_.sent(room);
        }
        (*data_)->Close();  // the file's end
    }

    void on_accepted(ns3::Ptr<ns3::Socket> socket, const ns3::Address&) {
        if (data_ && !dialogue_.data_has_ended()) {
            TcpDoor::reset(*socket);
            return;
        }
        data_.emplace(std::move(socket), WatchedSocket::Events{{}, data_ended()});
        data_->is_connected();
        watch_data();
        send();
    }

    void on_data(ns3::Ptr<ns3::Socket> socket) {
        while (const auto packet = socket->Recv()) {
            if (packet->GetSize() == 0) {
                return;
            }
            dialogue_.received(packet->GetSize());
        }
    }

    std::function<void(bool)> data_ended() {
        return [this](bool by_fin) {
            if (!has_ended()) {
                obey(dialogue_.data_ended(by_fin));
            }
        };
    }

    void transferred() {
        if (has_ended()) {
            return;
        }
        data_->leave(true);
        data_.reset();
        served_ = request_number() + 1 == plan().requests.size();
        response_complete(dialogue_.received());
    }

    void stop_listening() {
        finished_.Cancel();
        if (auto listening = std::exchange(listening_, nullptr)) {
            listening->SetAcceptCallback(
                ns3::MakeNullCallback<bool, ns3::Ptr<ns3::Socket>, const ns3::Address&>(),
                ns3::MakeNullCallback<void, ns3::Ptr<ns3::Socket>, const ns3::Address&>());
            listening->Close();
        }
    }

    ns3::Ptr<ns3::Node> node_;
    world::FtpClientDialogue dialogue_;
    WatchedSocket control_;
    FtpChannel channel_;
    std::optional<WatchedSocket> data_;
    ns3::Ptr<ns3::Socket> listening_;
    bool served_ = false;
    ns3::EventId finished_;
};

}  // namespace

std::unique_ptr<ClientConnection> make_ftp_connection(ConnectionOwner& owner,
                                                      scenario::PlannedConnection plan,
                                                      ns3::Ptr<ns3::Node> node,
                                                      const scenario::Scenario& scenario) {
    return std::make_unique<FtpConnection>(owner, std::move(plan), std::move(node), scenario);
}

}  // namespace lvslab::packet_world
