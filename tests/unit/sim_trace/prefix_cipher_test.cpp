// SPDX-License-Identifier: GPL-2.0-only
// Crypto-PAn against the figures of its authors, and what it promises.
#include <bit>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "sim/trace/prefix_cipher.hpp"

namespace lvslab::trace {
namespace {

/// The key of the sample in Crypto-PAn's own source distribution (Crypto-PAn 1.0, main of its
/// sample.cpp), and addresses of its sample_trace_raw.dat with what sample_trace_sanitized.dat has
/// in their place; as carried on in the tests of github.com/Yawning/cryptopan.
constexpr PrefixCipher::Key sample_key{21,  34, 23,  141, 51, 164, 207, 128, 19,  10,  91,
                                       22,  73, 144, 125, 16, 216, 152, 143, 131, 121, 121,
                                       101, 39, 98,  87,  76, 45,  42,  132, 34,  2};

struct Pair {
    const char* plain;
    const char* hidden;
};

constexpr Pair sample_pairs[] = {
    {"128.11.68.132", "135.242.180.132"},  {"129.118.74.4", "134.136.186.123"},
    {"130.132.252.244", "133.68.164.234"}, {"141.223.7.43", "141.167.8.160"},
    {"152.163.225.39", "151.140.114.167"}, {"156.29.3.236", "147.225.12.42"},
    {"166.107.77.190", "160.132.178.185"}, {"192.102.249.13", "252.138.62.131"},
    {"192.215.32.125", "252.43.47.189"},   {"205.188.147.153", "242.96.16.101"},
    {"205.188.248.25", "242.96.88.27"},    {"207.155.9.214", "241.220.250.22"},
    {"216.254.18.172", "235.7.16.162"},    {"24.0.250.221", "100.15.198.226"},
    {"24.13.62.231", "100.2.192.247"},     {"38.15.67.68", "64.3.66.187"},
    {"4.3.88.225", "124.60.155.63"},       {"63.97.7.140", "95.97.9.123"},
    {"64.14.118.196", "0.255.183.58"},     {"10.185.25.118", "117.161.29.118"},
};

/// Of the same tests, made by that implementation and not by the authors.
constexpr Pair ipv6_pairs[] = {
    {"::1", "78ff:f001:9fc0:20df:8380:b1f1:704:ed"},
    {"::2", "78ff:f001:9fc0:20df:8380:b1f1:704:ef"},
    {"2001:db8::1", "4401:2bc:603f:d91d:27f:ff8e:e6f1:dc1e"},
    {"2001:db8::2", "4401:2bc:603f:d91d:27f:ff8e:e6f1:dc1c"},
};

TEST(PrefixCipher, HidesTheSampleAsItsAuthorsDo) {
    const PrefixCipher cipher(sample_key);
    for (const auto& [plain, hidden] : sample_pairs) {
        EXPECT_EQ(cipher(Address::parse(plain).value()).to_string(), hidden) << plain;
    }
    for (const auto& [plain, hidden] : ipv6_pairs) {
        EXPECT_EQ(cipher(Address::parse(plain).value()).to_string(), hidden) << plain;
    }
}

RC_GTEST_PROP(PrefixCipher, KeepsCommonPrefixesAndNoMore, ()) {
    const PrefixCipher cipher(sample_key);
    const auto a = *rc::gen::arbitrary<std::uint32_t>();
    const auto b = *rc::gen::arbitrary<std::uint32_t>() >> *rc::gen::inRange(0, 32) ^ a;
    const auto hidden_a = cipher(Address::v4(a)).v4_host_order();
    const auto hidden_b = cipher(Address::v4(b)).v4_host_order();
    RC_ASSERT(std::countl_zero(hidden_a ^ hidden_b) == std::countl_zero(a ^ b));
}

TEST(PrefixCipher, ReadsKeysAsDigitsAndAsBytes) {
    const std::string digits = "152217 8d";
    EXPECT_FALSE(read_key(digits));
    EXPECT_FALSE(read_key(""));
    EXPECT_FALSE(read_key(std::string(63, 'a') + "g"));
    EXPECT_FALSE(read_key(std::string(66, 'a')));
    const auto read = read_key(
        "  1522178d33a4cf80130a5b1649907d10"
        "d8988f8379796527 62574c2d2a842202\n");
    EXPECT_FALSE(read) << "white space inside is none of the format";
    EXPECT_EQ(read_key(" 1522178d33a4cf80130a5b1649907d10d8988f837979652762574c2d2a842202\n"),
              sample_key);
    EXPECT_EQ(read_key(std::string(sample_key.begin(), sample_key.end())), sample_key);
}

}  // namespace
}  // namespace lvslab::trace
