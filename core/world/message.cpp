// SPDX-License-Identifier: GPL-2.0-only
#include "core/world/message.hpp"

#include <algorithm>
#include <bit>

#include <boost/endian/conversion.hpp>

namespace lvslab::world {
namespace {

// "LVSQ" and "LVSA": what a capture shows at the start of a request and of an answer.
constexpr std::uint32_t request_mark = 0x4C565351;
constexpr std::uint32_t response_mark = 0x4C565341;

class Out {
public:
    explicit Out(std::uint8_t* at) : at_(at) {}
    Out& word(std::uint32_t value) {
        boost::endian::store_big_u32(at_, value);
        at_ += sizeof value;
        return *this;
    }
    Out& wide(std::uint64_t value) {
        boost::endian::store_big_u64(at_, value);
        at_ += sizeof value;
        return *this;
    }

private:
    std::uint8_t* at_;
};

class In {
public:
    explicit In(const std::uint8_t* at) : at_(at) {}
    std::uint32_t word() {
        const auto value = boost::endian::load_big_u32(at_);
        at_ += sizeof value;
        return value;
    }
    std::uint64_t wide() {
        const auto value = boost::endian::load_big_u64(at_);
        at_ += sizeof value;
        return value;
    }

private:
    const std::uint8_t* at_;
};

}  // namespace

std::array<std::uint8_t, RequestHeader::size> encode(const RequestHeader& header) {
    std::array<std::uint8_t, RequestHeader::size> bytes{};
    Out(bytes.data())
        .word(request_mark)
        .word(header.request)
        .wide(header.connection)
        .wide(header.response_bytes)
        .wide(std::bit_cast<std::uint64_t>(header.service_quantile))
        .word(header.bytes)
        .word(header.destination.v4_host_order());
    return bytes;
}

std::array<std::uint8_t, ResponseHeader::size> encode(const ResponseHeader& header) {
    std::array<std::uint8_t, ResponseHeader::size> bytes{};
    Out(bytes.data())
        .word(response_mark)
        .word(header.request)
        .wide(header.connection)
        .word(header.server)
        .word(header.part)
        .wide(static_cast<std::uint64_t>(header.stale_for.count()));
    return bytes;
}

bool may_be_request(std::span<const std::uint8_t> bytes) {
    std::array<std::uint8_t, sizeof request_mark> mark{};
    boost::endian::store_big_u32(mark.data(), request_mark);
    return std::equal(mark.begin(), mark.begin() + std::min(mark.size(), bytes.size()),
                      bytes.begin());
}

std::optional<RequestHeader> decode_request(std::span<const std::uint8_t> bytes) {
    if (bytes.size() < RequestHeader::size) {
        return std::nullopt;
    }
    In in(bytes.data());
    if (in.word() != request_mark) {
        return std::nullopt;
    }
    RequestHeader header;
    header.request = in.word();
    header.connection = in.wide();
    header.response_bytes = in.wide();
    header.service_quantile = std::bit_cast<double>(in.wide());
    header.bytes = in.word();
    header.destination = Address::v4(in.word());
    return header;
}

std::optional<ResponseHeader> decode_response(std::span<const std::uint8_t> bytes) {
    if (bytes.size() < ResponseHeader::size) {
        return std::nullopt;
    }
    In in(bytes.data());
    if (in.word() != response_mark) {
        return std::nullopt;
    }
    ResponseHeader header;
    header.request = in.word();
    header.connection = in.wide();
    header.server = in.word();
    header.part = in.word();
    header.stale_for = Duration{static_cast<Duration::rep>(in.wide())};
    return header;
}

}  // namespace lvslab::world
