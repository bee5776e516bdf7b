// SPDX-License-Identifier: GPL-2.0-only
/// Two ends of a TLS handshake: round trips, sizes, and data that comes through.
#include "core/world/tls.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace lvslab::world::testing {
namespace {

/// What crosses before the client may ask, flight by flight.
struct Handshake {
    explicit Handshake(TlsVersion version, std::size_t piece = 1 << 20)
        : client(TlsEnd::client(version)) {
        auto flight = client.begin();
        for (bool to_server = true; !flight.empty(); to_server = !to_server) {
            flights.push_back(flight.size());
            std::string answer;
            // In pieces, as TCP may cut it.
            for (std::size_t at = 0; at < flight.size(); at += piece) {
                answer += (to_server ? server : client).feed(flight.substr(at, piece));
            }
            flight = answer;
        }
    }
    TlsEnd client;
    TlsEnd server = TlsEnd::server();
    std::vector<std::size_t> flights;
};

class EveryTlsVersion : public ::testing::TestWithParam<TlsVersion> {};

TEST_P(EveryTlsVersion, EndsEstablishedAndCarriesDataBothWays) {
    for (const std::size_t piece : {1U, 7U, 1448U}) {
        Handshake h(GetParam(), piece);
        ASSERT_TRUE(h.client.established() && h.server.established());
        const std::string request(40'000, 'q');
        EXPECT_EQ(h.server.feed(h.client.wrap(request)), "");
        EXPECT_EQ(h.server.take_data(), request);
        EXPECT_EQ(h.server.take_data(), "");
        EXPECT_EQ(h.client.feed(h.server.wrap("answer")), "");
        EXPECT_EQ(h.client.take_data(), "answer");
    }
}

INSTANTIATE_TEST_SUITE_P(Tls, EveryTlsVersion,
                         ::testing::Values(TlsVersion::tls12, TlsVersion::tls13));

TEST(Tls, Version12TakesTwoRoundTripsAndVersion13One) {
    // 1.2: hello, certificate, finished, finished. 1.3: the client's Finished goes with its
    // request, so nothing is waited for after the server's flight.
    EXPECT_EQ(Handshake(TlsVersion::tls12).flights.size(), 4U);
    EXPECT_EQ(Handshake(TlsVersion::tls13).flights.size(), 3U);
}

TEST(Tls, FlightsHaveTheSizesOfTheirMessages) {
    const auto v12 = Handshake(TlsVersion::tls12).flights;
    EXPECT_EQ(v12, (std::vector<std::size_t>{312 + 5, 93 + 2450 + 300 + 4 + 4 * 5,
                                             37 + 1 + 40 + 3 * 5, 1 + 40 + 2 * 5}));
    const auto v13 = Handshake(TlsVersion::tls13).flights;
    EXPECT_EQ(v13,
              (std::vector<std::size_t>{312 + 5, 122 + 1 + 10 + 2450 + 264 + 36 + 4 * 17 + 6 * 5,
                                        1 + 36 + 17 + 2 * 5}));
}

TEST(Tls, ClearTextBreaksTheServersEnd) {
    auto server = TlsEnd::server();
    EXPECT_EQ(server.feed("GET / HTTP/1.0\r\n\r\n" + std::string(20'000, 'x')), "");
    EXPECT_TRUE(server.broken());
    EXPECT_FALSE(begins_like_tls("GET /"));
    EXPECT_TRUE(begins_like_tls(TlsEnd::client(TlsVersion::tls12).begin()));
}

}  // namespace
}  // namespace lvslab::world::testing
