// SPDX-License-Identifier: GPL-2.0-only
#include "core/scenario/yaml/document.hpp"

#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/scenario/yaml/shorthand.hpp"
#include "core/scenario/yaml/spelling.hpp"

namespace lvslab::scenario::yaml {
namespace {

std::string findings(const std::string& text) {
    return parse(text, "f").diagnostics.to_string();
}

TEST(Document, KnowsTheLineAndTheByteColumnOfKeysAndValues) {
    const auto root = parse("a: 1\nbö: [x, \"ü\", é]\n\r\nc:\n  d: { e: é, f: g }\n", "f");
    ASSERT_TRUE(root) << root.diagnostics.to_string();
    const auto& b = root->entries[1];
    EXPECT_EQ(b.location.to_string(), "f:2:1");
    EXPECT_EQ(b.value.location.to_string(), "f:2:6");  // ö has two bytes
    EXPECT_EQ(b.value.items[2].location.to_string(), "f:2:16");
    EXPECT_TRUE(b.value.items[1].quoted);
    const auto& d = root->entries[2].value.entries[0].value;
    EXPECT_EQ(d.entries[1].location.to_string(), "f:5:15");
    EXPECT_EQ(d.entries[1].value.text, "g");
}

TEST(Document, ReadsNamedMappingsAndKeepsTheColumnsBehindThem) {
    const auto root = parse("{ a: lognormal { mean: 1 }, b: pareto{shape: 2}, c: x }", "f");
    ASSERT_TRUE(root) << root.diagnostics.to_string();
    EXPECT_EQ(root->entries[0].value.name, "lognormal");
    EXPECT_EQ(root->entries[0].value.location.column, 6U);
    EXPECT_EQ(root->entries[0].value.entries[0].location.column, 18U);
    EXPECT_EQ(root->entries[1].value.name, "pareto");
    EXPECT_EQ(root->entries[1].value.entries[0].location.column, 39U);
    EXPECT_EQ(root->entries[2].location.column, 50U);
}

TEST(Document, LeavesTheWordsOfTextsAlone) {
    const std::vector<std::string_view> names{"pareto"};
    for (const std::string text :
         {"a: \"x: pareto { y\"", "a: 'it''s: pareto { y'", "a: b  # x: pareto { y",
          "a: |\n  x: pareto {\n\n  y: pareto {\nb: c", "a: some pareto { y", "# x: pareto {"}) {
        EXPECT_EQ(expand_named_mappings(text, names).text, text);
    }
    EXPECT_EQ(expand_named_mappings("a: |\n  pareto {\nb: pareto {}", names).text,
              "a: |\n  pareto {\nb: !pareto {}");
    EXPECT_EQ(expand_named_mappings("- pareto { a: \"b\" }", names).text, "- !pareto { a: \"b\" }");
}

TEST(Document, RefusesWhatCouldHideValuesOrCostTooMuch) {
    const std::vector<std::pair<std::string, std::string>> cases{
        {"", "f: empty: expected a scenario\n"},
        {"# nothing\n", "f: empty: expected a scenario\n"},
        {"~", "f: empty: expected a scenario\n"},
        {"a: &x 1\nb: *x\n",
         "f:1:4: YAML anchors (&name) are not supported; write the value out where needed\n"},
        {"a: [&x [l, l], *x]",
         "f:1:5: YAML anchors (&name) are not supported; write the value out where needed\n"},
        {"a: *x\n", "f:1:4: not valid YAML: the referenced anchor is not defined\n"},
        {"a: !!int 1", "f:1:4: YAML tags (tag:yaml.org,2002:int) are not supported\n"},
        {"a: !lognormal 1", "f:1:4: YAML tags (!lognormal) are not supported\n"},
        {"a: !other { b: 1 }", "f:1:4: YAML tags (!other) are not supported\n"},
        {"a: 1\na: 2\na: 3\n",
         "f:2:1: key \"a\" is given twice, first on line 1\n"
         "f:3:1: key \"a\" is given twice, first on line 1\n"},
        {"a: 1\n--- \nb: 2\n",
         "f:2:1: a scenario is one YAML document; a second one begins here\n"},
        {"a: 1\n[b]: 2\n", "f:2:1: a key must be a plain word\n"},
        {"a: 1\n~: 2\n", "f:2:1: a key must be a plain word\n"},
        {"a:\n\t- b\n", "f:2:1: a tab indents this line; YAML allows only spaces\n"},
        {std::string("a: 1\nb: \0", 9),
         "f:2:4: not text: a byte that is not UTF-8, or a control character\n"},
        {"a: 1\nb\xFF: 1\n", "f:2:2: not text: a byte that is not UTF-8, or a control character\n"},
        {"a: {\n", "f:2:1: not valid YAML: end of map flow not found\n"},
    };
    for (const auto& [text, message] : cases) {
        EXPECT_EQ(findings(text), message) << text;
    }
}

TEST(Document, StopsAtThirtyTwoLevelsOfNesting) {
    const auto nested = [](std::size_t depth) {
        return std::string(depth, '[') + std::string(depth, ']');
    };
    EXPECT_EQ(findings(nested(32)), "");
    EXPECT_EQ(findings(nested(33)), "f:1:33: more than 32 levels of nesting\n");
    EXPECT_THAT(findings(std::string(1'000'000, '[')),
                testing::EndsWith(": more than 32 levels of nesting\n"));
    std::string indented;
    for (std::size_t i = 0; i < 1000; ++i) {
        indented += std::string(i, ' ') + "a:\n";
    }
    EXPECT_EQ(findings(indented), "f:33:33: more than 32 levels of nesting\n");
}

TEST(Document, RefusesMoreThanAMebibyte) {
    EXPECT_EQ(findings("a: " + std::string(largest_text, 'x')), "f: larger than 1048576 bytes\n");
    const auto largest = parse("a: " + std::string(largest_text - 3, 'x'), "f");
    ASSERT_TRUE(largest);
    EXPECT_EQ(largest->entries[0].value.text.size(), largest_text - 3);
}

TEST(Spelling, SuggestsTheNearestWordIfOneIsNear) {
    const std::vector<std::string_view> known{"workers", "queue", "rr", "wrr"};
    EXPECT_EQ(suggestion("worker", known), "; did you mean \"workers\"?");
    EXPECT_EQ(suggestion("qeueu", known), "; known here: workers, queue, rr, wrr");
    EXPECT_EQ(suggestion("quue", known), "; did you mean \"queue\"?");
    EXPECT_EQ(suggestion("uqeue", known), "; did you mean \"queue\"?");
    EXPECT_EQ(suggestion("x", {}), "");
    EXPECT_EQ(suggestion(std::string(100'000, 'x'), known),
              "; known here: workers, queue, rr, wrr");
}

}  // namespace
}  // namespace lvslab::scenario::yaml
