// SPDX-License-Identifier: GPL-2.0-only
#include "core/world/message.hpp"

#include <gtest/gtest.h>

namespace lvslab::world {
namespace {

TEST(Message, RequestHeaderHasItsBytesOnTheWire) {
    const RequestHeader header{.connection = 0x0102030405060708,
                               .request = 9,
                               .bytes = 400,
                               .response_bytes = 12'288,
                               .service_quantile = 0.5,
                               .destination = *Address::parse("192.168.26.10")};
    const std::array<std::uint8_t, RequestHeader::size> wire{
        'L',  'V',  'S', 'Q',  0,   0,   0,    9,    // mark, request
        1,    2,    3,   4,    5,   6,   7,    8,    // connection
        0,    0,    0,   0,    0,   0,   0x30, 0,    // response bytes
        0x3F, 0xE0, 0,   0,    0,   0,   0,    0,    // 0.5 in IEEE 754
        0,    0,    1,   0x90, 192, 168, 26,   10};  // bytes, destination
    EXPECT_EQ(encode(header), wire);
    EXPECT_EQ(decode_request(wire), header);
}

TEST(Message, ResponseHeaderHasItsBytesOnTheWire) {
    const ResponseHeader header{.connection = 7,
                                .request = 1,
                                .server = 2,
                                .part = 3,
                                .stale_for = std::chrono::seconds(5)};
    const std::array<std::uint8_t, ResponseHeader::size> wire{
        'L', 'V', 'S', 'A', 0,    0,    0,    1,   // mark, request
        0,   0,   0,   0,   0,    0,    0,    7,   // connection
        0,   0,   0,   2,   0,    0,    0,    3,   // server, datagram
        0,   0,   0,   1,   0x2A, 0x05, 0xF2, 0};  // 5e9 ns
    EXPECT_EQ(encode(header), wire);
    EXPECT_EQ(decode_response(wire), header);
}

TEST(Message, ForeignOrShortBytesAreNoHeader) {
    const auto request = encode(RequestHeader{});
    const auto response = encode(ResponseHeader{});
    EXPECT_EQ(decode_request(std::span(request).first(RequestHeader::size - 1)), std::nullopt);
    EXPECT_EQ(decode_response(std::span(response).first(ResponseHeader::size - 1)), std::nullopt);
    EXPECT_EQ(decode_response(request), std::nullopt);
    std::array<std::uint8_t, RequestHeader::size> zeros{};
    EXPECT_EQ(decode_request(zeros), std::nullopt);
}

TEST(Message, SizesHaveRoomForTheHeader) {
    EXPECT_EQ(request_size(1), RequestHeader::size);
    EXPECT_EQ(request_size(400), 400U);
    EXPECT_EQ(request_size(std::uint64_t{1} << 40), largest_request);
    EXPECT_EQ(response_size(1), ResponseHeader::size);
    EXPECT_EQ(datagrams(1), 1U);
    EXPECT_EQ(datagrams(largest_datagram), 1U);
    EXPECT_EQ(datagrams(largest_datagram + 1), 2U);
}

}  // namespace
}  // namespace lvslab::world
