// SPDX-License-Identifier: GPL-2.0-only
#include "core/server/rwhod.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

using namespace lvslab;

RC_GTEST_PROP(Rwhod, FirstTellsWithinAPeriodAtAMomentOfItsOwn, (std::uint64_t seed)) {
    const auto web1 = server::first_rwhod_broadcast(seed, "web1");
    RC_ASSERT(web1 >= Time{});
    RC_ASSERT(web1 < Time{server::rwhod_period});
    RC_ASSERT(server::first_rwhod_broadcast(seed, "web1") == web1);
    RC_ASSERT(server::first_rwhod_broadcast(seed, "web2") != web1);
}
