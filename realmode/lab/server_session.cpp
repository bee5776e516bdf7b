// SPDX-License-Identifier: GPL-2.0-only
#include "realmode/lab/server_session.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <span>

#include "core/world/tls.hpp"

namespace lvslab::lab {

using world::RequestHeader;
using world::ResponseHeader;

void ServerApplication::TcpSession::begin(bool from_router) {
    last_activity_ = application_.timers_.now();
    await_data();
    if (from_router) {
        become_check();
        obey(check_->begin());
    }
}

void ServerApplication::TcpSession::await_data() {
    socket_->when_readable([this] { read(); });
}

// A client asks again only when it has its answer, so what comes while a request is served is a FIN
// or a RST.
void ServerApplication::TcpSession::read() {
    std::array<std::uint8_t, 65536> block;
    while (!over_) {
        const auto n = ::recv(socket_->descriptor(), block.data(), block.size(), 0);
        if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
            await_data();
            return;
        }
        if (n <= 0) {
            finish();
            return;
        }
        last_activity_ = application_.timers_.now();
        const auto bytes = std::span(block).first(static_cast<std::size_t>(n));
        const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
        if (tls_ || (received_ == 0 && world::begins_like_tls(text))) {
            take_secret(text);
        } else if (check_) {
            obey(check_->take(text));
        } else {
            take(bytes);
        }
    }
}

void ServerApplication::TcpSession::take(std::span<const std::uint8_t> bytes) {
    if (phase_ != Phase::reading) {
        refuse();  // more than it was to say
        return;
    }
    const auto before = received_;
    received_ += bytes.size();
    if (before < header_.size()) {
        std::copy_n(bytes.begin(), std::min<std::size_t>(header_.size() - before, bytes.size()),
                    header_.begin() + static_cast<long>(before));
        const auto heard =
            std::span(header_).first(std::min<std::size_t>(received_, header_.size()));
        if (!world::may_be_request(heard)) {
            become_check();
            obey(check_->take({reinterpret_cast<const char*>(bytes.data()), bytes.size()}));
            return;
        }
        if (received_ < header_.size()) {
            return;
        }
        const auto header = world::decode_request(header_);
        if (!header) {
            refuse();
            return;
        }
        request_ = *header;
    }
    if (received_ < request_.bytes) {
        return;
    }
    phase_ = Phase::serving;
    received_ = 0;
    if (!application_.submit(ticket_, request_.service_quantile, request_.destination)) {
        refuse();
    }
}

void ServerApplication::TcpSession::take_secret(std::string_view bytes) {
    if (!tls_) {
        become_check();
        tls_ = std::make_unique<ServerTls>();
    }
    const auto text = tls_->take(bytes);
    say({});  // what the handshake has to say
    if (tls_->broken()) {
        refuse();
    } else if (!text.empty()) {
        obey(check_->take(text));
    }
}

void ServerApplication::TcpSession::become_check() {
    if (!check_) {
        check_ = application_.dialogue_at(Protocol::tcp, port_);
    }
}

void ServerApplication::TcpSession::obey(const world::CheckDialogue::Step& step) {
    say(step.say);
    if (step.refuse) {
        refuse();
    } else if (step.work) {
        phase_ = Phase::serving;
        if (!application_.submit_check(ticket_)) {
            refuse();
        }
    }
}

void ServerApplication::TcpSession::respond() {
    if (over_) {
        return;
    }
    if (check_) {
        phase_ = Phase::reading;
        answered_ = true;
        say(check_->answer());
        return;
    }
    phase_ = Phase::sending;
    to_send_ = world::response_size(request_.response_bytes);
    sent_ = 0;
    response_ = encode(ResponseHeader{.connection = request_.connection,
                                      .request = request_.request,
                                      .server = application_.index_,
                                      .stale_for = application_.staleness()});
    send();
}

void ServerApplication::TcpSession::say(std::string_view text) {
    if (tls_) {
        tls_->say(text);
        unsaid_.append(tls_->to_send());
    } else {
        unsaid_.append(text);
    }
    if (!unsaid_.empty()) {
        const auto n = ::send(socket_->descriptor(), unsaid_.data(), unsaid_.size(), MSG_NOSIGNAL);
        if (n > 0) {
            unsaid_.erase(0, static_cast<std::size_t>(n));
        }
        if (!unsaid_.empty() && (n > 0 || errno == EAGAIN)) {
            socket_->when_writable([this] { say({}); });
        }
    }
    if (unsaid_.empty() && answered_ && check_->closes() && !over_) {
        finish();
    }
}

void ServerApplication::TcpSession::send() {
    if (!send_zeros_after(socket_->descriptor(), response_, to_send_, sent_)) {
        return;  // the read that is under way says what broke it
    }
    if (sent_ < to_send_) {
        socket_->when_writable([this] { send(); });
        return;
    }
    phase_ = Phase::reading;
    last_activity_ = application_.timers_.now();
}

void ServerApplication::TcpSession::refuse() {
    if (!over_) {
        over_ = true;
        socket_->reset();
        application_.retire(ticket_);
    }
}

void ServerApplication::TcpSession::abort() {
    if (!over_) {
        over_ = true;
        socket_->reset();
    }
}

void ServerApplication::TcpSession::finish() {
    if (!over_) {
        over_ = true;
        socket_->close();
        application_.retire(ticket_);
    }
}

}  // namespace lvslab::lab
