// SPDX-License-Identifier: GPL-2.0-only
#include "core/config/values.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cerrno>
#include <cstdlib>
#include <string>

namespace lvslab::config {
namespace {

// The C library itself is the reference: a few characters make most odd spellings likely.
rc::Gen<std::string> odd_text(const std::string& alphabet) {
    return rc::gen::container<std::string>(rc::gen::elementOf(alphabet));
}

RC_GTEST_PROP(Integers, AreReadAsStrtolReadsThemAndCutToAnInt, ()) {
    const auto text = *odd_text(" +-0123456789xXabfg\n");
    char* end = nullptr;
    const long whole = std::strtol(text.c_str(), &end, 0);
    const auto read = read_integer(text);
    RC_ASSERT(read.has_value() == (*end == '\0'));
    if (read) {
        RC_ASSERT(read->value == static_cast<int>(whole));
    }
}

RC_GTEST_PROP(Integers, OfAnySizeAreReadAsStrtolReadsThem, ()) {
    const auto digits = *rc::gen::inRange(1, 24);
    std::string text(1, *rc::gen::elementOf(std::string("-+ 0")));
    for (int i = 0; i < digits; ++i) {
        text += *rc::gen::elementOf(std::string("0123456789"));
    }
    char* end = nullptr;
    errno = 0;
    const long whole = std::strtol(text.c_str(), &end, 0);
    const auto read = read_integer(text);
    RC_ASSERT(read.has_value() == (*end == '\0'));
    if (read) {
        RC_ASSERT(read->value == static_cast<int>(whole));
        RC_ASSERT(read->as_written == (errno == 0 && whole == static_cast<int>(whole)));
    }
}

RC_GTEST_PROP(DottedAddresses, AreReadAsInetAtonReadsThem, ()) {
    std::string text;
    const int parts = *rc::gen::inRange(1, 6);
    for (int i = 0; i < parts; ++i) {
        text += i == 0 ? "" : ".";
        text += *rc::gen::elementOf(std::vector<std::string>{
            "0",          "1",     "10",       "255",        "256",
            "65535",      "65536", "16777215", "16777216",   "4294967295",
            "4294967296", "0x",    "0xff",     "0xffffffff", "0x100000000",
            "010",        "08",    "0377",     "",           "99999999999999999999999",
            "1a"});
    }
    text += *rc::gen::elementOf(std::vector<std::string>{"", "", " x", "\n", ".", "x", "\t"});
    in_addr address{};
    const bool ok = inet_aton(text.c_str(), &address) != 0;
    const auto read = read_dotted(text);
    RC_ASSERT(read.has_value() == ok);
    if (ok) {
        RC_ASSERT(read->v4_host_order() == ntohl(address.s_addr));
    }
}

TEST(Integers, ThatWrapAreKnownAsNotWhatWasWritten) {
    EXPECT_EQ(read_integer("4294967297")->value, 1);
    EXPECT_FALSE(read_integer("4294967297")->as_written);
    EXPECT_TRUE(read_integer("-2147483648")->as_written);
    EXPECT_FALSE(read_integer("2147483648")->as_written);
    EXPECT_EQ(read_integer("99999999999999999999")->value, -1) << "LONG_MAX cut to an int";
    EXPECT_EQ(read_integer("-99999999999999999999")->value, 0) << "LONG_MIN cut to an int";
}

}  // namespace
}  // namespace lvslab::config
