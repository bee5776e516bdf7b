// SPDX-License-Identifier: GPL-2.0-only
#include "realmode/host/name_lookup.hpp"

#include <future>
#include <memory>

#include <gtest/gtest.h>

namespace lvslab::realmode {
namespace {

using namespace std::chrono_literals;

const Address one = Address::parse("192.0.2.1").value();
const Address two = Address::parse("2001:db8::2").value();

TEST(NameLookup, FindsWhatIsKnownAndLeavesOutWhatIsNot) {
    const NameLookup lookup({"one", "two", "nobody"}, [](auto name) -> std::optional<Address> {
        return name == "one"   ? std::optional(one)
               : name == "two" ? std::optional(two)
                               : std::nullopt;
    });
    ASSERT_TRUE(lookup.wait_for(1min));
    EXPECT_EQ(lookup.found(), (NamedAddresses{{"one", one}, {"two", two}}));
}

TEST(NameLookup, HasNothingToWaitForWithoutNames) {
    EXPECT_TRUE(NameLookup({}).wait_for(0s));
}

TEST(NameLookup, AsksTheMachinesResolver) {
    const NameLookup lookup({"192.0.2.1", "2001:db8::2", "localhost"});
    ASSERT_TRUE(lookup.wait_for(1min));
    const auto found = lookup.found();
    EXPECT_EQ(found.at("192.0.2.1"), one);
    EXPECT_EQ(found.at("2001:db8::2"), two);
    EXPECT_TRUE(found.contains("localhost"));
}

TEST(NameLookup, ANameThatNobodyAnswersHoldsNeitherTheOthersNorTheCallerUp) {
    std::promise<void> release;
    const auto known = std::make_shared<std::promise<void>>();
    const auto released = release.get_future().share();
    {
        const NameLookup lookup({"one", "silent"}, [known, released](auto name) {
            if (name == "silent") {
                released.wait();
            } else {
                known->set_value();
            }
            return std::optional(one);
        });
        known->get_future().wait();
        EXPECT_FALSE(lookup.wait_for(0s)) << "one is not answered";
        EXPECT_FALSE(lookup.found().contains("silent"));
    }
    release.set_value();  // its thread may find that nobody waits for the answer any more
}

}  // namespace
}  // namespace lvslab::realmode
