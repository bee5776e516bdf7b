// SPDX-License-Identifier: GPL-2.0-only
#include "realmode/lab/load_daemon.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>

#include "core/server/rwhod.hpp"
#include "realmode/probes/rstat_rpc.hpp"
#include "realmode/probes/whod_packet.hpp"

namespace lvslab::lab {
namespace {

namespace rpc = realmode::rpc;

// IANA: sunrpc, who. rstatd takes any port and tells it to the port mapper.
constexpr Port mapper_port{111};
constexpr Port rstat_port{1012};
constexpr Port who_port{513};

/// What the port mapper and rstatd answer.
rpc::Reply reply_to(const rpc::Call& call, double load) {
    rpc::Reply reply;
    reply.xid = call.xid;
    if (call.program == rpc::portmapper_program) {
        if (call.procedure == rpc::getport_procedure) {
            reply.results = rpc::port_results(rstat_port);
        } else {
            reply.status = rpc::Status::procedure_unavailable;
        }
    } else if (call.program == rpc::rstat_program) {
        reply.results = rpc::stats_results(call.version, load);
    } else {
        reply.status = rpc::Status::program_unavailable;
    }
    return reply;
}

}  // namespace

LoadDaemon::LoadDaemon(boost::asio::io_context& loop, RunTimers& timers, const LabNetwork& network,
                       std::uint32_t server, const scenario::Scenario& scenario, std::uint64_t seed,
                       std::function<std::uint64_t()> tasks)
    : loop_(loop),
      timers_(timers),
      network_(network),
      index_(server),
      server_(scenario.servers[server]),
      tasks_(std::move(tasks)),
      first_broadcast_(server::first_rwhod_broadcast(seed, server_.name)) {
    boot();
}

LoadDaemon::~LoadDaemon() {
    timers_.cancel(sampling_);
    timers_.cancel(broadcasting_);
}

void LoadDaemon::open(Protocol protocol, Port port, std::function<void()> ready) {
    auto socket = std::make_unique<LabSocket>(
        loop_, network_.machine({world::Machine::Kind::server, index_}), protocol);
    if (!socket->bind({Address{}, port}) || (protocol == Protocol::tcp && !socket->listen())) {
        throw std::runtime_error(fmt::format("server {} cannot listen on port {} to tell its load",
                                             server_.name, port.value()));
    }
    auto& place = port == mapper_port  ? mapper_
                  : port == rstat_port ? rstat_
                  : port == who_port   ? who_
                                       : shell_;
    place = std::move(socket);
    if (ready) {
        place->when_readable(std::move(ready));
    }
}

void LoadDaemon::boot() {
    load_ = {};
    open(Protocol::udp, mapper_port, [this] { answer_calls(*mapper_); });
    open(Protocol::udp, rstat_port, [this] { answer_calls(*rstat_); });
    open(Protocol::udp, who_port, {});
    open(Protocol::tcp, remote_shell_port, [this] { accept(*shell_); });
    const int on = 1;
    ::setsockopt(who_->descriptor(), SOL_SOCKET, SO_BROADCAST, &on, sizeof on);
}

void LoadDaemon::crash() {
    mapper_.reset();
    rstat_.reset();
    who_.reset();
    shell_.reset();
    connections_.clear();
}

void LoadDaemon::begin() {
    sample(Time{server::LoadAverage::period});
    broadcast(first_broadcast_);
}

void LoadDaemon::sample(Time at) {
    sampling_ = timers_.at(at, [this, at] {
        load_.sample(tasks_());
        sample(at + server::LoadAverage::period);
    });
}

void LoadDaemon::broadcast(Time at) {
    broadcasting_ = timers_.at(at, [this, at] {
        broadcast(at + server::rwhod_period);
        if (!who_) {
            return;
        }
        realmode::WhodPacket packet;
        packet.host = server_.name.substr(0, 31);
        packet.load[0] = static_cast<std::int32_t>(std::lround(100 * load_.one_minute()));
        const auto bytes = realmode::encode(packet);
        const auto hosts = 0xFFFFFFFFU >> server_.interface.prefix_length;
        sockaddr_in to{};
        to.sin_family = AF_INET;
        to.sin_port = htons(who_port.value());
        to.sin_addr.s_addr = htonl(server_.interface.address.v4_host_order() | hosts);
        ::sendto(who_->descriptor(), bytes.data(), bytes.size(), MSG_NOSIGNAL,
                 reinterpret_cast<const sockaddr*>(&to), sizeof to);
    });
}

void LoadDaemon::answer_calls(LabSocket& socket) {
    std::array<std::uint8_t, 2048> block;
    sockaddr_in from{};
    for (;;) {
        socklen_t size = sizeof from;
        const auto n = ::recvfrom(socket.descriptor(), block.data(), block.size(), 0,
                                  reinterpret_cast<sockaddr*>(&from), &size);
        if (n < 0) {
            break;
        }
        if (const auto call =
                rpc::decode_call(std::span(block).first(static_cast<std::size_t>(n)))) {
            const auto bytes = rpc::encode(reply_to(*call, load_.one_minute()));
            ::sendto(socket.descriptor(), bytes.data(), bytes.size(), MSG_NOSIGNAL,
                     reinterpret_cast<const sockaddr*>(&from), size);
        }
    }
    socket.when_readable([this, &socket] { answer_calls(socket); });
}

void LoadDaemon::accept(LabSocket& listening) {
    for (;;) {
        const int accepted =
            ::accept4(listening.descriptor(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (accepted < 0) {
            break;
        }
        const auto number = ++last_;
        auto& connection = connections_[number] = std::make_unique<LabSocket>(loop_, accepted);
        connection->when_readable([this, number] { answer_line(number); });
    }
    listening.when_readable([this, &listening] { accept(listening); });
}

/// Whatever is asked, the answer is uptime(1)'s.
void LoadDaemon::answer_line(std::uint64_t number) {
    auto& connection = *connections_.at(number);
    std::array<char, 512> block;
    if (::recv(connection.descriptor(), block.data(), block.size(), 0) > 0) {
        const auto text =
            fmt::format(" up 1 day, load average: {:.2f}, 0.00, 0.00\n", load_.one_minute());
        ::send(connection.descriptor(), text.data(), text.size(), MSG_NOSIGNAL);
    }
    connection.close();
    connections_.erase(number);
}

}  // namespace lvslab::lab
