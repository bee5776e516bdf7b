// SPDX-License-Identifier: GPL-2.0-only
#include "realmode/lab/client_connection.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>
#include <vector>

#include "core/world/message.hpp"
#include "realmode/lab/lab_socket.hpp"

namespace lvslab::lab {
namespace {

using journal::Outcome;
using world::RequestHeader;
using world::ResponseHeader;

std::array<std::uint8_t, RequestHeader::size> header_of(const scenario::PlannedConnection& plan,
                                                        std::uint32_t number, std::uint64_t bytes) {
    const auto& request = plan.requests[number];
    return encode(RequestHeader{.connection = plan.id,
                                .request = number,
                                .bytes = static_cast<std::uint32_t>(bytes),
                                .response_bytes = world::response_size(request.response_bytes),
                                .service_quantile = request.service_quantile,
                                .destination = plan.to.address});
}

class TcpConnection final : public ClientConnection {
public:
    TcpConnection(ConnectionOwner& owner, scenario::PlannedConnection plan,
                  const ClientPlace& place)
        : ClientConnection(owner, std::move(plan), place),
          socket_(place.loop, place.where, Protocol::tcp) {}

private:
    void open() override {
        if (!socket_.bind(plan().source)) {
            broken();
            return;
        }
        const int error = socket_.connect(plan().to);
        if (error != 0 && error != EINPROGRESS) {
            broken();
            return;
        }
        socket_.when_writable([this] { connected(); });
    }

    void connected() {
        const int error = socket_.pending_error();
        if (error == ETIMEDOUT) {
            end(Outcome::timed_out);
        } else if (error != 0) {
            broken();
        } else {
            established_ = true;
            await_data();
            ask();
        }
    }

    void ask() override {
        to_send_ = world::request_size(request().request_bytes);
        sent_ = 0;
        header_ = header_of(plan(), request_number(), to_send_);
        expected_ = world::response_size(request().response_bytes);
        received_ = 0;
        send();
    }

    void send() {
        if (!send_zeros_after(socket_.descriptor(), header_, to_send_, sent_)) {
            return;  // the read that follows says what broke it
        }
        if (sent_ < to_send_) {
            socket_.when_writable([this] { send(); });
        }
    }

    void await_data() {
        socket_.when_readable([this] { read(); });
    }

    void read() {
        std::array<std::uint8_t, 65536> block;
        while (!has_ended()) {
            const auto n = ::recv(socket_.descriptor(), block.data(), block.size(), 0);
            if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
                await_data();
                return;
            }
            if (n <= 0) {
                broken();  // a FIN before the last response, a RST, or TCP's patience at its end
                return;
            }
            take(std::span(block).first(static_cast<std::size_t>(n)));
        }
    }

    void take(std::span<const std::uint8_t> bytes) {
        if (received_ < answer_.size()) {
            const auto missing = std::min<std::size_t>(answer_.size() - received_, bytes.size());
            std::copy_n(bytes.begin(), missing, answer_.begin() + static_cast<long>(received_));
        }
        const bool knew = received_ >= answer_.size();
        received_ += bytes.size();
        if (!knew && received_ >= answer_.size()) {
            if (const auto header = world::decode_response(answer_)) {
                heard_from(header->server, header->stale_for);
            }
        }
        if (received_ >= expected_) {
            response_complete(expected_);
        }
    }

    void leave(Outcome outcome) override {
        if (outcome == Outcome::served || !established_) {
            socket_.close();
        } else {
            socket_.reset();
        }
    }

    LabSocket socket_;
    std::array<std::uint8_t, RequestHeader::size> header_{};
    std::array<std::uint8_t, ResponseHeader::size> answer_{};
    std::uint64_t to_send_ = 0, sent_ = 0;
    std::uint64_t expected_ = 0, received_ = 0;
    bool established_ = false;
};

class UdpExchange final : public ClientConnection {
public:
    UdpExchange(ConnectionOwner& owner, scenario::PlannedConnection plan, const ClientPlace& place)
        : ClientConnection(owner, std::move(plan), place),
          socket_(place.loop, place.where, Protocol::udp) {}

private:
    void open() override {
        if (!socket_.bind(plan().source) || socket_.connect(plan().to) != 0) {
            broken();
            return;
        }
        await_data();
        ask();
    }

    void ask() override {
        const auto bytes = std::min<std::uint64_t>(world::request_size(request().request_bytes),
                                                   world::largest_datagram);
        const auto header = header_of(plan(), request_number(), bytes);
        missing_ = world::datagrams(request().response_bytes);
        heard_.assign(missing_, false);
        std::uint64_t sent = 0;
        send_zeros_after(socket_.descriptor(), header, bytes, sent);
    }

    void await_data() {
        socket_.when_readable([this] { read(); });
    }

    void read() {
        std::array<std::uint8_t, 65536> block;
        while (!has_ended()) {
            const auto n = ::recv(socket_.descriptor(), block.data(), block.size(), 0);
            if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
                await_data();
                return;
            }
            if (n < 0) {
                broken();  // ICMP destination unreachable
                return;
            }
            take(std::span(block).first(static_cast<std::size_t>(n)));
        }
    }

    void take(std::span<const std::uint8_t> datagram) {
        const auto header = world::decode_response(datagram);
        if (!header || header->request != request_number() || header->part >= heard_.size() ||
            heard_[header->part]) {
            return;
        }
        heard_[header->part] = true;
        heard_from(header->server, header->stale_for);
        if (--missing_ == 0) {
            response_complete(world::response_size(request().response_bytes));
        }
    }

    void leave(Outcome) override { socket_.close(); }

    LabSocket socket_;
    std::uint64_t missing_ = 0;
    std::vector<bool> heard_;
};

}  // namespace

ClientConnection::ClientConnection(ConnectionOwner& owner, scenario::PlannedConnection plan,
                                   const ClientPlace& place)
    : owner_(owner), plan_(std::move(plan)), timers_(place.timers), timeout_(place.timeout) {}

ClientConnection::~ClientConnection() {
    timers_.cancel(thinking_);
    timers_.cancel(deadline_);
}

void ClientConnection::begin() {
    opened_at_ = asked_at_ = timers_.now();
    deadline_ = timers_.at(opened_at_ + timeout_, [this] { give_up(Outcome::timed_out); });
    open();
}

void ClientConnection::give_up(Outcome outcome) {
    if (!has_ended_) {
        end(outcome);
    }
}

void ClientConnection::response_complete(std::uint64_t bytes) {
    owner_.responded(*this, current_, timers_.now() - asked_at_, bytes);
    if (is_last_request()) {
        end(Outcome::served);
        return;
    }
    ++current_;
    thinking_ = timers_.at(timers_.now() + request().think, [this] {
        asked_at_ = timers_.now();
        ask();
    });
}

void ClientConnection::broken() {
    end(server_ == journal::no_index ? Outcome::refused : Outcome::reset);
}

void ClientConnection::end(Outcome outcome) {
    if (has_ended_) {
        return;
    }
    has_ended_ = true;
    timers_.cancel(thinking_);
    timers_.cancel(deadline_);
    leave(outcome);
    owner_.ended(*this, outcome);
}

std::unique_ptr<ClientConnection> make_connection(ConnectionOwner& owner,
                                                  scenario::PlannedConnection plan,
                                                  const ClientPlace& place, Protocol protocol) {
    if (protocol == Protocol::udp) {
        return std::make_unique<UdpExchange>(owner, std::move(plan), place);
    }
    return std::make_unique<TcpConnection>(owner, std::move(plan), place);
}

}  // namespace lvslab::lab
