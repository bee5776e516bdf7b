// SPDX-License-Identifier: GPL-2.0-only
#include "realmode/lab/ftp_server.hpp"

#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>

#include "realmode/lab/ftp_sockets.hpp"

namespace lvslab::lab {

/// One control connection with its data connections, one after the other.
class FtpServer::Session {
public:
    Session(FtpServer& server, Ticket ticket, std::unique_ptr<LabSocket> socket)
        : server_(server),
          ticket_(ticket),
          dialogue_(server.settings_, socket->local(), socket->peer()),
          local_(socket->local()),
          channel_(std::move(socket),
                   {[this](const std::string& line) { hear(line); }, [this] { over(); }}) {}
    ~Session() {
        server_.timers_.cancel(idleness_);
        server_.timers_.cancel(patience_);
    }
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    void begin() {
        channel_.begin();
        obey(dialogue_.greet());
        last_activity_ = server_.timers_.now();
        watch_idleness();
    }

    /// Its process has ended.
    void abort() {
        over_ = true;
        drop_data();
        channel_.leave(false);
    }

private:
    void hear(const std::string& line) {
        last_activity_ = server_.timers_.now();
        obey(dialogue_.hear(line));
    }

    void obey(const world::FtpServerDialogue::Step& step) {
        using DataEnd = world::FtpServerDialogue::DataEnd;
        if (step.end == DataEnd::in_order) {
            data_->leave(true);  // the kernel sends what is left
            ended_ = std::move(data_);
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
            patience_ = server_.timers_.at(server_.timers_.now() + world::ftp_data_patience,
                                           [this] { obey(dialogue_.gave_up()); });
        }
        if (step.connect) {
            connect(*step.connect);
        }
        if (step.transfer) {
            server_.timers_.cancel(patience_);
            send();
        }
        if (step.over) {
            over();
        }
    }

    /// A client that vanished says nothing any more.
    void watch_idleness() {
        idleness_ = server_.timers_.at(last_activity_ + world::ftp_idle_patience, [this] {
            if (last_activity_ + world::ftp_idle_patience > server_.timers_.now()) {
                watch_idleness();
            } else {
                obey(dialogue_.idle());
            }
        });
    }

    // ---- data connections ----

    void open_port() {
        listening_ = server_.passive_socket();
        if (!listening_) {
            return obey(dialogue_.no_port());
        }
        await_client();
        obey(dialogue_.port_opened(listening_->local().port));
    }

    void await_client() {
        listening_->when_readable([this] { accept(); });
    }

    void accept() {
        const int accepted =
            ::accept4(listening_->descriptor(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (accepted < 0) {
            return await_client();
        }
        auto socket = std::make_unique<LabSocket>(server_.loop_, accepted);
        await_client();
        if (!dialogue_.takes_data_from(socket->peer().address)) {
            socket->reset();
            return;
        }
        data_ = std::make_unique<FtpData>(std::move(socket), data_events());
        data_->begin();
        obey(dialogue_.data_stands());
    }

    void connect(const Endpoint& to) {
        data_ = std::make_unique<FtpData>(
            std::make_unique<LabSocket>(server_.loop_, server_.where(), Protocol::tcp),
            data_events());
        if (!data_->connect({local_.address, world::ftp_data_port}, to)) {
            obey(dialogue_.gave_up());
        }
    }

    FtpData::Events data_events() {
        return {.stands = [this] { obey(dialogue_.data_stands()); },
                .received = [this](std::uint64_t) { last_activity_ = server_.timers_.now(); },
                .room =
                    [this] {
                        last_activity_ = server_.timers_.now();
                        send();
                    },
                .ended = [this](bool by_fin) { data_closed(by_fin); }};
    }

    void send() {
        if (dialogue_.retrieves()) {
            const auto wanted = dialogue_.unsent();
            obey(dialogue_.sent(wanted > 0 ? data_->send(wanted) : 0));
        }
    }

    void data_closed(bool by_fin) {
        const auto step = dialogue_.data_closed(by_fin);
        if (step.end != world::FtpServerDialogue::DataEnd::in_order) {
            ended_ = std::move(data_);
        }
        obey(step);
    }

    void drop_data() {
        server_.timers_.cancel(patience_);
        listening_.reset();
        if (data_) {
            data_->leave(false);
            ended_ = std::move(data_);
        }
    }

    void over() {
        if (!std::exchange(over_, true)) {
            drop_data();
            channel_.leave(true);
            server_.retire(ticket_);
        }
    }

    FtpServer& server_;
    Ticket ticket_;
    world::FtpServerDialogue dialogue_;
    Endpoint local_;
    FtpChannel channel_;
    std::unique_ptr<FtpData> data_;
    std::unique_ptr<FtpData> ended_;  ///< the one before, perhaps still in a call of its own
    std::unique_ptr<LabSocket> listening_;
    Time last_activity_{};
    ports::TimerId patience_, idleness_;
    bool over_ = false;
};

FtpServer::FtpServer(boost::asio::io_context& loop, RunTimers& timers, const LabNetwork& network,
                     std::uint32_t server, const scenario::Scenario& scenario, Port port,
                     std::uint64_t seed)
    : loop_(loop),
      timers_(timers),
      network_(network),
      server_(server),
      settings_(scenario.servers[server]),
      port_(port),
      ports_(settings_, seed) {}

FtpServer::~FtpServer() = default;

const NetworkNamespace& FtpServer::where() const {
    return network_.machine({world::Machine::Kind::server, server_});
}

void FtpServer::start() {
    if (listening_) {
        return;
    }
    auto socket = std::make_unique<LabSocket>(loop_, where(), Protocol::tcp);
    if (!socket->bind({Address{}, port_}) || !socket->listen()) {
        throw std::runtime_error(fmt::format("server {} cannot listen on port {} for FTP: {}",
                                             settings_.name, port_.value(), std::strerror(errno)));
    }
    listening_ = std::move(socket);
    listening_->when_readable([this] { accept(); });
}

void FtpServer::stop() {
    for (auto& [ticket, session] : sessions_) {
        session->abort();
        retired_.push_back(std::move(session));
    }
    sessions_.clear();
    listening_.reset();
}

void FtpServer::accept() {
    retired_.clear();
    for (;;) {
        const int accepted =
            ::accept4(listening_->descriptor(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (accepted < 0) {
            break;
        }
        const Ticket ticket = next_ticket_++;
        auto& session =
            *sessions_
                 .emplace_hint(sessions_.end(), ticket,
                               std::make_unique<Session>(
                                   *this, ticket, std::make_unique<LabSocket>(loop_, accepted)))
                 ->second;
        session.begin();
    }
    listening_->when_readable([this] { accept(); });
}

std::unique_ptr<LabSocket> FtpServer::passive_socket() {
    return ports_.open([&](Port port) -> std::unique_ptr<LabSocket> {
        auto socket = std::make_unique<LabSocket>(loop_, where(), Protocol::tcp);
        return socket->bind({Address{}, port}) && socket->listen() ? std::move(socket) : nullptr;
    });
}

void FtpServer::retire(Ticket session) {
    const auto found = sessions_.find(session);
    if (found != sessions_.end()) {
        retired_.push_back(std::move(found->second));
        sessions_.erase(found);
    }
}

}  // namespace lvslab::lab
