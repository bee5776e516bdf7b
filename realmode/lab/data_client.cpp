// SPDX-License-Identifier: GPL-2.0-only
#include "realmode/lab/data_client.hpp"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <utility>

#include "realmode/lab/lab_socket.hpp"

namespace lvslab::lab {

class DataClient::Connection final : public world::DataConnection {
public:
    Connection(DataClient& client, Ticket request)
        : DataConnection(client, request),
          timers_(client.run_timers_),
          socket_(client.loop_,
                  client.network_.machine({world::Machine::Kind::server, client.index_}),
                  Protocol::tcp) {
        const int error = socket_.connect(client.data_server());
        if (error == 0 || error == EINPROGRESS) {
            socket_.when_writable([this] { connected(); });
        } else {
            failure_ = timers_.at(timers_.now(), [this] { fail(); });
        }
    }
    ~Connection() override { timers_.cancel(failure_); }

    void leave(Leave how) override {
        timers_.cancel(failure_);
        if (how == Leave::reset && established_ && !is_broken()) {
            socket_.reset();
        } else {
            socket_.close();
        }
    }

private:
    void connected() {
        if (socket_.pending_error() != 0) {
            fail();
            return;
        }
        established_ = true;
        await_data();
        send();
    }

    void send() override {
        if (!established_ || is_broken() || unsent_ == 0) {
            return;
        }
        auto sent = question_.bytes - unsent_;
        const auto header = encode(question_);
        if (!send_zeros_after(socket_.descriptor(), header, question_.bytes, sent)) {
            return;  // the read that is under way says what broke it
        }
        unsent_ = question_.bytes - sent;
        if (unsent_ > 0) {
            socket_.when_writable([this] { send(); });
        }
    }

    void await_data() {
        socket_.when_readable([this] { read(); });
    }

    void read() {
        std::array<std::uint8_t, 65536> block;
        while (!is_broken()) {
            const auto n = ::recv(socket_.descriptor(), block.data(), block.size(), 0);
            if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
                await_data();
                return;
            }
            if (n <= 0) {
                fail();
                return;
            }
            const auto size = static_cast<std::size_t>(n);
            take(std::span(block).first(size), size);
        }
    }

    RunTimers& timers_;
    LabSocket socket_;
    ports::TimerId failure_;
    bool established_ = false;
};

DataClient::DataClient(boost::asio::io_context& loop, RunTimers& timers, const LabNetwork& network,
                       std::uint32_t server, const scenario::Scenario& scenario,
                       journal::Sink& sink, std::uint64_t seed, Ended ended)
    : world::DataClient(server, scenario, timers_, sink, seed, std::move(ended)),
      loop_(loop),
      run_timers_(timers),
      timers_(timers),
      network_(network),
      index_(server) {}

DataClient::~DataClient() {
    run_timers_.cancel(burial_);
    forget();
}

std::unique_ptr<world::DataConnection> DataClient::connect(Ticket request) {
    return std::make_unique<Connection>(*this, request);
}

void DataClient::clear_graves_later() {
    burial_ = run_timers_.at(run_timers_.now(), [this] { clear_graves(); });
}

}  // namespace lvslab::lab
