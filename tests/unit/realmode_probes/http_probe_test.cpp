// SPDX-License-Identifier: GPL-2.0-only
// HTTP and HTTPS checks against servers on loopback, with a certificate made here.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>

#include "realmode/probes/http_probe.hpp"
#include "realmode/probes/prober.hpp"
#include "tests/unit/realmode_probes/loopback.hpp"

namespace lvslab::realmode {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::StartsWith;
namespace ssl = boost::asio::ssl;

constexpr Duration long_limit = 60s;
constexpr Duration short_limit = 30ms;
const std::string good_answer = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwell\n";

/// A server's TLS with a certificate that nobody signed and that has expired.
ssl::context self_signed() {
    const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(EVP_EC_gen("P-256"),
                                                                  EVP_PKEY_free);
    const std::unique_ptr<X509, decltype(&X509_free)> certificate(X509_new(), X509_free);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -7200);
    X509_gmtime_adj(X509_getm_notAfter(certificate.get()), -3600);
    X509_set_pubkey(certificate.get(), key.get());
    X509_sign(certificate.get(), key.get(), EVP_sha256());
    ssl::context context(ssl::context::tls_server);
    SSL_CTX_use_certificate(context.native_handle(), certificate.get());
    SSL_CTX_use_PrivateKey(context.native_handle(), key.get());
    return context;
}

/// Serves one answer to each connection behind a handshake.
class HttpsServer {
public:
    HttpsServer(EventLoop& loop, std::string answer)
        : answer_(std::move(answer)),
          server_(loop, [this](std::shared_ptr<TcpServer::Socket> socket) { serve(socket); }) {}

    Endpoint endpoint() const { return server_.endpoint(); }
    ssl::context& tls() { return tls_; }
    const std::string& name_asked_for() const { return name_; }
    const std::string& request() const { return request_; }

private:
    using Stream = ssl::stream<TcpServer::Socket>;

    void serve(const std::shared_ptr<TcpServer::Socket>& socket) {
        const auto stream = std::make_shared<Stream>(std::move(*socket), tls_);
        stream->async_handshake(ssl::stream_base::server, [this, stream](auto error) {
            if (!error) {
                const auto* name =
                    SSL_get_servername(stream->native_handle(), TLSEXT_NAMETYPE_host_name);
                name_ = name == nullptr ? "" : name;
                hear(stream);
            }
        });
    }
    void hear(const std::shared_ptr<Stream>& stream) {
        const auto piece = std::make_shared<std::array<char, 1024>>();
        stream->async_read_some(boost::asio::buffer(*piece),
                                [this, stream, piece](auto error, std::size_t size) {
                                    request_.assign(piece->data(), size);
                                    if (!error) {
                                        answer(stream);
                                    }
                                });
    }
    void answer(const std::shared_ptr<Stream>& stream) {
        boost::asio::async_write(*stream, boost::asio::buffer(answer_),
                                 [stream](auto, auto) { stream->lowest_layer().close(); });
    }

    std::string answer_, name_, request_;
    ssl::context tls_ = self_signed();
    TcpServer server_;
};

class HttpCheck : public testing::Test {
protected:
    bool is_up(const Endpoint& server, bool tls, health::HttpExpectation expect = {},
               Duration limit = long_limit, const std::string& host = "shop.example") {
        std::optional<bool> verdict;
        prober_.start(health::HttpProbe{server, tls, "/status", host, std::move(expect), limit},
                      [&](bool up) { verdict = up; });
        EXPECT_FALSE(verdict.has_value()) << "the verdict came from within start()";
        return run_until(loop_, verdict);
    }
    bool plain(TcpServer::Served served, health::HttpExpectation expect = {},
               Duration limit = long_limit) {
        TcpServer server(loop_, std::move(served));
        return is_up(server.endpoint(), false, std::move(expect), limit);
    }

    EventLoop loop_;
    AsioProber prober_{loop_};
    std::vector<std::shared_ptr<TcpServer::Socket>> held_;
};

using HttpsCheck = HttpCheck;

TEST_F(HttpCheck, AsksForThePageAndTakesAGoodStatus) {
    std::string question;
    EXPECT_TRUE(plain(answering({good_answer}, true, &question)));
    EXPECT_THAT(question, StartsWith("GET /status HTTP/1.0\r\nHost: shop.example\r\n"));
}

TEST_F(HttpCheck, ABadStatusIsDown) {
    EXPECT_FALSE(plain(answering({"HTTP/1.0 503 Busy\r\n\r\n"}, true)));
}

TEST_F(HttpCheck, PutsAnAnswerInPiecesTogether) {
    health::HttpExpectation expect;
    expect.body = "well";
    EXPECT_TRUE(plain(answering({"HTT", "P/1.1 20", "0 OK\r", "\n\r\nwe", "ll"}), expect));
}

TEST_F(HttpCheck, AServerThatEndsEarlyIsDown) {
    EXPECT_FALSE(plain(answering({"HTTP/1.0 200 OK\r\nA: "}, true)));
    EXPECT_FALSE(plain(answering({}, true)));
}

TEST_F(HttpCheck, ASilentServerIsDownAtTheLimit) {
    EXPECT_FALSE(plain(silently(held_), {}, short_limit));
}

TEST_F(HttpCheck, AnAnswerWithoutEndIsDown) {
    const std::string endless(2 << 20, 'x');
    EXPECT_FALSE(plain(answering({"HTTP/1.0 200 OK\r\nA: ", endless})));
    health::HttpExpectation expect;
    expect.body = "well";
    EXPECT_FALSE(plain(answering({"HTTP/1.0 200 OK\r\n\r\n", endless}), expect));
}

TEST_F(HttpCheck, ARefusedConnectionIsDown) {
    EXPECT_FALSE(is_up(refusing_endpoint(loop_), false));
    EXPECT_FALSE(is_up(refusing_endpoint(loop_), true));
}

TEST_F(HttpsCheck, TakesAnyCertificate) {
    HttpsServer server(loop_, good_answer);
    health::HttpExpectation expect;
    expect.body = "well";
    EXPECT_TRUE(is_up(server.endpoint(), true, expect));
    EXPECT_EQ(server.name_asked_for(), "shop.example");
    EXPECT_THAT(server.request(), StartsWith("GET /status HTTP/1.0\r\n"));
}

TEST_F(HttpsCheck, AnEndWithoutTlsFarewellEndsTheAnswer) {
    HttpsServer server(loop_, "HTTP/1.0 200 OK\r\n\r\nwell");
    health::HttpExpectation expect;
    expect.body = "ill";
    EXPECT_FALSE(is_up(server.endpoint(), true, expect));
}

TEST_F(HttpsCheck, ABadStatusIsDown) {
    HttpsServer server(loop_, "HTTP/1.0 500 Broken\r\n\r\n");
    EXPECT_FALSE(is_up(server.endpoint(), true));
}

TEST_F(HttpsCheck, AnOldServerIsNotDownForItsAge) {
    HttpsServer server(loop_, good_answer);
    SSL_CTX_set_min_proto_version(server.tls().native_handle(), TLS1_VERSION);
    SSL_CTX_set_max_proto_version(server.tls().native_handle(), TLS1_VERSION);
    SSL_CTX_set_cipher_list(server.tls().native_handle(), "ALL:@SECLEVEL=0");
    EXPECT_TRUE(is_up(server.endpoint(), true));
}

TEST_F(HttpsCheck, AsksForNoNameWhereTheHostIsAnAddress) {
    HttpsServer server(loop_, good_answer);
    EXPECT_TRUE(is_up(server.endpoint(), true, {}, long_limit, "127.0.0.1:8443"));
    EXPECT_EQ(server.name_asked_for(), "");
    EXPECT_EQ(server_name("shop.example:8443"), "shop.example");
    EXPECT_EQ(server_name("shop.example"), "shop.example");
    EXPECT_EQ(server_name("[2001:db8::7]:8443"), "");
    EXPECT_EQ(server_name("[2001:db8::7]"), "");
    EXPECT_EQ(server_name("10.0.0.7"), "");
}

TEST_F(HttpsCheck, GarbageInsteadOfAHandshakeIsDown) {
    TcpServer garbage(loop_, answering({std::string(300, '\x55')}));
    EXPECT_FALSE(is_up(garbage.endpoint(), true));
    TcpServer plain_http(loop_, answering({good_answer}));
    EXPECT_FALSE(is_up(plain_http.endpoint(), true));
}

TEST_F(HttpsCheck, AHandshakeThatStopsIsDownAtTheLimit) {
    TcpServer server(loop_, silently(held_));
    EXPECT_FALSE(is_up(server.endpoint(), true, {}, short_limit));
    TcpServer begun(loop_, answering({std::string("\x16\x03\x03\x00\x7A", 5)}));
    EXPECT_FALSE(is_up(begun.endpoint(), true, {}, short_limit));
}

TEST_F(HttpsCheck, AServerThatEndsDuringTheHandshakeIsDown) {
    TcpServer server(loop_, answering({}, true));
    EXPECT_FALSE(is_up(server.endpoint(), true));
}

}  // namespace
}  // namespace lvslab::realmode
