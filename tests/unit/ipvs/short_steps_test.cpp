// SPDX-License-Identifier: GPL-2.0-only
// step_opening() and pass() do what step() does, whatever becomes of services, servers and entries.
#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "core/base/random.hpp"
#include "core/ipvs/ipvs.hpp"
#include "core/ipvs/sync_message.hpp"
#include "core/ipvs/tcp_states.hpp"

namespace lvslab::ipvs {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const ServiceKey web{Protocol::tcp, *Endpoint::parse("10.255.0.1:80"), {}, Family::ipv4};

struct Setup {
    std::string name;
    ForwardingMethod method = ForwardingMethod::direct;
    Duration persistent{};
    Options options{};
    bool synchronises = false;
    /// Another director tells of connections, and the daemon that tells others comes and goes.
    bool told = false;
};
void PrintTo(const Setup& setup, std::ostream* out) {
    *out << setup.name;
}

std::string text_of(const Verdict& v) {
    return fmt::format("{} {} {} {} {} {}", static_cast<int>(v.action), static_cast<int>(v.origin),
                       static_cast<int>(v.method), v.server.to_string(),
                       v.virtual_endpoint.to_string(), v.entry);
}

/// A director to which the same happens in the long way (step() alone) or in the short one.
class Director {
public:
    Director(const Setup& setup, bool brief) : setup_(setup), short_(brief), ipvs_(setup.options) {
        ServiceSettings settings;
        settings.scheduler = "wlc";
        settings.persistent = setup.persistent;
        EXPECT_EQ(ipvs_.add_service(web, settings, Time{}), ControlResult::ok);
        for (std::uint32_t i = 1; i <= 3; ++i) {
            add(i, Time{});
        }
        if (setup.synchronises) {
            ipvs_.set_sync_master(SyncMaster{}, Time{});
        }
        if (setup.told) {
            ipvs_.set_sync_backup(SyncBackup{});
        }
    }

    void tell_others(bool on, Time now) {
        ipvs_.set_sync_master(on ? std::optional(SyncMaster{}) : std::nullopt, now);
    }
    /// Of a connection, whether its state counts as active or not.
    void hear(const Endpoint& client, std::uint16_t state, bool inactive, Time now) {
        SyncRecord record;
        record.protocol = static_cast<std::uint8_t>(Protocol::tcp);
        record.flags = static_cast<std::uint32_t>(setup_.method) | sync_flag::no_output |
                       (inactive ? sync_flag::inactive : 0U);
        record.state = state;
        record.client = client;
        record.virtual_endpoint = web.endpoint;
        record.server = server(1);
        record.timeout_seconds = 100;
        SyncMessageWriter message(0);
        message.add(record);
        ipvs_.apply_sync(message.bytes(), now);
    }

    void add(std::uint32_t number, Time now) {
        DestinationSettings d;
        d.method = setup_.method;
        d.upper_threshold = number == 3 ? 3 : 0;
        ipvs_.add_destination(web, server(number), d, now);
    }
    void remove(std::uint32_t number, Time now) {
        ipvs_.remove_destination(web, server(number), now);
    }

    Verdict open(const Segment& syn, std::uint32_t acks, Time now) {
        if (short_) {
            return ipvs_.step_opening(syn, acks, now);
        }
        const auto verdict = ipvs_.step(syn, now);
        if (verdict.action == Action::forward && verdict.method != ForwardingMethod::nat) {
            auto ack = syn;
            ack.flags = TcpFlags::ack;
            ack.count = acks;
            ipvs_.step(ack, now);
        }
        return verdict;
    }
    void go_on(Segment segment, std::uint32_t entry, Time now) {
        if (short_) {
            segment.entry = entry;
            ipvs_.pass(segment, now);
        } else {
            ipvs_.step(segment, now);
        }
    }

    /// All that can be seen from outside.
    std::string state(Time now) {
        std::string text;
        ipvs_.for_each_connection([&](const ConnectionStatus& c) {
            text +=
                fmt::format("{} {} {} {} {} {}\n", c.client.to_string(), c.server.to_string(),
                            c.state, c.expires.time_since_epoch().count(), c.is_template, c.handle);
        });
        for (const auto& d : ipvs_.destinations(web)) {
            text += fmt::format("{} {} {} {}\n", d.endpoint.to_string(), d.active, d.inactive,
                                d.persistent);
        }
        for (const auto& message : ipvs_.take_sync_messages(now)) {
            text += fmt::format("{}\n", fmt::join(message.bytes, " "));
        }
        return text;
    }
    std::size_t entries() const { return ipvs_.connection_count(); }

private:
    static Endpoint server(std::uint32_t number) {
        return {Address::v4(0x0A010000U + number), Port{80}};
    }

    Setup setup_;
    bool short_;
    Ipvs ipvs_;
};

Options with(void (*set)(Options&)) {
    Options options;
    set(options);
    return options;
}

class ShortSteps : public testing::TestWithParam<Setup> {};

TEST_P(ShortSteps, DoWhatStepDoes) {
    RandomStream draw(7, "packets/" + GetParam().name);
    Director plain(GetParam(), false);
    Director brief(GetParam(), true);
    constexpr std::array flags{TcpFlags::ack, TcpFlags::fin | TcpFlags::ack, TcpFlags::rst,
                               TcpFlags::syn};
    std::vector<std::uint32_t> remembered{0, 1, 1000000};
    Time now{};
    std::size_t most = 0;
    for (int i = 0; i < 3000; ++i) {
        now += milliseconds(draw.below(3000));
        const auto server = static_cast<std::uint32_t>(1 + draw.below(3));
        if (draw.below(20) == 0) {
            plain.remove(server, now);
            brief.remove(server, now);
        } else if (draw.below(20) < 3) {
            plain.add(server, now);
            brief.add(server, now);
        }
        Segment s;
        s.source = {Address::v4(0xAC100000U + static_cast<std::uint32_t>(draw.below(4))),
                    Port{static_cast<std::uint16_t>(draw.below(6) * 1000)}};
        s.destination = web.endpoint;
        s.flags = TcpFlags::syn;
        if (GetParam().told && draw.below(10) == 0) {
            const auto state = static_cast<std::uint16_t>(draw.below(tcp_state_count));
            const bool inactive = draw.below(2) == 0;
            plain.hear(s.source, state, inactive, now);
            brief.hear(s.source, state, inactive, now);
        }
        if (GetParam().told && draw.below(30) == 0) {
            const bool on = draw.below(2) == 0;
            plain.tell_others(on, now);
            brief.tell_others(on, now);
        }
        if (draw.below(8) == 0) {  // a server's, which comes by this way though it need not
            Segment reply = s;
            std::swap(reply.source, reply.destination);
            reply.direction = Direction::from_server;
            reply.flags = draw.below(2) == 0 ? TcpFlags::ack : TcpFlags::syn | TcpFlags::ack;
            plain.go_on(reply, 0, now);
            brief.go_on(reply, no_entry, now);
        } else if (draw.below(2) == 0) {
            const auto acks = static_cast<std::uint32_t>(1 + draw.below(4));
            const auto expected = plain.open(s, acks, now);
            const auto found = brief.open(s, acks, now);
            ASSERT_EQ(text_of(found), text_of(expected)) << "packet " << i;
            remembered.push_back(found.entry);
            if (remembered.size() > 12) {
                remembered.erase(remembered.begin() + 3);
            }
        } else {
            s.flags = flags.at(draw.below(flags.size()));
            plain.go_on(s, 0, now);
            brief.go_on(s, remembered[draw.below(remembered.size())], now);
        }
        ASSERT_EQ(brief.state(now), plain.state(now)) << "packet " << i;
        most = std::max(most, plain.entries());
    }
    EXPECT_GT(most, 5U);
}

INSTANTIATE_TEST_SUITE_P(
    Setups, ShortSteps,
    testing::Values(Setup{"direct"}, Setup{"nat", ForwardingMethod::nat},
                    Setup{"persistent", ForwardingMethod::tunnel, seconds(50)},
                    Setup{"no_destination_left", ForwardingMethod::direct, {}, with([](Options& o) {
                              o.expire_nodest_conn = true;
                          })},
                    Setup{"reuse_in_fin_wait", ForwardingMethod::direct, {}, with([](Options& o) {
                              o.conn_reuse_mode = 2;
                          })},
                    Setup{
                        "on_the_kernels_wheel", ForwardingMethod::direct, {}, with([](Options& o) {
                            o.expiry = Expiry::wheel;
                        })},
                    Setup{"secure", ForwardingMethod::direct, {}, with([](Options& o) {
                              o.secure_tcp = true;
                          })},
                    Setup{"secure_by_tunnel", ForwardingMethod::tunnel, {}, with([](Options& o) {
                              o.secure_tcp = true;
                              o.conn_reuse_mode = 0;
                          })},
                    Setup{"synchronising", ForwardingMethod::direct, {}, {}, true},
                    Setup{"told_and_telling",
                          ForwardingMethod::direct,
                          {},
                          with([](Options& o) { o.sync.threshold = 5; }),
                          false,
                          true}),
    [](const auto& setup) { return setup.param.name; });

}  // namespace
}  // namespace lvslab::ipvs
