// SPDX-License-Identifier: GPL-2.0-only
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "core/config/parse.hpp"
#include "core/router/desired_services.hpp"
#include "realmode/daemon/status_board.hpp"

namespace lvslab::realmode {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

config::LvsConfig read(const std::string& text) {
    const auto read = config::parse(text, "lvs.cf", {});
    EXPECT_TRUE(read) << read.diagnostics.to_string();
    return *read.value;
}

config::LvsConfig shop() {
    return read(R"(primary = 192.168.26.9
primary_private = 10.11.12.9
service = lvs
backup_active = 1
backup = 192.168.26.8
backup_private = 10.11.12.8
keepalive = 2
deadtime = 5
network = nat
nat_router = 10.11.12.10 eth1:1
syncdaemon = 1
syncd_iface = eth1
syncd_id = 7
virtual shop {
     active = 1
     address = 192.168.26.10 eth0:1
     port = 80
     scheduler = wlc
     persistent = 300
     server web1 {
         address = 10.11.12.1
         active = 1
         weight = 2
     }
     server web2 {
         address = 10.11.12.2
         active = 1
         weight = 1
     }
     server web3 {
         address = 10.11.12.3
         active = 0
         weight = 1
     }
}
virtual mail {
     active = 1
     fwmark = 3
     address = 192.168.26.11 eth0:2
     sorry_server = 10.11.12.99
     scheduler = rr
     server mx {
         address = 10.11.12.4
         active = 1
         weight = 1
     }
}
)");
}

class Board : public testing::Test {
protected:
    void happens(Duration when, const ports::RouterEvent& event) {
        board.follow({begin + when, event});
    }
    Status status(Duration when) const { return board.status(config, true, begin + when); }

    ports::ServiceName service(std::size_t i) const { return {desired[i].name, desired[i].key}; }
    ports::ServerName server(std::size_t i, std::size_t j) const {
        return {desired[i].destinations[j].name, desired[i].destinations[j].endpoint};
    }
    void becomes_active(Duration when) {
        happens(when, ports::RoleChanged{true, pulse::Reason::partner_silent});
        happens(when, ports::ServiceSet{service(0), desired[0].settings});
        happens(when, ports::ServiceSet{service(1), desired[1].settings});
        happens(when, ports::AddressRaised{config.virtual_servers[0].address});
    }
    static std::vector<ServerState> states(const ServiceStatus& service) {
        std::vector<ServerState> states;
        for (const auto& s : service.servers) {
            states.push_back(s.state);
        }
        return states;
    }

    static constexpr Time begin = Time{} + 1000s;
    config::LvsConfig config = shop();
    std::vector<router::DesiredService> desired = router::desired_services(config);
    StatusBoard board{begin};
};

TEST_F(Board, BeginsAsAStandbyThatHasHeardNobody) {
    const auto now = status(1s);
    EXPECT_FALSE(now.active);
    EXPECT_EQ(now.reason, std::nullopt);
    EXPECT_EQ(now.role_for, 1s);
    EXPECT_EQ(now.partner, "silent");
    ASSERT_EQ(now.paths.size(), 2U);
    EXPECT_EQ(now.paths[0].partner, config.backup);
    EXPECT_EQ(now.paths[1].partner, config.backup_private);
    EXPECT_EQ(now.paths[1].heard_ago, std::nullopt);
    EXPECT_THAT(states(now.services[0]),
                ElementsAre(ServerState::unchecked, ServerState::unchecked, ServerState::inactive));
    EXPECT_FALSE(now.addresses[0].held);
}

TEST_F(Board, TellsTheLastHeartbeatOnEachPathAndWhenItIsTooOld) {
    happens(1s, ports::HeartbeatHeard{pulse::Path::public_net, pulse::Word::stopped});
    happens(2s, ports::HeartbeatHeard{pulse::Path::private_net, pulse::Word::running});
    EXPECT_EQ(status(3s).paths[0].heard_ago, 2s);
    EXPECT_EQ(status(3s).paths[1].heard_ago, 1s);
    EXPECT_EQ(status(3s).partner, "running");
    EXPECT_EQ(status(8s).partner, "silent");
}

TEST_F(Board, WarnsOfAReleaseToNobody) {
    EXPECT_THAT(board.release_risk(config, begin + 1s).value_or(""),
                HasSubstr("the partner is silent: nobody takes the services over"));
    happens(1s, ports::HeartbeatHeard{pulse::Path::public_net, pulse::Word::stopped});
    EXPECT_EQ(board.release_risk(config, begin + 6s), std::nullopt);
    EXPECT_THAT(board.release_risk(config, begin + 7s).value_or(""),
                HasSubstr("active again, within deadtime (5s)"));
    config.backup_active = false;
    EXPECT_THAT(board.release_risk(config, begin + 2s).value_or(""),
                HasSubstr("there is no partner"));
}

TEST_F(Board, FollowsServersInAndOutOfTheirService) {
    becomes_active(1s);
    happens(1s, ports::DestinationAdded{service(0), server(0, 0), Weight{2}});
    happens(1s, ports::CheckEnded{service(0), server(0, 1), false, 1ms});
    auto now = status(2s);
    EXPECT_TRUE(now.active);
    EXPECT_TRUE(now.addresses[0].held);
    EXPECT_FALSE(now.addresses[1].held);
    EXPECT_THAT(states(now.services[0]),
                ElementsAre(ServerState::up, ServerState::down, ServerState::inactive));
    happens(2s, ports::DestinationEdited{service(0), server(0, 0), Weight{0}});
    EXPECT_EQ(states(status(3s).services[0])[0], ServerState::quiesced);
    happens(3s, ports::DestinationRemoved{service(0), server(0, 0)});
    happens(3s, ports::CheckEnded{service(0), server(0, 0), false, 1ms});
    EXPECT_EQ(states(status(4s).services[0])[0], ServerState::down);
    EXPECT_EQ(status(4s).services[0].servers[0].weight, Weight{2}) << "lvs.cf's";
}

TEST_F(Board, ShowsASorryServerWhileItServes) {
    becomes_active(1s);
    EXPECT_EQ(status(2s).services[1].servers.size(), 1U);
    const ports::ServerName sorry{"sorry_server", desired[1].sorry->endpoint};
    happens(2s, ports::DestinationAdded{service(1), sorry, Weight{1}});
    ASSERT_EQ(status(2s).services[1].servers.size(), 2U);
    EXPECT_EQ(status(2s).services[1].servers[1].name, "sorry_server");
}

TEST_F(Board, ForgetsWhatWasCheckedWhenTheRoleGoes) {
    becomes_active(1s);
    happens(1s, ports::CheckEnded{service(0), server(0, 1), false, 1ms});
    happens(2s, ports::RoleChanged{false, pulse::Reason::released});
    happens(2s, ports::ServiceRemoved{service(0)});
    const auto now = status(3s);
    EXPECT_EQ(now.reason, pulse::Reason::released);
    EXPECT_EQ(states(now.services[0])[1], ServerState::unchecked);
    EXPECT_FALSE(now.services[0].in_ipvs);
}

TEST_F(Board, HasNoPathsWithoutABackup) {
    config.backup_active = false;
    EXPECT_TRUE(status(1s).paths.empty());
    EXPECT_EQ(status(1s).partner, "none");
}

TEST_F(Board, IsATableInTheShapeOfIpvsadm) {
    becomes_active(1s);
    happens(1s, ports::DestinationAdded{service(0), server(0, 0), Weight{2}});
    happens(1s, ports::HeartbeatHeard{pulse::Path::public_net, pulse::Word::stopped});
    auto now = status(2500ms);
    now.version = "0.1.0";
    now.config_file = "lvs.cf";
    now.process = 12;
    now.supervisor = 11;
    now.services[0].servers[0].active_connections = 5;
    now.services[0].servers[0].inactive_connections = 40;
    EXPECT_EQ(to_table(now),
              "lvsrouter 0.1.0, lvs.cf, process 12, supervisor 11\n"
              "primary router, active for 1.5 s (partner dead)\n"
              "partner 192.168.26.8: stopped; last heartbeat: public 1.5 s ago, private never\n"
              "sync master on eth1, id 7\n"
              "address 192.168.26.10 eth0:1: here\n"
              "address 192.168.26.11 eth0:2: not here\n"
              "address 10.11.12.10 eth1:1: not here\n"
              "Prot LocalAddress:Port Scheduler Flags\n"
              "  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn  State     "
              "Name\n"
              "TCP  192.168.26.10:80 wlc persistent 300   shop\n"
              "  -> 10.11.12.1:80                Masq    2      5          40         up        "
              "web1\n"
              "  -> 10.11.12.2:80                Masq    1      -          -          unchecked "
              "web2\n"
              "  -> 10.11.12.3:80                Masq    1      -          -          inactive  "
              "web3\n"
              "FWM  3 rr   mail\n"
              "  -> 10.11.12.4:0                 Masq    1      -          -          unchecked "
              "mx\n");
}

TEST_F(Board, IsJsonThatSaysTheSame) {
    becomes_active(1s);
    happens(1s, ports::DestinationAdded{service(0), server(0, 0), Weight{2}});
    const auto json = nlohmann::json::parse(to_json(status(2500ms)));
    EXPECT_EQ(json.at("role"), "active");
    EXPECT_EQ(json.at("reason"), "partner dead");
    EXPECT_EQ(json.at("role_for"), 1.5);
    EXPECT_EQ(json.at("supervisor"), nullptr);
    EXPECT_EQ(json.at("heartbeats")[0].at("heard_ago"), nullptr);
    EXPECT_EQ(json.at("sync").at("role"), "master");
    EXPECT_EQ(json.at("addresses")[0].at("held"), true);
    const auto& web1 = json.at("services")[0].at("servers")[0];
    EXPECT_EQ(web1.at("state"), "up");
    EXPECT_EQ(web1.at("endpoint"), "10.11.12.1:80");
    EXPECT_EQ(web1.at("active_connections"), nullptr);
    EXPECT_EQ(json.at("services")[1].at("fwmark"), 3);
}

}  // namespace
}  // namespace lvslab::realmode
