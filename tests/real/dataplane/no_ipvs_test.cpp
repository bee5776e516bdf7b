// SPDX-License-Identifier: GPL-2.0-only
// A kernel without IPVS.
#include <fstream>

#include <gtest/gtest.h>

#include "realmode/ipvs/kernel_ipvs.hpp"

namespace lvslab::realmode {
namespace {

/// As on a host that loads no modules.
void have_no_modules_loaded_on_demand() {
    std::ofstream modprobe("/proc/sys/kernel/modprobe");
    modprobe << "/bin/false" << std::flush;
    ASSERT_TRUE(modprobe.good());
}

TEST(KernelWithoutIpvs, IsSaidToLackItsModule) {
    have_no_modules_loaded_on_demand();
    const auto opened = KernelIpvs::open();
    EXPECT_FALSE(opened);
    EXPECT_EQ(opened.diagnostics.to_string(),
              "IPVS: the kernel has none: its module ip_vs is not loaded and did not come when "
              "asked for; try `modprobe ip_vs`\n");
}

}  // namespace
}  // namespace lvslab::realmode
