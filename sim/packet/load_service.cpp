// SPDX-License-Identifier: GPL-2.0-only
#include "sim/packet/load_service.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "core/health/load.hpp"
#include "core/server/rwhod.hpp"
#include "sim/packet/addresses.hpp"
#include "sim/packet/clock.hpp"
#include "sim/packet/tcp_door.hpp"

namespace lvslab::packet_world {
namespace {

constexpr std::string_view question = "uptime\n";

// IANA: sunrpc, who, shell, ssh.
constexpr LoadService rstatd{Protocol::udp, Port{111}};
constexpr LoadService rwhod{Protocol::udp, Port{513}};
constexpr LoadService rsh{Protocol::tcp, Port{514}};
constexpr LoadService ssh{Protocol::tcp, Port{22}};

}  // namespace

LoadService load_service_of(const ports::LoadMethod& method) {
    switch (method.program) {
        case ports::LoadMethod::Program::rup:
            return rstatd;
        case ports::LoadMethod::Program::ruptime:
            return rwhod;
        case ports::LoadMethod::Program::uptime:
            return method.remote_shell.ends_with("ssh") ? ssh : rsh;
    }
    return rstatd;
}

LoadDaemon::LoadDaemon(ns3::Ptr<ns3::Node> node, const lvslab::Network& interface,
                       Time first_broadcast, std::function<std::uint64_t()> tasks)
    : tasks_(std::move(tasks)) {
    for (const auto& service : {rstatd, rwhod, rsh, ssh}) {
        const bool udp = service.protocol == Protocol::udp;
        auto socket = ns3::Socket::CreateSocket(
            node, udp ? ns3::UdpSocketFactory::GetTypeId() : ns3::TcpSocketFactory::GetTypeId());
        if (socket->Bind(to_ns3(Endpoint{interface.address, service.port})) != 0 ||
            (!udp && socket->Listen() != 0)) {
            continue;  // the server's application has the port: then it is no such system
        }
        if (service.port == rwhod.port) {
            rwhod_ = socket;
            rwhod_->SetAllowBroadcast(true);
        } else if (udp) {
            socket->SetRecvCallback(ns3::MakeCallback(&LoadDaemon::on_datagrams, this));
        } else {
            socket->SetAcceptCallback(
                ns3::MakeNullCallback<bool, ns3::Ptr<ns3::Socket>, const ns3::Address&>(),
                ns3::MakeCallback(&LoadDaemon::on_connection, this));
            TcpDoor::reset_strays(*socket);
        }
        listening_.push_back(std::move(socket));
    }
    sampling_ =
        ns3::Simulator::Schedule(to_ns3(server::LoadAverage::period), &LoadDaemon::sample, this);
    const ns3::InetSocketAddress all{
        to_ns3(interface.address).GetSubnetDirectedBroadcast(mask_of(interface.prefix_length)),
        rwhod.port.value()};
    broadcasting_ = ns3::Simulator::Schedule(to_ns3(first_broadcast.time_since_epoch()),
                                             [this, all] { broadcast(all); });
}

LoadDaemon::~LoadDaemon() {
    sampling_.Cancel();
    broadcasting_.Cancel();
    reboot();
    for (const auto& socket : listening_) {
        socket->SetRecvCallback(ns3::MakeNullCallback<void, ns3::Ptr<ns3::Socket>>());
        socket->SetAcceptCallback(
            ns3::MakeNullCallback<bool, ns3::Ptr<ns3::Socket>, const ns3::Address&>(),
            ns3::MakeNullCallback<void, ns3::Ptr<ns3::Socket>, const ns3::Address&>());
    }
}

void LoadDaemon::reboot() {
    load_ = {};
    for (const auto& socket : std::exchange(connections_, {})) {
        socket->SetRecvCallback(ns3::MakeNullCallback<void, ns3::Ptr<ns3::Socket>>());
        socket->SetCloseCallbacks(ns3::MakeNullCallback<void, ns3::Ptr<ns3::Socket>>(),
                                  ns3::MakeNullCallback<void, ns3::Ptr<ns3::Socket>>());
        TcpDoor::drop(*socket);
    }
}

void LoadDaemon::sample() {
    load_.sample(tasks_());
    sampling_ =
        ns3::Simulator::Schedule(to_ns3(server::LoadAverage::period), &LoadDaemon::sample, this);
}

void LoadDaemon::broadcast(const ns3::InetSocketAddress& to) {
    broadcasting_ =
        ns3::Simulator::Schedule(to_ns3(server::rwhod_period), [this, to] { broadcast(to); });
    if (rwhod_) {
        rwhod_->SendTo(answer(), 0, to);
    }
}

/// As uptime(1) prints it.
ns3::Ptr<ns3::Packet> LoadDaemon::answer() const {
    const auto text = fmt::format(" up 1 day, load average: {:.2f}, 0.00, 0.00\n", one_minute());
    return ns3::Create<ns3::Packet>(reinterpret_cast<const std::uint8_t*>(text.data()),
                                    static_cast<std::uint32_t>(text.size()));
}

void LoadDaemon::on_datagrams(ns3::Ptr<ns3::Socket> socket) {
    ns3::Address from;
    while (socket->RecvFrom(from)) {
        socket->SendTo(answer(), 0, from);
    }
}

void LoadDaemon::on_connection(ns3::Ptr<ns3::Socket> socket, const ns3::Address&) {
    connections_.push_back(socket);
    socket->SetRecvCallback(ns3::MakeCallback(&LoadDaemon::on_data, this));
    socket->SetCloseCallbacks(ns3::MakeCallback(&LoadDaemon::on_closed, this),
                              ns3::MakeCallback(&LoadDaemon::on_closed, this));
}

void LoadDaemon::on_data(ns3::Ptr<ns3::Socket> socket) {
    while (const auto packet = socket->Recv()) {
        if (packet->GetSize() == 0) {
            return;
        }
        socket->Send(answer());
    }
}

void LoadDaemon::on_closed(ns3::Ptr<ns3::Socket> socket) {
    std::erase(connections_, socket);
    socket->Close();
}

/// One question and its line.
class LoadClient::Question final : public LineUser {
public:
    Question(LoadClient& client, std::uint64_t id,
             std::function<void(std::optional<double> load)> answer)
        : client_(client), id_(id), answer_(std::move(answer)) {}

    void begin(const Endpoint& server, Protocol protocol) {
        client_.after(id_, limit, [this] { broken(); });
        line_ = make_line(client_.node_, protocol, server, *this,
                          [this](auto call) { client_.after(id_, Duration{}, std::move(call)); });
    }
    void drop() { line_->drop(); }
    void tell(std::optional<double> load) { answer_(load); }

    void connected() override { line_->say(question); }
    void heard(std::string_view bytes) override {
        text_.append(bytes);
        if (text_.ends_with('\n')) {
            client_.answered(id_, health::read_load(text_));
        }
    }
    void ended() override { broken(); }
    void broken() override { client_.answered(id_, std::nullopt); }

private:
    LoadClient& client_;
    std::uint64_t id_;
    std::function<void(std::optional<double> load)> answer_;
    std::unique_ptr<Line> line_;
    std::string text_;
};

LoadClient::LoadClient(ns3::Ptr<ns3::Node> node, ports::Timers& timers)
    : node_(std::move(node)), timers_(timers) {}

LoadClient::~LoadClient() {
    *alive_ = false;
    drop();
}

void LoadClient::drop() {
    if (rwhod_) {
        rwhod_->SetRecvCallback(ns3::MakeNullCallback<void, ns3::Ptr<ns3::Socket>>());
        rwhod_->Close();
        rwhod_ = nullptr;
    }
    for (const auto& [id, asked] : questions_) {
        asked->drop();
    }
}

void LoadClient::ask(const Address& server, const ports::LoadMethod& method,
                     std::function<void(std::optional<double> load)> answer) {
    if (method.program == ports::LoadMethod::Program::ruptime) {
        timers_.at(timers_.now(), [alive = alive_, load = told_by(server), answer] {
            if (*alive) {
                answer(load);
            }
        });
        return;
    }
    const auto id = ++last_;
    const auto service = load_service_of(method);
    auto& asked = questions_[id] = std::make_unique<Question>(*this, id, std::move(answer));
    asked->begin({server, service.port}, service.protocol);
}

std::optional<double> LoadClient::told_by(const Address& server) {
    if (!rwhod_) {
        rwhod_ = ns3::Socket::CreateSocket(node_, ns3::UdpSocketFactory::GetTypeId());
        rwhod_->Bind(ns3::InetSocketAddress(ns3::Ipv4Address::GetAny(), rwhod.port.value()));
        rwhod_->SetRecvCallback(ns3::MakeCallback(&LoadClient::on_broadcasts, this));
    }
    return told_.load_of(server, timers_.now());
}

void LoadClient::on_broadcasts(ns3::Ptr<ns3::Socket> socket) {
    ns3::Address from;
    while (const auto packet = socket->RecvFrom(from)) {
        std::string text(packet->GetSize(), '\0');
        packet->CopyData(reinterpret_cast<std::uint8_t*>(text.data()), packet->GetSize());
        const auto sender = from_ns3(ns3::InetSocketAddress::ConvertFrom(from));
        if (const auto load = health::read_load(text); load && sender.port == rwhod.port) {
            told_.hear(sender.address, *load, timers_.now());
        }
    }
}

void LoadClient::after(std::uint64_t question_id, Duration d, std::function<void()> call) {
    timers_.at(timers_.now() + d, [this, alive = alive_, question_id, call = std::move(call)] {
        if (*alive && questions_.contains(question_id)) {
            call();
        }
    });
}

void LoadClient::answered(std::uint64_t question_id, std::optional<double> load) {
    after(question_id, Duration{}, [this, question_id, load] {
        const auto asked = questions_.extract(question_id);
        asked.mapped()->tell(load);
    });
}

}  // namespace lvslab::packet_world
