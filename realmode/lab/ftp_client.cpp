// SPDX-License-Identifier: GPL-2.0-only
#include "realmode/lab/ftp_client.hpp"

#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "core/world/ftp_client_dialogue.hpp"
#include "realmode/lab/ftp_sockets.hpp"

namespace lvslab::lab {
namespace {

using journal::Outcome;

class FtpConnection final : public ClientConnection {
public:
    FtpConnection(ConnectionOwner& owner, scenario::PlannedConnection plan,
                  const ClientPlace& place, const scenario::Scenario& scenario,
                  FtpOfferedPorts& ports)
        : ClientConnection(owner, std::move(plan), place),
          loop_(place.loop),
          where_(place.where),
          ports_(ports),
          dialogue_(scenario, scenario.workloads[this->plan().workload].ftp, this->plan().to),
          control_(new_socket(),
                   {[this](const std::string& line) { hear(line); }, [this] { fail(); }}) {}

private:
    std::unique_ptr<LabSocket> new_socket() const {
        return std::make_unique<LabSocket>(loop_, where_, Protocol::tcp);
    }
    Endpoint any_port() const { return {plan().source.address, Port{0}}; }

    void fail() {
        if (!has_ended()) {
            broken();
        }
    }

    void open() override {
        auto& socket = control_.socket();
        const int error = socket.bind(plan().source) ? socket.connect(plan().to) : errno;
        if (error != 0 && error != EINPROGRESS) {
            return fail();
        }
        socket.when_writable([this] { connected(); });
    }

    void connected() {
        const int error = control_.socket().pending_error();
        if (error == ETIMEDOUT) {
            end(Outcome::timed_out);
        } else if (error != 0) {
            fail();
        } else {
            established_ = true;
            control_.begin();
        }
    }

    void hear(const std::string& line) {
        if (!has_ended()) {
            obey(dialogue_.hear(line));
        }
    }

    void obey(const world::FtpClientDialogue::Step& step) {
        if (const auto server = dialogue_.server()) {
            heard_from(*server, {});
        }
        if (step.failed) {
            fail();
        } else if (!step.say.empty()) {
            control_.say(step.say);
        } else if (step.ready) {
            ask();
        } else if (step.listen) {
            offer();
        } else if (step.connect) {
            connect(*step.connect);
        } else if (step.send) {
            send();
        } else if (step.complete) {
            transferred();
        }
    }

    void ask() override { obey(dialogue_.ask(request().response_bytes)); }

    /// PORT or EPRT: a socket of ours waits for the server.
    void offer() {
        const auto& mine = plan().source.address;
        for (unsigned tries = 0; tries < 100; ++tries) {  // one may be a transfer's of just now
            listening_ = new_socket();
            if (listening_->bind({mine, ports_.next(mine)}) && listening_->listen()) {
                break;
            }
            listening_.reset();
        }
        if (!listening_) {
            return fail();
        }
        await_server();
        control_.say(dialogue_.offer(listening_->local()));
    }

    void await_server() {
        listening_->when_readable([this] { accept(); });
    }

    void accept() {
        const int accepted =
            ::accept4(listening_->descriptor(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (accepted >= 0) {
            auto socket = std::make_unique<LabSocket>(loop_, accepted);
            if (data_ && !dialogue_.data_has_ended()) {
                socket->reset();
            } else {
                data_ = std::make_unique<FtpData>(std::move(socket), data_events());
                data_->begin();
                send();
            }
        }
        await_server();
    }

    void connect(const Endpoint& to) {
        data_ = std::make_unique<FtpData>(new_socket(), data_events());
        if (!data_->connect(any_port(), to)) {
            fail();
        }
    }

    FtpData::Events data_events() {
        return {.stands =
                    [this] {
                        if (!has_ended()) {
                            control_.say(dialogue_.transfer());
                        }
                    },
                .received = [this](std::uint64_t bytes) { dialogue_.received(bytes); },
                .room = [this] { send(); },
                .ended =
                    [this](bool by_fin) {
                        if (!has_ended()) {
                            obey(dialogue_.data_ended(by_fin));
                        }
                    }};
    }

    void send() {
        if (!data_ || dialogue_.sendable() == 0) {
            return;
        }
        dialogue_.sent(data_->send(dialogue_.sendable()));
        if (dialogue_.sendable() == 0) {
            data_->finish();  // the file's end
        }
    }

    void transferred() {
        data_->leave(true);
        data_.reset();
        listening_.reset();
        response_complete(dialogue_.received());
    }

    void leave(Outcome outcome) override {
        listening_.reset();
        if (data_) {
            data_->leave(false);
        }
        if (outcome == Outcome::served) {
            control_.say("QUIT");
        }
        control_.leave(outcome == Outcome::served || !established_);
    }

    boost::asio::io_context& loop_;
    const NetworkNamespace& where_;
    FtpOfferedPorts& ports_;
    world::FtpClientDialogue dialogue_;
    FtpChannel control_;
    std::unique_ptr<FtpData> data_;
    std::unique_ptr<LabSocket> listening_;
    bool established_ = false;
};

}  // namespace

std::unique_ptr<ClientConnection> make_ftp_connection(ConnectionOwner& owner,
                                                      scenario::PlannedConnection plan,
                                                      const ClientPlace& place,
                                                      const scenario::Scenario& scenario,
                                                      FtpOfferedPorts& ports) {
    return std::make_unique<FtpConnection>(owner, std::move(plan), place, scenario, ports);
}

}  // namespace lvslab::lab
