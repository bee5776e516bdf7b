// SPDX-License-Identifier: GPL-2.0-only
// A caller may remember an entry's number (Segment::entry). Right, old or made up: it never changes
// what becomes of a packet.
#include <array>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "core/base/random.hpp"
#include "core/ipvs/ipvs.hpp"

namespace lvslab::ipvs {
namespace {

const ServiceKey web{Protocol::tcp, *Endpoint::parse("10.255.0.1:80"), {}, Family::ipv4};

Ipvs cluster(Duration persistent) {
    Ipvs ipvs;
    ServiceSettings settings;
    settings.scheduler = "wlc";
    settings.persistent = persistent;
    EXPECT_EQ(ipvs.add_service(web, settings, Time{}), ControlResult::ok);
    for (std::uint32_t i = 1; i <= 4; ++i) {
        DestinationSettings d;
        d.method = ForwardingMethod::direct;
        d.upper_threshold = i == 4 ? 3 : 0;
        EXPECT_EQ(ipvs.add_destination(web, {Address::v4(0x0A010000U + i), Port{80}}, d, Time{}),
                  ControlResult::ok);
    }
    return ipvs;
}

std::string text_of(const Verdict& v) {
    return fmt::format("{} {} {} {}", static_cast<int>(v.action), static_cast<int>(v.origin),
                       static_cast<int>(v.method), v.server.to_string());
}

std::string table_of(const Ipvs& ipvs) {
    std::string text;
    ipvs.for_each_connection([&](const ConnectionStatus& c) {
        text += fmt::format("{} {} {} {} {}\n", c.client.to_string(), c.server.to_string(), c.state,
                            c.expires.time_since_epoch().count(), c.is_template);
    });
    return text;
}

class RememberedEntry : public testing::TestWithParam<std::pair<std::uint64_t, int>> {};

TEST_P(RememberedEntry, NeverChangesWhatBecomesOfAPacket) {
    const auto [seed, persistent] = GetParam();
    RandomStream draw(seed, "packets");
    auto plain = cluster(std::chrono::seconds(persistent));
    auto hinted = cluster(std::chrono::seconds(persistent));
    constexpr std::array flags{TcpFlags::syn, TcpFlags::ack, TcpFlags::fin | TcpFlags::ack,
                               TcpFlags::rst};
    std::vector<std::uint32_t> remembered{0, 1, 1000000};
    Time now{};
    std::size_t right = 0;
    for (int i = 0; i < 4000; ++i) {
        now += std::chrono::milliseconds(draw.below(3000));
        Segment s;
        s.source = {Address::v4(0xAC100000U + static_cast<std::uint32_t>(draw.below(4))),
                    Port{static_cast<std::uint16_t>(1024 + draw.below(6))}};
        s.destination = web.endpoint;
        s.flags = flags.at(draw.below(flags.size()));
        const auto expected = plain.step(s, now);
        s.entry = remembered[draw.below(remembered.size())];
        const auto found = hinted.step(s, now);
        ASSERT_EQ(text_of(found), text_of(expected)) << "packet " << i;
        right += found.origin == Origin::entry && found.entry == s.entry ? 1U : 0U;
        remembered.push_back(found.entry);
        if (remembered.size() > 12) {
            remembered.erase(remembered.begin() + 3);
        }
    }
    EXPECT_EQ(table_of(hinted), table_of(plain));
    EXPECT_GT(right, 20U) << "some numbers must have been right";
}

INSTANTIATE_TEST_SUITE_P(Seeds, RememberedEntry,
                         testing::Values(std::pair{1U, 0}, std::pair{2U, 0}, std::pair{3U, 300},
                                         std::pair{4U, 300}));

}  // namespace
}  // namespace lvslab::ipvs
