// SPDX-License-Identifier: GPL-2.0-only
#include "realmode/lab/http_client.hpp"

#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <span>
#include <string_view>
#include <utility>

#include "core/world/message.hpp"
#include "realmode/lab/http_exchange.hpp"
#include "realmode/lab/lab_socket.hpp"

namespace lvslab::lab {
namespace {

using journal::Outcome;

class HttpConnection final : public ClientConnection {
public:
    HttpConnection(ConnectionOwner& owner, scenario::PlannedConnection plan,
                   const ClientPlace& place, const scenario::Scenario& scenario)
        : ClientConnection(owner, std::move(plan), place),
          scenario_(scenario),
          socket_(place.loop, place.where, Protocol::tcp) {}

private:
    void open() override {
        const int error = socket_.bind(plan().source) ? socket_.connect(plan().to) : errno;
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

    std::uint64_t document() const { return world::response_size(request().response_bytes); }

    void ask() override {
        question_ = http_request_for(document(), request().request_bytes, plan().to);
        sent_ = 0;
        asked_ = true;
        answer_.begin();
        send();
    }

    void send() {
        const std::span head(reinterpret_cast<const std::uint8_t*>(question_.head.data()),
                             question_.head.size());
        if (!send_zeros_after(socket_.descriptor(), head, question_.bytes, sent_)) {
            return;  // the read that follows says what broke it
        }
        if (sent_ < question_.bytes) {
            socket_.when_writable([this] { send(); });
        }
    }

    void await_data() {
        socket_.when_readable([this] { read(); });
    }

    void read() {
        std::array<char, 65536> block;
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
            take({block.data(), static_cast<std::size_t>(n)});
        }
    }

    void take(std::string_view bytes) {
        if (!asked_) {
            broken();  // it says more than it was asked for
            return;
        }
        const auto state = answer_.take(bytes);
        if (const auto& name = answer_.server()) {
            tell_server(*name);
        }
        if (state == HttpResponse::State::whole && answer_.content_length() == document()) {
            asked_ = false;
            response_complete(document());
        } else if (state != HttpResponse::State::coming) {
            broken();
        }
    }

    void tell_server(const std::string& name) {
        for (std::uint32_t i = 0; i < scenario_.servers.size(); ++i) {
            if (scenario_.servers[i].name == name) {
                heard_from(i, {});
            }
        }
    }

    void leave(Outcome outcome) override {
        if (outcome == Outcome::served || !established_) {
            socket_.close();
        } else {
            socket_.reset();
        }
    }

    const scenario::Scenario& scenario_;
    LabSocket socket_;
    HttpRequest question_;
    HttpResponse answer_;
    std::uint64_t sent_ = 0;
    bool asked_ = false;  ///< an answer is to come
    bool established_ = false;
};

}  // namespace

std::unique_ptr<ClientConnection> make_http_connection(ConnectionOwner& owner,
                                                       scenario::PlannedConnection plan,
                                                       const ClientPlace& place,
                                                       const scenario::Scenario& scenario) {
    return std::make_unique<HttpConnection>(owner, std::move(plan), place, scenario);
}

}  // namespace lvslab::lab
