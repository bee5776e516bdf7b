// SPDX-License-Identifier: GPL-2.0-only
#include "realmode/lab/data_service.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>

#include "core/world/data_message.hpp"

namespace lvslab::lab {

/// A real server's connection.
class DataService::Session {
public:
    Session(DataService& service, Ticket ticket, std::unique_ptr<LabSocket> socket)
        : service_(service), ticket_(ticket), socket_(std::move(socket)) {
        await_data();
    }

    void answer() {
        if (!over_) {
            header_out_ = encode(
                world::DataAnswer{.number = question_.number, .node = service_.machine_.node});
            sent_ = 0;
            send();
        }
    }

    /// Its process has ended.
    void abort() {
        over_ = true;
        socket_->reset();
    }

private:
    void await_data() {
        socket_->when_readable([this] { read(); });
    }

    void read() {
        std::array<std::uint8_t, 65536> block;
        while (!over_) {
            const auto n = ::recv(socket_->descriptor(), block.data(), block.size(), 0);
            if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
                await_data();
                return;
            }
            if (n <= 0) {
                finish(true);
                return;
            }
            take(std::span(block).first(static_cast<std::size_t>(n)));
        }
    }

    // The client asks again only when it has its answer.
    void take(std::span<const std::uint8_t> bytes) {
        const auto before = received_;
        received_ += bytes.size();
        if (before < header_.size()) {
            std::copy_n(bytes.begin(), std::min<std::size_t>(header_.size() - before, bytes.size()),
                        header_.begin() + static_cast<long>(before));
            if (received_ < header_.size()) {
                return;
            }
            const auto question = world::decode_data_question(header_);
            if (!question) {
                finish(false);
                return;
            }
            question_ = *question;
        }
        if (received_ >= question_.bytes) {
            received_ = 0;
            service_.submit(ticket_);
        }
    }

    void send() {
        if (send_zeros_after(socket_->descriptor(), header_out_, question_.answer_bytes, sent_) &&
            sent_ < question_.answer_bytes) {
            socket_->when_writable([this] { send(); });
        }
    }

    void finish(bool in_order) {
        if (!std::exchange(over_, true)) {
            if (in_order) {
                socket_->close();
            } else {
                socket_->reset();
            }
            service_.retire(ticket_);
        }
    }

    DataService& service_;
    Ticket ticket_;
    std::unique_ptr<LabSocket> socket_;
    std::array<std::uint8_t, world::DataQuestion::size> header_{};
    std::array<std::uint8_t, world::DataAnswer::size> header_out_{};
    world::DataQuestion question_;
    std::uint64_t received_ = 0;  ///< of the question
    std::uint64_t sent_ = 0;      ///< of the answer
    bool over_ = false;
};

DataService::DataService(boost::asio::io_context& loop, RunTimers& timers, LabNetwork& network,
                         const scenario::Scenario& scenario, unsigned index, unsigned node,
                         std::uint64_t seed)
    : loop_(loop),
      network_(network),
      machine_{world::Machine::Kind::data_server, index, node},
      server_(scenario.data[index]),
      draws_(seed, fmt::format("data/{}/{}", server_.name, node)),
      process_(timers, [this](Ticket session) { answer(session); }) {}

DataService::~DataService() = default;

void DataService::start() {
    if (process_.running() || !network_.exists(machine_)) {
        return;
    }
    process_.start(server_, draws_);
    const Endpoint endpoint{server_.interface.address, world::data_port(server_.kind)};
    listening_ = std::make_unique<LabSocket>(loop_, network_.machine(machine_), Protocol::tcp);
    if (!listening_->bind(endpoint) || !listening_->listen()) {
        throw std::runtime_error(fmt::format("data server {} cannot listen on {}: {}", server_.name,
                                             endpoint.to_string(), std::strerror(errno)));
    }
    listening_->when_readable([this] { accept(); });
}

void DataService::stop() {
    end();
}

void DataService::crash() {
    end();
    process_.crash();
}

void DataService::end() {
    process_.end();
    for (auto& [ticket, session] : sessions_) {
        session->abort();
        retired_.push_back(std::move(session));
    }
    sessions_.clear();
    listening_.reset();
}

void DataService::accept() {
    retired_.clear();
    for (;;) {
        const int accepted =
            ::accept4(listening_->descriptor(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (accepted < 0) {
            break;
        }
        const Ticket ticket = next_ticket_++;
        sessions_.emplace_hint(
            sessions_.end(), ticket,
            std::make_unique<Session>(*this, ticket, std::make_unique<LabSocket>(loop_, accepted)));
    }
    listening_->when_readable([this] { accept(); });
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

void DataService::retire(Ticket ticket) {
    const auto session = sessions_.find(ticket);
    if (session != sessions_.end()) {
        retired_.push_back(std::move(session->second));
        sessions_.erase(session);
    }
}

}  // namespace lvslab::lab
