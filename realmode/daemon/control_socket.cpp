// SPDX-License-Identifier: GPL-2.0-only
#include "realmode/daemon/control_socket.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/streambuf.hpp>
#include <boost/asio/write.hpp>
#include <cerrno>
#include <cstring>
#include <istream>
#include <utility>

#include <fmt/format.h>

namespace lvslab::realmode {
namespace {

namespace asio = boost::asio;
using Socket = asio::local::stream_protocol::socket;
using Acceptor = asio::local::stream_protocol::acceptor;
using boost::system::error_code;

constexpr std::size_t most_connections = 64;
constexpr std::size_t most_waiting = 1 << 20;  ///< bytes for one watcher
constexpr auto patience = std::chrono::seconds(10);

bool is_trusted(Socket& socket) {
    ucred peer{};
    socklen_t size = sizeof peer;
    return ::getsockopt(socket.native_handle(), SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
           (peer.uid == 0 || peer.uid == ::geteuid());
}

ControlAnswer refusal(std::string why) {
    ControlAnswer answer;
    answer.ok = false;
    answer.error = std::move(why);
    return answer;
}

std::string first_error(const Diagnostics& diagnostics) {
    return diagnostics.empty() ? "" : diagnostics.items().front().message;
}

}  // namespace

struct ControlSocket::Shared {
    Handler handler;
    std::set<std::shared_ptr<Connection>> connections;
};

class ControlSocket::Connection : public std::enable_shared_from_this<Connection> {
public:
    Connection(Socket socket, std::weak_ptr<Shared> shared)
        : socket_(std::move(socket)),
          shared_(std::move(shared)),
          request_(longest_request),
          timer_(socket_.get_executor()) {}

    void read() {
        timer_.expires_after(patience);
        timer_.async_wait([self = shared_from_this()](const error_code& error) {
            if (!error) {
                self->end();
            }
        });
        asio::async_read_until(socket_, request_, '\n',
                               [self = shared_from_this()](const error_code& error, std::size_t) {
                                   self->on_read(error);
                               });
    }

    void refuse(std::string why) {
        ends_ = true;
        send(to_line(refusal(std::move(why))));
    }

    void send(std::string text) {
        waiting_ += text;
        if (waiting_.size() > most_waiting) {
            end();
        } else if (writing_.empty()) {
            write();
        }
    }

    bool watches() const { return watches_; }

    void end() {
        timer_.cancel();
        error_code ignored;
        socket_.close(ignored);
        if (const auto shared = shared_.lock()) {
            shared->connections.erase(shared_from_this());
        }
    }

private:
    void on_read(const error_code& error) {
        if (error == asio::error::not_found) {
            refuse(fmt::format("the request is longer than {} bytes", longest_request));
            return;
        }
        if (error) {
            end();
            return;
        }
        timer_.cancel();
        std::istream in(&request_);
        std::string line;
        std::getline(in, line);
        answer(line);
    }

    void answer(const std::string& line) {
        const auto shared = shared_.lock();
        const auto request = parse_request(line);
        if (!shared || !request) {
            send(to_line(refusal(first_error(request.diagnostics))));
            read();
            return;
        }
        if (request->command == ControlCommand::watch) {
            send(to_line(ControlAnswer{}));
            watches_ = true;
            wait_for_end();
            return;
        }
        shared->handler(*request, [self = shared_from_this(),
                                   command = request->command](const ControlAnswer& result) {
            self->send(to_line(result));
            if (command == ControlCommand::stop && result.ok) {
                self->wait_for_end();
            } else {
                self->read();
            }
        });
    }

    /// Nothing more is expected of it, but that it goes.
    void wait_for_end() {
        socket_.async_wait(Socket::wait_read, [self = shared_from_this()](const error_code& error) {
            char ignored = 0;
            if (error || ::recv(self->socket_.native_handle(), &ignored, 1, MSG_DONTWAIT) == 0) {
                self->end();
            } else {
                self->wait_for_end();
            }
        });
    }

    void write() {
        writing_ = std::exchange(waiting_, {});
        asio::async_write(socket_, asio::buffer(writing_),
                          [self = shared_from_this()](const error_code& error, std::size_t) {
                              self->writing_.clear();
                              if (error || (self->ends_ && self->waiting_.empty())) {
                                  self->end();
                              } else if (!self->waiting_.empty()) {
                                  self->write();
                              }
                          });
    }

    Socket socket_;
    std::weak_ptr<Shared> shared_;
    asio::streambuf request_;
    asio::steady_timer timer_;
    std::string waiting_, writing_;
    bool watches_ = false;
    bool ends_ = false;
};

namespace {

/// Whether somebody answers there.
bool answers(const std::string& path) {
    const int probe = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
    // NOLINTNEXTLINE: the socket API takes every address so
    const auto* generic = reinterpret_cast<const sockaddr*>(&address);
    const bool connected = ::connect(probe, generic, sizeof address) == 0 || errno == EAGAIN;
    ::close(probe);
    return connected;
}

void bind_to(Acceptor& acceptor, const std::string& path, error_code& error) {
    acceptor.open(asio::local::stream_protocol(), error);
    const mode_t before = ::umask(0177);
    if (!error) {
        acceptor.bind(path, error);
    }
    ::umask(before);
    if (!error) {
        acceptor.listen(asio::socket_base::max_listen_connections, error);
    }
}

}  // namespace

Checked<std::unique_ptr<ControlSocket>> ControlSocket::open(EventLoop& loop,
                                                            const std::string& path,
                                                            Handler handler) {
    Checked<std::unique_ptr<ControlSocket>> result;
    if (path.size() >= sizeof(sockaddr_un::sun_path)) {
        result.diagnostics.error({path},
                                 fmt::format("the path is too long for a socket; expected fewer "
                                             "than {} bytes",
                                             sizeof(sockaddr_un::sun_path)));
        return result;
    }
    if (answers(path)) {
        result.diagnostics.error({path}, "another lvsrouter answers at this control socket");
        return result;
    }
    struct stat file {};
    if (::lstat(path.c_str(), &file) == 0 && S_ISSOCK(file.st_mode)) {
        ::unlink(path.c_str());
    }
    std::unique_ptr<ControlSocket> socket(new ControlSocket(loop, path, std::move(handler)));
    error_code error;
    bind_to(socket->acceptor_, path, error);
    if (error) {
        socket->path_.clear();
        result.diagnostics.error(
            {path}, fmt::format("no control socket can be made there: {}", error.message()));
        return result;
    }
    socket->accept();
    result.value = std::move(socket);
    return result;
}

ControlSocket::ControlSocket(EventLoop& loop, std::string path, Handler handler)
    : path_(std::move(path)), shared_(std::make_shared<Shared>()), acceptor_(loop) {
    shared_->handler = std::move(handler);
}

ControlSocket::~ControlSocket() {
    for (const auto& connection : std::set(shared_->connections)) {
        connection->end();
    }
    if (!path_.empty()) {
        ::unlink(path_.c_str());
    }
}

void ControlSocket::accept() {
    acceptor_.async_accept(
        [this, alive = std::weak_ptr(alive_)](const error_code& error, Socket socket) {
            if (alive.expired() || error == asio::error::operation_aborted) {
                return;
            }
            if (!error && is_trusted(socket)) {
                const auto connection = std::make_shared<Connection>(std::move(socket), shared_);
                shared_->connections.insert(connection);
                if (shared_->connections.size() > most_connections) {
                    connection->refuse("too many ask at once");
                } else {
                    connection->read();
                }
            }
            accept();
        });
}

void ControlSocket::tell(const std::string& event_line) {
    for (const auto& connection : std::set(shared_->connections)) {
        if (connection->watches()) {
            connection->send(event_line + '\n');
        }
    }
}

bool ControlSocket::watched() const {
    return std::ranges::any_of(shared_->connections, &Connection::watches);
}

}  // namespace lvslab::realmode
