// SPDX-License-Identifier: GPL-2.0-only
#include "core/config/tokens.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>

namespace lvslab::config {
namespace {

using testing::ElementsAre;

using Split = void (*)(std::string_view, TokenLine&);

std::vector<std::string> words_of(std::string_view line, Split split) {
    TokenLine out;
    split(line, out);
    std::vector<std::string> words;
    for (const auto& word : out.words) {
        words.emplace_back(word.text);
    }
    if (out.bad_quote) {
        words.push_back("! " + std::to_string(*out.bad_quote));
    }
    return words;
}

std::vector<std::string> piranha(std::string_view line) {
    return words_of(line, tokenize_as_piranha);
}
std::vector<std::string> meant(std::string_view line) {
    return words_of(line, tokenize);
}

TEST(Words, AreSeparatedByBlanksAndTabsOnly) {
    for (const auto split : {piranha, meant}) {
        EXPECT_THAT(split(" \tport =\t80  "), ElementsAre("port", "=", "80"));
        EXPECT_THAT(split("a\v=\f1"), ElementsAre("a\v=\f1"));
    }
}

TEST(Words, KnowTheirColumns) {
    TokenLine out;
    tokenize("\tsend = \"GET /\"", out);
    EXPECT_EQ(out.words[0].column, 2U);
    EXPECT_EQ(out.words[2].column, 9U) << "the column of the quote itself";
    EXPECT_EQ(out.words[2].quote, '"');
}

TEST(QuotedWords, KeepQuotesInsideAFirstWordThatEndsWithOne) {
    for (const auto split : {piranha, meant}) {
        EXPECT_THAT(split("x = \"s\"h\""), ElementsAre("x", "=", "s\"h"));
        EXPECT_THAT(split("x = 'GET / x'"), ElementsAre("x", "=", "GET / x"));
        EXPECT_THAT(split("x = \"\""), ElementsAre("x", "=", ""));
    }
}

TEST(QuotedWords, OfPiranhaSearchTheirEndBehindTheFirstBlank) {
    EXPECT_THAT(piranha("x = \"a\" b\""), ElementsAre("x", "=", "a\" b"));
    EXPECT_THAT(piranha("x = \"a\" "), ElementsAre("x", "=", "! 5"));
    EXPECT_THAT(piranha("x = \"a b\"c"), ElementsAre("x", "=", "a b", "c"));
    EXPECT_THAT(piranha("x = \""), ElementsAre("x", "=", "")) << "a quote alone is the empty word";
}

TEST(QuotedWords, EndWhereTheyAreMeantToEnd) {
    EXPECT_THAT(meant("x = \"a\" \"b\" "), ElementsAre("x", "=", "a", "b"));
    EXPECT_THAT(meant("x = \"a b\"c"), ElementsAre("x", "=", "! 5"));
    EXPECT_THAT(meant("x = \"ssh\"x"), ElementsAre("x", "=", "! 5"));
    EXPECT_THAT(meant("x = \""), ElementsAre("x", "=", "! 5"));
}

TEST(WordsOfPiranha, BeyondThe99thAreForgotten) {
    std::string line = "dirs =";
    for (int i = 0; i < 200; ++i) {
        line += " d";
    }
    EXPECT_EQ(piranha(line).size(), 99U);
    EXPECT_EQ(meant(line).size(), 202U);
}

RC_GTEST_PROP(QuotesForAValue, MakeBothRulesReadThatValueAtTheEndOfALine, ()) {
    const auto value =
        *rc::gen::container<std::string>(rc::gen::elementOf(std::string("ab \t\"'#=")));
    const auto quotes = quotes_for(value);
    if (quotes) {
        const auto line = "x = " + std::string(*quotes) + value + std::string(*quotes);
        RC_ASSERT(piranha(line) == (std::vector<std::string>{"x", "=", value}));
        RC_ASSERT(meant(line) == (std::vector<std::string>{"x", "=", value}));
    } else {
        // Only a value that ends a word with each quote, or has each behind a blank, has none.
        RC_ASSERT(value.find('"') != std::string::npos && value.find('\'') != std::string::npos);
    }
}

}  // namespace
}  // namespace lvslab::config
