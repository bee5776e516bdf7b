// SPDX-License-Identifier: GPL-2.0-only
#include "realmode/probes/connect_probe.hpp"

#include <array>
#include <string>
#include <string_view>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>

#include "realmode/probes/probe_socket.hpp"

namespace lvslab::realmode {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using asio::ip::udp;
using boost::system::error_code;

using AnswerBytes = std::array<char, health::longest_answer>;

class TcpRun final : public ProbeRun {
public:
    TcpRun(EventLoop& loop, health::ConnectProbe probe, Ended ended)
        : ProbeRun(loop, std::move(ended)), probe_(std::move(probe)), socket_(loop) {}

    void begin() override {
        error_code error;
        open(socket_, probe_.server.address.family(), error);
        if (error) {
            end_soon({false, trouble_of(error)});
            return;
        }
        limit(probe_.limit);
        socket_.async_connect(tcp_endpoint(probe_.server),
                              unless_over([this](error_code failed) { connected(failed); }));
    }

private:
    void connected(error_code error) {
        if (error) {
            end({false, trouble_of(error)});
            return;
        }
        if (!probe_.send) {
            sent({});
            return;
        }
        limit(probe_.limit);
        asio::async_write(socket_, asio::buffer(*probe_.send),
                          unless_over([this](error_code failed, std::size_t) { sent(failed); }));
    }
    void sent(error_code error) {
        if (error) {
            end({});
        } else if (!probe_.expect.reads()) {
            end({true, {}});
        } else {
            if (!probe_.send) {
                limit(probe_.limit);
            }
            await_answer();
        }
    }
    void await_answer() {
        socket_.async_wait(tcp::socket::wait_read,
                           unless_over([this](error_code error) { read(error); }));
    }
    void read(error_code error) {
        AnswerBytes piece;
        const auto size =
            error ? 0
                  : socket_.read_some(asio::buffer(piece.data(), piece.size() - answer_.size()),
                                      error);
        if (error == asio::error::would_block) {
            await_answer();
            return;
        }
        server_has_ended_ = error == asio::error::eof;
        if (error && !server_has_ended_) {
            end({});
            return;
        }
        answer_.append(piece.data(), size);
        const bool whole = server_has_ended_ || answer_.size() == health::longest_answer;
        const auto verdict = probe_.expect.judge(answer_, whole);
        if (verdict == health::Verdict::more) {
            await_answer();
        } else {
            end({verdict == health::Verdict::match, {}});
        }
    }
    void close() override { close_at_once(socket_, server_has_ended_); }

    health::ConnectProbe probe_;
    tcp::socket socket_;
    std::string answer_;
    bool server_has_ended_ = false;
};

class UdpRun final : public ProbeRun {
public:
    UdpRun(EventLoop& loop, health::ConnectProbe probe, Ended ended)
        : ProbeRun(loop, std::move(ended)), probe_(std::move(probe)), socket_(loop) {}

    void begin() override {
        error_code error;
        open(socket_, probe_.server.address.family(), error);
        if (!error) {
            // Then only its datagrams are heard, and its host's refusals too.
            socket_.connect(udp_endpoint(probe_.server), error);
        }
        if (!error) {
            socket_.send(asio::buffer(probe_.send.value_or("")), 0, error);
        }
        if (error) {
            end_soon({false, trouble_of(error)});
            return;
        }
        if (!probe_.expect.reads()) {
            end_soon({true, {}});
            return;
        }
        limit(probe_.limit);
        await_answer();
    }

private:
    void await_answer() {
        socket_.async_wait(udp::socket::wait_read,
                           unless_over([this](error_code error) { read(error); }));
    }
    void read(error_code error) {
        AnswerBytes piece;
        const auto size = error ? 0 : socket_.receive(asio::buffer(piece), 0, error);
        if (error == asio::error::would_block) {
            await_answer();  // a datagram with a bad checksum was dropped
            return;
        }
        // A datagram is the whole answer, an empty one too.
        const auto verdict = probe_.expect.judge(std::string_view(piece.data(), size), true);
        end({!error && verdict == health::Verdict::match, {}});
    }
    void close() override {
        error_code ignored;
        socket_.close(ignored);
    }

    health::ConnectProbe probe_;
    udp::socket socket_;
};

}  // namespace

std::shared_ptr<ProbeRun> make_connect_run(EventLoop& loop, const health::ConnectProbe& probe,
                                           ProbeRun::Ended ended) {
    if (probe.protocol == Protocol::udp) {
        return std::make_shared<UdpRun>(loop, probe, std::move(ended));
    }
    return std::make_shared<TcpRun>(loop, probe, std::move(ended));
}

}  // namespace lvslab::realmode
