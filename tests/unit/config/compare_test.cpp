// SPDX-License-Identifier: GPL-2.0-only
// The files of two routers: every difference is told with both places, and nothing else.
#include "core/config/compare.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "tests/unit/config/any_config.hpp"
#include "tests/unit/config/reading.hpp"

namespace lvslab::config {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> differences(std::string_view first, std::string_view second) {
    std::vector<std::string> all;
    const auto found = compare(must(parse(first, "lvs1.cf", options_for(false))),
                               must(parse(second, "lvs2.cf", options_for(false))));
    for (const auto& d : found.items()) {
        all.push_back(d.to_string());
    }
    return all;
}

constexpr auto file =
    "serial_no = 3\nprimary = 10.0.0.1\nvirtual a {\nport = 80\nserver s {\nweight = 2\n}\n"
    "server t {\n}\n}\nvirtual b {\n}\n";

TEST(Comparison, OfEqualFilesFindsNothing) {
    EXPECT_THAT(differences(file, file), IsEmpty());
}

TEST(Comparison, TakesNoOffenceAtLayoutAndOrder) {
    EXPECT_THAT(differences(file,
                            "# moved\nprimary = 10.0.0.1\nserial_no = 3\nkeepalive = 2\n"
                            "virtual b {\n}\nvirtual a {\nserver t {\n}\nserver s {\n"
                            "weight = 2\n}\n}\n"),
                IsEmpty())
        << "a default that is written out is the same";
}

TEST(Comparison, TellsBothPlaces) {
    EXPECT_THAT(
        differences("serial_no = 3\nkeepalive = 2\n", "\nserial_no = 4\n\n\nkeepalive = 6\n"),
        ElementsAre("lvs1.cf:1:13: warning: serial_no is 3, but 4 in lvs2.cf:2:13",
                    "lvs1.cf:2:13: warning: keepalive is 2, but 6 in lvs2.cf:5:13"));
}

TEST(Comparison, NamesTheFileOrBlockWhereADefaultHolds) {
    EXPECT_THAT(differences("virtual a {\n}\n", "deadtime = 18\nvirtual a {\ntimeout = 6\n}\n"),
                ElementsAre("lvs1.cf: warning: deadtime is 5, but 18 in lvs2.cf:1:12",
                            "lvs1.cf:1:1: warning: timeout of virtual \"a\" is 10, but 6 in "
                            "lvs2.cf:3:11"));
    EXPECT_THAT(
        differences("virtual a {\nexpect = OK\n}\n", "virtual a {\n}\n"),
        ElementsAre("lvs1.cf:2:10: warning: expect of virtual \"a\" is \"OK\", but not given in "
                    "lvs2.cf:1:1"));
}

TEST(Comparison, IsAnErrorWhereTheTwoWouldNotKnowEachOther) {
    EXPECT_THAT(
        differences("primary = 10.0.0.1\nprimary_private = 10.1.0.1\nheartbeat_port = 539\n",
                    "primary = 10.0.0.2\nprimary_private = 10.1.0.1\nheartbeat_port = 1050\n"),
        ElementsAre("lvs1.cf:1:11: primary is 10.0.0.1, but 10.0.0.2 in lvs2.cf:1:11",
                    "lvs1.cf:3:18: heartbeat_port is 539, but 1050 in lvs2.cf:3:18"));
}

TEST(Comparison, FindsBlocksThatOneFileLacks) {
    EXPECT_THAT(differences("virtual a {\nserver s {\n}\n}\nvirtual b {\n}\n",
                            "virtual a {\nserver t {\n}\n}\nfailover b {\n}\n"),
                ElementsAre("lvs1.cf:2:1: warning: server \"s\" of virtual \"a\" is not in lvs2.cf",
                            "lvs2.cf:2:1: warning: server \"t\" of virtual \"a\" is not in lvs1.cf",
                            "lvs1.cf:5:1: warning: virtual \"b\" is not in lvs2.cf",
                            "lvs2.cf:5:1: warning: failover \"b\" is not in lvs1.cf"));
}

TEST(Comparison, HoldsTheNthBlockOfANameAgainstTheNth) {
    EXPECT_THAT(differences("virtual a {\nport = 80\n}\nvirtual a {\nport = 81\n}\n",
                            "virtual a {\nport = 80\n}\nvirtual a {\nport = 82\n}\n"),
                ElementsAre("lvs1.cf:5:8: warning: port of virtual \"a\" is 81, but 82 in "
                            "lvs2.cf:5:8"));
    EXPECT_THAT(differences("virtual a {\n}\nvirtual a {\n}\n", "virtual a {\n}\n"),
                ElementsAre("lvs1.cf:3:1: warning: virtual \"a\" is not in lvs2.cf"));
}

TEST(Comparison, HoldsServersAgainstThoseOfTheirService) {
    EXPECT_THAT(differences("virtual a {\nserver s {\nweight = 1\n}\n}\n",
                            "virtual a {\nserver s {\nweight = 4\n}\n}\n"),
                ElementsAre("lvs1.cf:3:10: warning: weight of server \"s\" of virtual \"a\" is 1, "
                            "but 4 in lvs2.cf:3:10"));
}

RC_GTEST_PROP(Comparison, FindsNothingIfAndOnlyIfNothingDiffers, ()) {
    const auto first = any_config(true);
    auto second = first;
    RC_ASSERT(compare(first, second).empty());
    // One directive of one level gets another value, or by chance the same.
    const auto change = [](auto& model) {
        using Model = std::decay_t<decltype(model)>;
        const auto directives = directives_of<Model>();
        const auto& directive = directives[*rc::gen::inRange<std::size_t>(0, directives.size())];
        std::visit(Filler<Model>(directive, model, true), directive.member);
    };
    if (second.virtual_servers.empty() || *rc::gen::arbitrary<bool>()) {
        change(second);
    } else if (auto& service = second.virtual_servers.back();
               service.servers.empty() || *rc::gen::arbitrary<bool>()) {
        change(service);
    } else {
        change(service.servers.back());
    }
    const auto found = compare(first, second);
    RC_ASSERT(found.empty() == (first == second));
    RC_ASSERT(found.items().size() <= 1U);
    RC_ASSERT(compare(second, first).items().size() == found.items().size());
}

}  // namespace
}  // namespace lvslab::config
