// SPDX-License-Identifier: GPL-2.0-only
#include "realmode/lab/server_application.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>

#include "core/world/check_answers.hpp"
#include "core/world/configurations.hpp"
#include "core/world/ftp_lines.hpp"
#include "core/world/message.hpp"
#include "realmode/lab/server_datagrams.hpp"
#include "realmode/lab/server_session.hpp"

namespace lvslab::lab {

using world::RequestHeader;
using world::ResponseHeader;

ServerApplication::ServerApplication(boost::asio::io_context& loop, RunTimers& timers,
                                     const LabNetwork& network, std::uint32_t server,
                                     const scenario::Scenario& scenario,
                                     scenario::Replicas& replicas, journal::Sink& sink,
                                     std::uint64_t seed, const Programs& programs)
    : loop_(loop),
      timers_(timers),
      network_(network),
      index_(server),
      scenario_(scenario),
      replicas_(replicas),
      sink_(sink),
      process_(timers, [this](Ticket session) { done(session); }),
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
    configure(programs);
    for (const auto port : world::ftp_ports(scenario)) {
        if (programs.which.vsftpd) {
            break;
        }
        ftp_.push_back(
            std::make_unique<FtpServer>(loop, timers, network, server, scenario, port, seed));
    }
    if (scenario.servers[server].data) {
        data_ = std::make_unique<DataClient>(
            loop, timers, network, server, scenario, sink, seed,
            [this](Ticket session, bool ok) { data_ended(session, ok); });
    }
    if (world::follows_load(scenario)) {
        load_ = std::make_unique<LoadDaemon>(loop, timers, network, server, scenario, seed,
                                             [this] { return process_.population(); });
    }
    start();
}

ServerApplication::~ServerApplication() = default;

void ServerApplication::begin() {
    // Those that cannot start have ended by then.
    timers_.at(Time{}, [this] {
        for (const auto& program : programs_) {
            if (const auto failure = program->failure()) {
                throw std::runtime_error(
                    fmt::format("server {}: {}", scenario_.servers[index_].name, *failure));
            }
        }
    });
    if (load_) {
        load_->begin();
    }
}

void ServerApplication::configure(const Programs& programs) {
    const auto& name = scenario_.servers[index_].name;
    const auto write = [](const std::filesystem::path& path, const std::string& text) {
        std::filesystem::create_directories(path.parent_path());
        std::ofstream file(path, std::ios::binary | std::ios::trunc);
        file << text;
        if (!file.flush()) {
            throw std::runtime_error(fmt::format("{} cannot be written", path.string()));
        }
        return path.string();
    };
    const auto logs = programs.logs / name;
    if (programs.which.nginx && !web_ports(scenario_, index_).empty()) {
        const auto prefix = programs.scratch / ("nginx-" + name);
        std::filesystem::create_directories(prefix);
        const auto file = write(logs / "nginx.conf",
                                nginx_configuration(scenario_, index_, programs.scratch, logs));
        programs_.push_back(std::make_unique<ServerProgram>(
            std::vector<std::string>{program_path("nginx"), "-p", prefix.string(), "-e",
                                     (logs / "error.log").string(), "-c", file},
            logs / "error.log"));
    }
    serves_web_ = !programs.which.nginx;
    for (const auto port : world::ftp_ports(scenario_)) {
        if (programs.which.vsftpd) {
            const auto file =
                write(logs / fmt::format("vsftpd-{}.conf", port.value()),
                      vsftpd_configuration(scenario_, index_, port, programs.scratch, logs));
            programs_.push_back(std::make_unique<ServerProgram>(
                std::vector<std::string>{program_path("vsftpd"), file},
                logs / fmt::format("vsftpd-{}.log", port.value())));
        }
    }
}

// ---- the process ----

void ServerApplication::start() {
    const world::Machine machine{world::Machine::Kind::server, index_};
    if (running() || !network_.exists(machine)) {
        return;
    }
    if (std::exchange(dead_, false) && load_) {
        load_->boot();
    }
    process_.start(scenario_.servers[index_]);
    const auto wanted =
        world::listen_endpoints_of(scenario_, index_, false, scenario_.servers[index_].vip);
    std::set<world::ListenEndpoint> endpoints(wanted.begin(), wanted.end());
    for (const auto& where : world::check_endpoints_of(scenario_, index_)) {
        // A socket without an address of its own takes these too.
        if (!endpoints.contains({where.protocol, {Address{}, where.endpoint.port}})) {
            endpoints.insert(where);
        }
    }
    for (const auto& where : endpoints) {
        if (where.protocol == Protocol::udp ||
            (serves_web_ && !world::serves_ftp(scenario_, where.endpoint.port))) {
            listen(where);
        }
    }
    for (const auto& program : programs_) {
        program->start(network_.machine(machine));
    }
    for (const auto& ftp : ftp_) {
        ftp->start();
    }
}

void ServerApplication::stop() {
    end();
}

void ServerApplication::crash() {
    end();
    process_.crash();
    if (data_) {
        data_->thaw();
    }
    dead_ = true;
    if (load_) {
        load_->crash();
    }
}

void ServerApplication::end() {
    if (!running()) {
        return;
    }
    process_.end();
    for (auto& [ticket, session] : sessions_) {
        session->abort();
        retired_.push_back(std::move(session));
    }
    sessions_.clear();
    datagrams_.clear();
    listening_.clear();
    for (const auto& ftp : ftp_) {
        ftp->stop();
    }
    for (const auto& program : programs_) {
        program->stop();
    }
    if (data_) {
        data_->end(true);
    }
}

void ServerApplication::freeze() {
    if (!process_.frozen()) {
        process_.freeze();
        if (data_) {
            data_->freeze();
        }
        for (const auto& program : programs_) {
            program->freeze();
        }
    }
}

void ServerApplication::thaw() {
    if (process_.frozen()) {
        if (data_) {
            data_->thaw();
        }
        for (const auto& program : programs_) {
            program->thaw();
        }
        process_.thaw();
    }
}

// ---- sockets ----

void ServerApplication::listen(const world::ListenEndpoint& where) {
    const world::Machine machine{world::Machine::Kind::server, index_};
    auto socket = std::make_unique<LabSocket>(loop_, network_.machine(machine), where.protocol);
    const bool udp = where.protocol == Protocol::udp;
    if (!socket->bind(where.endpoint) || (!udp && !socket->listen())) {
        throw std::runtime_error(fmt::format("server {} cannot listen on {}: {}",
                                             scenario_.servers[index_].name,
                                             where.endpoint.to_string(), std::strerror(errno)));
    }
    auto& opened = *listening_.emplace_back(std::move(socket));
    const auto port = where.endpoint.port;
    if (udp) {
        tell_where_datagrams_came(opened.descriptor());
        opened.when_readable([this, &opened, port] { read_datagrams(opened, port); });
    } else {
        opened.when_readable([this, &opened, port] { accept(opened, port); });
    }
}

void ServerApplication::accept(LabSocket& listening, Port port) {
    dismiss();
    for (;;) {
        sockaddr_in from{};
        socklen_t size = sizeof from;
        const int accepted = ::accept4(listening.descriptor(), reinterpret_cast<sockaddr*>(&from),
                                       &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (accepted < 0) {
            break;
        }
        const Ticket ticket = next_ticket_++;
        auto session = std::make_unique<TcpSession>(
            *this, ticket, std::make_unique<LabSocket>(loop_, accepted), port);
        auto& opened = *session;
        sessions_.emplace_hint(sessions_.end(), ticket, std::move(session));
        opened.begin(routers_.contains(Address::v4(ntohl(from.sin_addr.s_addr))));
    }
    listening.when_readable([this, &listening, port] { accept(listening, port); });
}

void ServerApplication::read_datagrams(LabSocket& socket, Port port) {
    std::array<std::uint8_t, 65536> block;
    UdpRequest from;
    while (const auto size = receive_datagram(socket.descriptor(), block, from.way)) {
        take_datagram(socket, port, from, std::span(block).first(*size));
    }
    socket.when_readable([this, &socket, port] { read_datagrams(socket, port); });
}

void ServerApplication::take_datagram(LabSocket& socket, Port port, const UdpRequest& from,
                                      std::span<const std::uint8_t> bytes) {
    auto request = std::make_unique<UdpRequest>(from);
    request->socket = &socket;
    const Ticket ticket = next_ticket_++;
    bool taken = false;
    if (const auto header = world::decode_request(bytes)) {
        request->header = *header;
        taken = submit(ticket, header->service_quantile, header->destination);
    } else {
        auto dialogue = dialogue_at(Protocol::udp, port);
        taken = dialogue.take({reinterpret_cast<const char*>(bytes.data()), bytes.size()}).work &&
                submit_check(ticket);
        request->answer = dialogue.answer();
    }
    if (taken) {
        datagrams_.emplace_hint(datagrams_.end(), ticket, std::move(request));
    }
}

void ServerApplication::respond_datagram(const UdpRequest& request) {
    const int socket = request.socket->descriptor();
    if (request.answer) {
        send_datagram(
            socket, request.way,
            {reinterpret_cast<const std::uint8_t*>(request.answer->data()), request.answer->size()},
            request.answer->size());
        return;
    }
    std::uint64_t left = world::response_size(request.header.response_bytes);
    for (std::uint32_t part = 0; left > 0; ++part) {
        const auto bytes = std::min<std::uint64_t>(left, world::largest_datagram);
        left -= bytes;
        const auto header = encode(ResponseHeader{.connection = request.header.connection,
                                                  .request = request.header.request,
                                                  .server = index_,
                                                  .part = part,
                                                  .stale_for = staleness()});
        send_datagram(socket, request.way, header, bytes);
    }
}

world::CheckDialogue ServerApplication::dialogue_at(Protocol protocol, Port port) const {
    return {world::check_answers_of(scenario_, index_, protocol, port),
            scenario_.servers[index_].answer.value_or("OK\n")};
}

// ---- the queueing model ----

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
    if (const auto session = sessions_.find(ticket); session != sessions_.end()) {
        if (ok) {
            session->second->respond();
        } else {
            session->second->fail();
        }
    } else if (const auto datagram = datagrams_.find(ticket); datagram != datagrams_.end()) {
        if (ok) {
            respond_datagram(*datagram->second);
        }
        datagrams_.erase(datagram);
    }
}

void ServerApplication::retire(Ticket ticket) {
    const auto session = sessions_.find(ticket);
    if (session != sessions_.end()) {
        retired_.push_back(std::move(session->second));
        sessions_.erase(session);
    }
}

void ServerApplication::dismiss() {
    retired_.clear();
}

void ServerApplication::sample(Time now) {
    dismiss();
    process_.catch_up();  // what ended meanwhile works no more
    if (serves_web_) {    // what others serve is not counted here
        sink_.take({now, process_.load(index_)});
    }
    // A client holds no connection longer than its timeout. One that is idle for longer has lost
    // its FIN or RST on the way.
    const Time limit = now - longest_timeout_;
    std::vector<Ticket> idle;
    for (const auto& [ticket, session] : sessions_) {
        if (session->idle_since_before(limit)) {
            idle.push_back(ticket);
        }
    }
    for (const auto ticket : idle) {
        sessions_.at(ticket)->abort();
        retire(ticket);
    }
}

}  // namespace lvslab::lab
