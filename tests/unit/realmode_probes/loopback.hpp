// SPDX-License-Identifier: GPL-2.0-only
/// Servers on this host's loopback for checks to look at, in the same loop as the checks.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/write.hpp>

#include "core/base/quantities.hpp"
#include "realmode/host/event_loop.hpp"

namespace lvslab::realmode {

inline Endpoint loopback(std::uint16_t port) {
    return {Address::v4(0x7F000001), Port{port}};
}

/// Accepts connections and does with each what it is told to.
class TcpServer {
public:
    using Socket = boost::asio::ip::tcp::socket;
    using Served = std::function<void(std::shared_ptr<Socket>)>;

    TcpServer(EventLoop& loop, Served served)
        : acceptor_(loop, {boost::asio::ip::address_v4::loopback(), 0}),
          served_(std::move(served)) {
        accept();
    }
    ~TcpServer() { *alive_ = false; }
    TcpServer(const TcpServer&) = delete;
    TcpServer& operator=(const TcpServer&) = delete;

    Endpoint endpoint() const { return loopback(acceptor_.local_endpoint().port()); }
    std::size_t accepted() const { return accepted_; }

private:
    void accept() {
        acceptor_.async_accept(
            [this, alive = alive_](boost::system::error_code error, Socket socket) {
                if (!error && *alive) {
                    ++accepted_;
                    served_(std::make_shared<Socket>(std::move(socket)));
                    accept();
                }
            });
    }

    boost::asio::ip::tcp::acceptor acceptor_;
    Served served_;
    std::size_t accepted_ = 0;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

/// Holds connections without a word.
inline TcpServer::Served silently(std::vector<std::shared_ptr<TcpServer::Socket>>& held) {
    return [&held](auto socket) { held.push_back(std::move(socket)); };
}

/// Says these pieces, each when the one before has been taken and, if there is a question to wait
/// for, something was heard; then ends the connection, or holds it.
inline void say(std::shared_ptr<TcpServer::Socket> socket, std::vector<std::string> pieces,
                bool then_end) {
    if (pieces.empty()) {
        if (!then_end) {
            auto heard = std::make_shared<std::array<char, 16>>();
            socket->async_read_some(boost::asio::buffer(*heard),
                                    [socket, heard](auto, auto) { /* until the other end goes */ });
        }
        return;
    }
    auto piece = std::make_shared<std::string>(pieces.front());
    pieces.erase(pieces.begin());
    boost::asio::async_write(*socket, boost::asio::buffer(*piece),
                             [socket, piece, pieces, then_end](auto error, auto) {
                                 if (!error) {
                                     say(socket, pieces, then_end);
                                 }
                             });
}

/// Waits for some bytes, then says the pieces.
inline TcpServer::Served answering(std::vector<std::string> pieces, bool then_end = false,
                                   std::string* question = nullptr) {
    return [=](std::shared_ptr<TcpServer::Socket> socket) {
        socket->set_option(boost::asio::ip::tcp::no_delay(true));
        auto heard = std::make_shared<std::array<char, 4096>>();
        socket->async_read_some(boost::asio::buffer(*heard), [=](auto error, std::size_t size) {
            if (question != nullptr) {
                question->assign(heard->data(), size);
            }
            if (!error) {
                say(socket, pieces, then_end);
            }
        });
    };
}

/// A TCP port at which nobody listens: it was free a moment ago.
inline Endpoint refusing_endpoint(EventLoop& loop) {
    boost::asio::ip::tcp::acceptor acceptor(loop, {boost::asio::ip::address_v4::loopback(), 0});
    return loopback(acceptor.local_endpoint().port());
}

/// Hears datagrams and answers what it is told to; nothing = no answer.
class UdpServer {
public:
    using Bytes = std::vector<std::uint8_t>;
    using Answer = std::function<std::vector<Bytes>(const Bytes& question)>;

    UdpServer(EventLoop& loop, Answer answer)
        : socket_(loop, {boost::asio::ip::address_v4::loopback(), 0}), answer_(std::move(answer)) {
        hear();
    }
    ~UdpServer() { *alive_ = false; }
    UdpServer(const UdpServer&) = delete;
    UdpServer& operator=(const UdpServer&) = delete;

    Endpoint endpoint() const { return loopback(socket_.local_endpoint().port()); }
    const std::vector<Bytes>& heard() const { return heard_; }
    boost::asio::ip::udp::endpoint last_client() const { return from_; }

private:
    void hear() {
        socket_.async_receive_from(
            boost::asio::buffer(buffer_), from_,
            [this, alive = alive_](boost::system::error_code error, std::size_t size) {
                if (error || !*alive) {
                    return;
                }
                heard_.emplace_back(buffer_.begin(),
                                    buffer_.begin() + static_cast<std::ptrdiff_t>(size));
                for (const auto& answer : answer_(heard_.back())) {
                    socket_.send_to(boost::asio::buffer(answer), from_);
                }
                hear();
            });
    }

    boost::asio::ip::udp::socket socket_;
    Answer answer_;
    std::array<std::uint8_t, 2048> buffer_{};
    boost::asio::ip::udp::endpoint from_;
    std::vector<Bytes> heard_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

/// Runs the loop until the value is there. The limits of what is tested end a wait for ever.
template <class T>
T run_until(EventLoop& loop, const std::optional<T>& value) {
    loop.restart();
    while (!value && loop.run_one() > 0) {
    }
    return value.value();
}

}  // namespace lvslab::realmode
