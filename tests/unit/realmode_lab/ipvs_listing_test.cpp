// SPDX-License-Identifier: GPL-2.0-only
#include "realmode/lab/ipvs_listing.hpp"

#include <gtest/gtest.h>

namespace lvslab::lab {
namespace {

TEST(IpvsListing, ReadsServicesByAddressAndByMark) {
    const auto found = read_ipvs_listing(
        "IP Virtual Server version 1.2.1 (size=4096)\n"
        "Prot LocalAddress:Port Scheduler Flags\n"
        "  -> RemoteAddress:Port Forward Weight ActiveConn InActConn\n"
        "TCP  C0A81A0A:0050 wlc  persistent 300 FFFFFFFF\n"
        "  -> 0A0B0C02:0050      Masq    2      3          40        \n"
        "  -> 0A0B0C01:1F90      Masq    0      0          0         \n"
        "FWM  00000050 rr \n"
        "  -> 0A0B0C01:0000      Route   1      1          2         \n");
    ASSERT_EQ(found.size(), 3U);
    EXPECT_EQ(found[0].service.endpoint, *Endpoint::parse("192.168.26.10:80"));
    EXPECT_EQ(found[0].server, *Endpoint::parse("10.11.12.2:80"));
    EXPECT_EQ(found[0].weight, 2);
    EXPECT_EQ(found[0].active, 3);
    EXPECT_EQ(found[0].inactive, 40);
    EXPECT_EQ(found[1].server, *Endpoint::parse("10.11.12.1:8080"));
    EXPECT_EQ(found[2].service.fwmark, Fwmark{0x50});
    EXPECT_EQ(found[2].service.protocol, Protocol::ip);
}

TEST(IpvsListing, PassesOverWhatItDoesNotKnow) {
    EXPECT_TRUE(read_ipvs_listing("").empty());
    EXPECT_TRUE(read_ipvs_listing("TCP  [2001:0db8::1]:0050 wlc\n"
                                  "  -> [2001:0db8::2]:0050      Masq    1      0          0\n")
                    .empty());
}

}  // namespace
}  // namespace lvslab::lab
