// SPDX-License-Identifier: GPL-2.0-only
#include "realmode/daemon/beginning.hpp"

#include <gtest/gtest.h>

namespace lvslab::realmode {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(Beginning, IsReadBackAsItWasWritten) {
    Beginning beginning;
    beginning.at = Time{seconds(7)};
    beginning.how = pulse::Start::settled_active;
    beginning.first_heartbeat = milliseconds(60);
    beginning.heard_ago = milliseconds(190);
    beginning.first_checks = {{"shop", "web1", milliseconds(410)}, {"shop", "web2", seconds(1)}};
    const auto read = read_beginning(beginning_text(beginning), "begin.json");
    ASSERT_TRUE(read) << read.diagnostics.to_string();
    EXPECT_EQ(*read, beginning);
}

TEST(Beginning, HasAWordForEachWayToBegin) {
    for (const auto how : {pulse::Start::cold, pulse::Start::settled_active,
                           pulse::Start::settled_backup, pulse::Start::after_active}) {
        Beginning beginning;
        beginning.how = how;
        EXPECT_EQ(*read_beginning(beginning_text(beginning), "begin.json"), beginning);
    }
}

TEST(Beginning, SaysWhenEachServerIsCheckedFirst) {
    Beginning beginning;
    beginning.first_checks = {{"shop", "web1", milliseconds(410)}};
    const auto start = beginning.start();
    EXPECT_EQ(start.first_check({"shop", {}}, {"web1", {}}), milliseconds(410));
    EXPECT_EQ(start.first_check({"shop", {}}, {"web2", {}}), Duration{}) << "at once";
}

TEST(Beginning, RefusesWhatIsNone) {
    for (const auto* text : {"", "{", "[]", "{\"at\": 1}", R"({"at": 1, "how": "asleep"})",
                             R"({"at": "now", "how": "cold"})"}) {
        const auto read = read_beginning(text, "begin.json");
        EXPECT_FALSE(read) << text;
        ASSERT_EQ(read.diagnostics.items().size(), 1U) << text;
        EXPECT_EQ(read.diagnostics.items().front().location.file, "begin.json");
    }
}

}  // namespace
}  // namespace lvslab::realmode
