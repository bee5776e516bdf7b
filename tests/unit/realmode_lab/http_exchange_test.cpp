// SPDX-License-Identifier: GPL-2.0-only
#include "realmode/lab/http_exchange.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include <fmt/format.h>

namespace lvslab::lab {
namespace {

using State = HttpResponse::State;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

const Endpoint vip{Address::v4(0xC0A81A0A), Port{80}};

TEST(HttpRequest, IsTheSmallestOneThatThereIsForAPlanThatWantsLess) {
    const auto request = http_request_for(1234, 1, vip);
    EXPECT_EQ(request.head, "GET /documents/1234.bin HTTP/1.1\r\nHost: 192.168.26.10\r\n\r\n");
    EXPECT_EQ(request.bytes, request.head.size());
}

TEST(HttpRequest, IsAsLargeAsThePlanSays) {
    for (const std::uint64_t bytes : {80U, 400U, 4096U, 4097U, 5000U, 100'000U}) {
        const auto request = http_request_for(20, bytes, vip);
        EXPECT_EQ(request.bytes, bytes);
        EXPECT_THAT(request.head, StartsWith("GET /documents/20.bin HTTP/1.1\r\n"));
        EXPECT_THAT(request.head, EndsWith("\r\n\r\n"));
        EXPECT_EQ(request.head.size() == bytes, bytes <= 4096) << bytes;
    }
}

TEST(HttpRequest, AnnouncesTheBodyThatFollows) {
    const auto request = http_request_for(20, 100'000, vip);
    EXPECT_THAT(request.head,
                HasSubstr(fmt::format("Content-Length: {}\r\n", 100'000 - request.head.size())));
}

constexpr const char* answer =
    "HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\ncontent-length: 5\r\nX-Real-Server: web2\r\n\r\n"
    "\0\0\0\0\0";
const std::string whole(answer, std::string_view(answer).size() + 5);

TEST(HttpResponse, TellsWhoAnsweredHoweverItComes) {
    for (std::size_t piece = 1; piece <= whole.size(); ++piece) {
        HttpResponse response;
        auto state = State::coming;
        for (std::size_t at = 0; at < whole.size(); at += piece) {
            ASSERT_EQ(state, State::coming);
            state = response.take(std::string_view(whole).substr(at, piece));
        }
        EXPECT_EQ(state, State::whole) << piece;
        EXPECT_EQ(response.server(), "web2");
        EXPECT_EQ(response.content_length(), 5U);
    }
}

TEST(HttpResponse, TakesOneAfterTheOther) {
    HttpResponse response;
    EXPECT_EQ(response.take(whole), State::whole);
    response.begin();
    EXPECT_EQ(response.server(), std::nullopt);
    EXPECT_EQ(response.take("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"), State::whole);
    EXPECT_EQ(response.server(), std::nullopt);
}

TEST(HttpResponse, IsBrokenUnlessItIsTheDocument) {
    const auto state_of = [](std::string_view bytes) { return HttpResponse().take(bytes); };
    EXPECT_EQ(state_of("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"), State::broken);
    EXPECT_EQ(state_of("HTTP/1.1 200 OK\r\n\r\n"), State::broken) << "no length";
    EXPECT_EQ(state_of("HTTP/1.1 200 OK\r\nContent-Length: 1x\r\n\r\n"), State::broken);
    EXPECT_EQ(state_of("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n00"), State::broken)
        << "more than it announced";
    EXPECT_EQ(state_of(std::string(20'000, 'x')), State::broken) << "no head at all";
}

}  // namespace
}  // namespace lvslab::lab
