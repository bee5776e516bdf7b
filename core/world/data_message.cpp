// SPDX-License-Identifier: GPL-2.0-only
#include "core/world/data_message.hpp"

#include <boost/endian/conversion.hpp>

namespace lvslab::world {
namespace {

using boost::endian::load_big_u32;
using boost::endian::load_big_u64;
using boost::endian::store_big_u32;
using boost::endian::store_big_u64;

// "LVDQ" and "LVDA": what a capture shows at the start of a question and of an answer.
constexpr std::uint32_t question_mark = 0x4C564451;
constexpr std::uint32_t answer_mark = 0x4C564441;

}  // namespace

DataQuestion question_of(const server::DataAccess& access, std::uint64_t number) {
    return {.number = number,
            .bytes = data_overhead + (access.write ? access.bytes : 0),
            .answer_bytes = data_overhead + (access.write ? 0 : access.bytes),
            .write = access.write};
}

std::array<std::uint8_t, DataQuestion::size> encode(const DataQuestion& question) {
    std::array<std::uint8_t, DataQuestion::size> bytes{};
    store_big_u32(bytes.data(), question_mark);
    store_big_u32(bytes.data() + 4, question.write ? 1 : 0);
    store_big_u64(bytes.data() + 8, question.number);
    store_big_u64(bytes.data() + 16, question.bytes);
    store_big_u64(bytes.data() + 24, question.answer_bytes);
    return bytes;
}

std::array<std::uint8_t, DataAnswer::size> encode(const DataAnswer& answer) {
    std::array<std::uint8_t, DataAnswer::size> bytes{};
    store_big_u32(bytes.data(), answer_mark);
    store_big_u32(bytes.data() + 4, answer.node);
    store_big_u64(bytes.data() + 8, answer.number);
    return bytes;
}

std::optional<DataQuestion> decode_data_question(std::span<const std::uint8_t> bytes) {
    if (bytes.size() < DataQuestion::size || load_big_u32(bytes.data()) != question_mark) {
        return std::nullopt;
    }
    const DataQuestion question{.number = load_big_u64(bytes.data() + 8),
                                .bytes = load_big_u64(bytes.data() + 16),
                                .answer_bytes = load_big_u64(bytes.data() + 24),
                                .write = load_big_u32(bytes.data() + 4) != 0};
    if (question.bytes < DataQuestion::size || question.answer_bytes < DataAnswer::size) {
        return std::nullopt;
    }
    return question;
}

std::optional<DataAnswer> decode_data_answer(std::span<const std::uint8_t> bytes) {
    if (bytes.size() < DataAnswer::size || load_big_u32(bytes.data()) != answer_mark) {
        return std::nullopt;
    }
    return DataAnswer{.number = load_big_u64(bytes.data() + 8),
                      .node = load_big_u32(bytes.data() + 4)};
}

Port data_port(scenario::DataServer::Kind kind) {
    return kind == scenario::DataServer::Kind::files ? Port{2049} : Port{5432};
}

}  // namespace lvslab::world
