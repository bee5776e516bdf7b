// SPDX-License-Identifier: GPL-2.0-only
#include "core/world/data_message.hpp"

#include <gtest/gtest.h>

namespace lvslab::world {
namespace {

TEST(DataMessage, IsTheseBytes) {
    const auto question = question_of({.write = true, .bytes = 8192}, 3);
    EXPECT_EQ(question.bytes, 8192U + data_overhead);
    EXPECT_EQ(question.answer_bytes, data_overhead);
    const auto bytes = encode(question);
    const std::array<std::uint8_t, DataQuestion::size> expected{
        'L', 'V', 'D', 'Q', 0, 0, 0,    1,     //
        0,   0,   0,   0,   0, 0, 0,    3,     //
        0,   0,   0,   0,   0, 0, 0x20, 0x80,  //
        0,   0,   0,   0,   0, 0, 0,    0x80};
    EXPECT_EQ(bytes, expected);
    EXPECT_EQ(decode_data_question(bytes), question);
    EXPECT_FALSE(decode_data_question(std::span(bytes).first(31)));

    const DataAnswer answer{.number = 3, .node = 1};
    EXPECT_EQ(decode_data_answer(encode(answer)), answer);
    EXPECT_FALSE(decode_data_answer(bytes));
    EXPECT_FALSE(decode_data_question(encode(DataQuestion{.bytes = 31, .answer_bytes = 99})));
}

}  // namespace
}  // namespace lvslab::world
