// SPDX-License-Identifier: GPL-2.0-only
// The words on the wire, held to golden bytes.
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "core/pulse/words.hpp"

namespace lvslab::pulse {
namespace {

using Bytes = std::vector<std::uint8_t>;

TEST(Words, RunningIsSentAsTheBytesThatPiranhaSendsOnX86) {
    EXPECT_EQ(encode(Word::running), (WireWord{0xda, 0xdb, 0xad, 0xbd}));
}

TEST(Words, StoppedIsSentAsTheBytesThatPiranhaSendsOnX86) {
    EXPECT_EQ(encode(Word::stopped), (WireWord{0xbd, 0xda, 0xbd, 0xad}));
}

TEST(Words, GoldenBytesAreReadBack) {
    EXPECT_EQ(decode(Bytes{0xda, 0xdb, 0xad, 0xbd}), ReadWord{Word::running});
    EXPECT_EQ(decode(Bytes{0xbd, 0xda, 0xbd, 0xad}), ReadWord{Word::stopped});
}

TEST(Words, OfFailoverServicesAreRecognisedAndRefusedByName) {
    const std::vector<std::pair<Bytes, std::string>> fos{
        {{0xbe, 0xba, 0xef, 0xbe}, "\"running\""}, {{0xef, 0xbe, 0xad, 0xde}, "\"stopped\""},
        {{0xda, 0xda, 0xad, 0xde}, "\"stop me\""}, {{0xbe, 0xba, 0xaf, 0xde}, "\"hold\""},
        {{0xda, 0xda, 0xaf, 0xde}, "\"held\""},
    };
    for (const auto& [bytes, name] : fos) {
        const auto word = decode(bytes);
        ASSERT_TRUE(std::holds_alternative<RefusedWord>(word));
        EXPECT_EQ(std::get<RefusedWord>(word).why, Refusal::fos);
        EXPECT_THAT(std::get<RefusedWord>(word).to_string(), testing::HasSubstr(name));
    }
}

TEST(Words, InTheOtherByteOrderAreUnknown) {
    const auto word = decode(Bytes{0xbd, 0xad, 0xdb, 0xda});
    ASSERT_TRUE(std::holds_alternative<RefusedWord>(word));
    EXPECT_EQ(std::get<RefusedWord>(word), (RefusedWord{Refusal::unknown, 4, 0xdadbadbd}));
    EXPECT_EQ(std::get<RefusedWord>(word).to_string(),
              "heartbeat 0xdadbadbd; expected 0xbdaddbda (running) or 0xadbddabd (stopped)");
}

TEST(Words, OfAnotherLengthAreRefusedAndTheLengthIsNamed) {
    for (const std::size_t length : {0U, 1U, 3U, 5U, 1472U}) {
        Bytes bytes(length, 0xda);
        const auto word = decode(bytes);
        ASSERT_TRUE(std::holds_alternative<RefusedWord>(word));
        EXPECT_EQ(std::get<RefusedWord>(word), (RefusedWord{Refusal::wrong_length, length, 0}));
    }
    EXPECT_EQ((RefusedWord{Refusal::wrong_length, 5, 0}).to_string(),
              "heartbeat of 5 bytes; a heartbeat has 4");
}

RC_GTEST_PROP(Words, AreTheOnlyBytesThatAreTaken, (const Bytes& bytes)) {
    const auto word = decode(bytes);
    if (const auto* taken = std::get_if<Word>(&word)) {
        const auto sent = encode(*taken);
        RC_ASSERT(Bytes(sent.begin(), sent.end()) == bytes);
    } else {
        RC_ASSERT(!std::get<RefusedWord>(word).to_string().empty());
    }
}

}  // namespace
}  // namespace lvslab::pulse
