// SPDX-License-Identifier: GPL-2.0-only
#include "core/base/diagnostic.hpp"

#include <gtest/gtest.h>

using namespace lvslab;

TEST(Diagnostics, SayWhereAndWhat) {
    Diagnostics found;
    found.error({"lvs.cf", 12, 14}, "integer expected, found \"x\"");
    found.warning({"lvs.cf", 3, 1}, "unused");
    found.note({"lvs.cf", 20}, "said before");
    found.error({"lvs.cf"}, "cannot be read");
    EXPECT_EQ(found.to_string(),
              "lvs.cf:12:14: integer expected, found \"x\"\n"
              "lvs.cf:3:1: warning: unused\n"
              "lvs.cf:20: note: said before\n"
              "lvs.cf: cannot be read\n");
}

TEST(Diagnostics, AreSortedByPlaceAndOtherwiseKeepTheirOrder) {
    Diagnostics found;
    found.error({"b", 1, 1}, "1");
    found.error({"a", 10, 2}, "2");
    found.error({"a", 9, 7}, "3");
    found.warning({"a", 10, 2}, "4");
    found.error({"a", 10, 1}, "5");
    found.sort();
    std::string order;
    for (const auto& d : found.items()) {
        order += d.message;
    }
    EXPECT_EQ(order, "35241");
}

TEST(Diagnostics, OnlyErrorsAreErrors) {
    Diagnostics found;
    EXPECT_TRUE(found.empty());
    EXPECT_FALSE(found.has_errors());
    found.warning({"a"}, "w");
    found.note({"a"}, "n");
    EXPECT_FALSE(found.empty());
    EXPECT_FALSE(found.has_errors());
    Diagnostics more;
    more.error({"b"}, "e");
    found.append(more);
    EXPECT_TRUE(found.has_errors());
    EXPECT_EQ(found.items().size(), 3U);
}

TEST(Checked, IsTrueWithAValueWhateverWasFound) {
    Checked<int> result;
    EXPECT_FALSE(result);
    result.value = 7;
    result.diagnostics.warning({"a"}, "w");
    ASSERT_TRUE(result);
    EXPECT_EQ(*result, 7);
}
