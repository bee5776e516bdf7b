// SPDX-License-Identifier: GPL-2.0-only
/// What clients and real servers say to each other: headers before otherwise empty bytes.
///
/// A request or response is as large as the plan says, header included, but at least as large as
/// its header. Over UDP a request is one datagram of at most `largest_datagram` bytes; a response
/// is as many datagrams of at most that size as it needs, each with a header. No datagram is ever
/// fragmented.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "core/base/address.hpp"
#include "core/base/time.hpp"

namespace lvslab::world {

/// What a client asks for.
struct RequestHeader {
    static constexpr std::size_t size = 40;

    std::uint64_t connection = 0;  ///< number in the plan
    std::uint32_t request = 0;     ///< number in the connection, from 0
    std::uint32_t bytes = 0;       ///< of this request
    std::uint64_t response_bytes = 0;
    double service_quantile = 0;
    Address destination;  ///< IPv4: what the client connected to, like HTTP's Host

    friend bool operator==(const RequestHeader&, const RequestHeader&) = default;
};

/// What a real server answers with.
struct ResponseHeader {
    static constexpr std::size_t size = 32;

    std::uint64_t connection = 0;
    std::uint32_t request = 0;
    std::uint32_t server = 0;  ///< index into Scenario::servers
    std::uint32_t part = 0;    ///< UDP: number of the datagram, from 0
    Duration stale_for{};      ///< how long ago what it was made from was replaced; zero = fresh

    friend bool operator==(const ResponseHeader&, const ResponseHeader&) = default;
};

/// Payload that fits an Ethernet frame of 1500 bytes with IP's, UDP's and a tunnel's outer header,
/// rounded down.
inline constexpr std::uint32_t largest_datagram = 1400;
/// A request's size is sent in 32 bits.
inline constexpr std::uint64_t largest_request = 0xFFFFFFFFU;

std::array<std::uint8_t, RequestHeader::size> encode(const RequestHeader& header);
std::array<std::uint8_t, ResponseHeader::size> encode(const ResponseHeader& header);
/// Nothing if the bytes are too few or do not begin with the header's mark.
std::optional<RequestHeader> decode_request(std::span<const std::uint8_t> bytes);
std::optional<ResponseHeader> decode_response(std::span<const std::uint8_t> bytes);
/// True if what has come so far may be the start of a request.
bool may_be_request(std::span<const std::uint8_t> bytes);

/// Bytes on the wire of a planned request or response.
constexpr std::uint64_t request_size(std::uint64_t planned) {
    return planned < RequestHeader::size ? RequestHeader::size
           : planned > largest_request   ? largest_request
                                         : planned;
}
constexpr std::uint64_t response_size(std::uint64_t planned) {
    return planned < ResponseHeader::size ? ResponseHeader::size : planned;
}
/// How many datagrams a UDP response takes; each full but the last, which has at least its header.
constexpr std::uint64_t datagrams(std::uint64_t response_bytes) {
    return (response_size(response_bytes) + largest_datagram - 1) / largest_datagram;
}

}  // namespace lvslab::world
