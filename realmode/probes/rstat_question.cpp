// SPDX-License-Identifier: GPL-2.0-only
#include "realmode/probes/rstat_question.hpp"

#include <iterator>
#include <random>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>

#include "realmode/probes/probe_socket.hpp"

namespace lvslab::realmode {
namespace {

namespace asio = boost::asio;
using asio::ip::udp;
using boost::system::error_code;

/// Not to be guessed by who cannot see the question.
std::uint32_t new_xid() {
    static std::random_device device;
    return device();
}

}  // namespace

RstatQuestion::RstatQuestion(EventLoop& loop, const Address& server, const LoadSettings& settings,
                             Answer answer)
    : loop_(loop),
      server_(server),
      settings_(settings),
      answer_(std::move(answer)),
      socket_(loop),
      limit_(loop),
      retry_(loop) {}

void RstatQuestion::begin() {
    await_limit();
    asio::post(loop_, [self = shared_from_this()] {
        if (self->answer_) {
            self->ask_port();
        }
    });
}

void RstatQuestion::stop() {
    answer_ = nullptr;
    limit_.cancel();
    retry_.cancel();
    error_code ignored;
    socket_.close(ignored);
}

void RstatQuestion::await_limit() {
    limit_.expires_after(settings_.limit);
    limit_.async_wait([self = shared_from_this()](error_code error) {
        if (!error) {
            self->end(std::nullopt);
        }
    });
}

void RstatQuestion::ask_port() {
    step_ = Step::port;
    send_to(settings_.portmapper, rpc::getport(new_xid(), rpc::rstat_program, version()));
}

void RstatQuestion::ask_load(Port port) {
    step_ = Step::load;
    send_to(port, {new_xid(), rpc::rstat_program, version(), rpc::stats_procedure, {}});
}

/// A connected socket hears nobody but whom it asks, and hears it if nobody is there. Each step has
/// a new one, so that an old answer does not come to it.
void RstatQuestion::send_to(Port port, const rpc::Call& call) {
    xid_ = call.xid;
    sent_ = rpc::encode(call);
    error_code error;
    socket_.close(error);
    open(socket_, server_.family(), error);
    if (!error) {
        socket_.connect(udp_endpoint({server_, port}), error);
    }
    if (error) {
        end(std::nullopt);
        return;
    }
    await_reply();
    send();
}

void RstatQuestion::send() {
    error_code lost;  // as a datagram may be
    socket_.send(asio::buffer(sent_), 0, lost);
    retry_.expires_after(settings_.retry);
    retry_.async_wait([self = shared_from_this()](error_code error) {
        if (!error && self->answer_) {
            self->send();
        }
    });
}

void RstatQuestion::await_reply() {
    socket_.async_wait(udp::socket::wait_read, [self = shared_from_this()](error_code error) {
        if (!error && self->answer_) {
            self->read_replies();
        }
    });
}

void RstatQuestion::read_replies() {
    std::array<std::uint8_t, 1500> datagram;
    error_code error;
    const auto size = socket_.receive(asio::buffer(datagram), 0, error);
    if (error == asio::error::would_block) {
        await_reply();
        return;
    }
    if (error) {
        end(std::nullopt);  // nobody listens there
        return;
    }
    const auto reply = rpc::decode_reply(std::span(datagram).first(size));
    if (!reply || reply->xid != xid_) {
        await_reply();
        return;
    }
    retry_.cancel();
    replied(*reply);
}

void RstatQuestion::replied(const rpc::Reply& reply) {
    if (reply.status != rpc::Status::success) {
        next_version();
    } else if (step_ == Step::port) {
        const auto port = rpc::read_port(reply.results);
        if (port && *port != Port{}) {
            ask_load(*port);
        } else {
            next_version();
        }
    } else if (const auto load = rpc::read_load(version(), reply.results)) {
        end(load);
    } else {
        next_version();
    }
}

void RstatQuestion::next_version() {
    if (++tried_ == std::size(rpc::rstat_versions)) {
        end(std::nullopt);
    } else {
        ask_port();
    }
}

void RstatQuestion::end(std::optional<double> load) {
    if (const auto answer = std::exchange(answer_, nullptr)) {
        stop();
        answer(load);
    }
}

}  // namespace lvslab::realmode
