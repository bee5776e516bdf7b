// SPDX-License-Identifier: GPL-2.0-only
#include "realmode/probes/http_probe.hpp"

#include <array>
#include <optional>
#include <string_view>
#include <utility>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <boost/asio/buffer.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>

#include "realmode/probes/probe_socket.hpp"

namespace lvslab::realmode {
namespace {

namespace asio = boost::asio;
namespace ssl = boost::asio::ssl;
using asio::ip::tcp;
using boost::system::error_code;

class HttpRun final : public ProbeRun {
public:
    HttpRun(EventLoop& loop, ssl::context& tls, const health::HttpProbe& probe, Ended ended)
        : ProbeRun(loop, std::move(ended)),
          server_(probe.server),
          limit_of_all_(probe.limit),
          request_(health::http_request(probe)),
          answer_(probe.expect),
          socket_(loop) {
        if (probe.tls) {
            tls_.emplace(socket_, tls);
            if (const auto name = server_name(probe.host); !name.empty()) {
                ask_for(name);
            }
        }
    }

    void begin() override {
        error_code error;
        open(socket_, server_.address.family(), error);
        if (error) {
            end_soon({false, trouble_of(error)});
            return;
        }
        limit(limit_of_all_);
        socket_.async_connect(tcp_endpoint(server_),
                              unless_over([this](error_code failed) { connected(failed); }));
    }

private:
    /// SSL_set_tlsext_host_name(3), which is a macro with a cast; the name is copied.
    void ask_for(std::string name) {
        SSL_ctrl(tls_->native_handle(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                 name.data());
    }
    void connected(error_code error) {
        if (error) {
            end({false, trouble_of(error)});
        } else if (tls_) {
            tls_->async_handshake(ssl::stream_base::client,
                                  unless_over([this](error_code failed) { ask(failed); }));
        } else {
            ask({});
        }
    }
    void ask(error_code error) {
        if (error) {
            end({});
            return;
        }
        auto then =
            unless_over([this](error_code failed, std::size_t) { failed ? end({}) : hear(); });
        if (tls_) {
            asio::async_write(*tls_, asio::buffer(request_), std::move(then));
        } else {
            asio::async_write(socket_, asio::buffer(request_), std::move(then));
        }
    }
    void hear() {
        auto then = unless_over([this](error_code error, std::size_t size) { heard(error, size); });
        if (tls_) {
            tls_->async_read_some(asio::buffer(piece_), std::move(then));
        } else {
            socket_.async_read_some(asio::buffer(piece_), std::move(then));
        }
    }
    void heard(error_code error, std::size_t size) {
        const bool tls_ended = error == ssl::error::stream_truncated;
        server_has_ended_ = error == asio::error::eof || tls_ended;
        if (error && !server_has_ended_) {
            end({});
            return;
        }
        auto verdict = answer_.take(std::string_view(piece_.data(), size));
        if (server_has_ended_) {
            verdict = answer_.end();
        }
        if (verdict == health::Verdict::more) {
            hear();
        } else {
            end({verdict == health::Verdict::match, {}});
        }
    }
    void close() override { close_at_once(socket_, server_has_ended_ && !tls_); }

    Endpoint server_;
    Duration limit_of_all_;
    std::string request_;
    health::HttpAnswer answer_;
    tcp::socket socket_;
    std::optional<ssl::stream<tcp::socket&>> tls_;
    std::array<char, 4096> piece_;
    bool server_has_ended_ = false;
};

}  // namespace

ssl::context make_check_tls() {
    ssl::context tls(ssl::context::tls_client);
    auto* const native = tls.native_handle();
    tls.set_verify_mode(ssl::verify_none);
    SSL_CTX_set_min_proto_version(native, TLS1_VERSION);
    SSL_CTX_set_cipher_list(native, "ALL:@SECLEVEL=0");
    SSL_CTX_set_options(native, SSL_OP_LEGACY_SERVER_CONNECT | SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_session_cache_mode(native, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_mode(native, SSL_MODE_RELEASE_BUFFERS);
    return tls;
}

std::string server_name(const std::string& host) {
    if (host.starts_with('[') || Address::parse(host) || Endpoint::parse(host)) {
        return {};
    }
    return host.substr(0, host.rfind(':'));
}

std::shared_ptr<ProbeRun> make_http_run(EventLoop& loop, ssl::context& tls,
                                        const health::HttpProbe& probe, ProbeRun::Ended ended) {
    return std::make_shared<HttpRun>(loop, tls, probe, std::move(ended));
}

}  // namespace lvslab::realmode
