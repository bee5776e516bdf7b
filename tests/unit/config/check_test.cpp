// SPDX-License-Identifier: GPL-2.0-only
// What the configuration check finds, where, and what it leaves alone.
#include "core/config/check.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/config/reading.hpp"

namespace lvslab::config {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

/// Lines 1 to 7: a pair of routers with which nothing is wrong.
constexpr std::string_view pair =
    "primary = 10.0.0.1\nprimary_private = 10.1.0.1\nbackup = 10.0.0.2\n"
    "backup_private = 10.1.0.2\nbackup_active = 1\nnetwork = direct\nhard_shutdown = 0\n";
/// Five more lines: a service with which nothing is wrong.
constexpr std::string_view mail =
    "virtual mail {\nactive = 1\naddress = 10.0.0.25 eth0:9\nport = 25\n"
    "server m {\naddress = 10.1.0.25\nactive = 1\n}\n}\n";

std::vector<std::string> texts(const Diagnostics& found) {
    std::vector<std::string> all;
    for (const auto& d : found.items()) {
        all.push_back(d.to_string());
    }
    return all;
}

std::vector<std::string> found_in(const std::string& text) {
    return texts(check_without_notes(must(as_meant(text))));
}

/// With lines added to the pair's; they start on line 17.
std::vector<std::string> of_routers(const std::string& lines) {
    return found_in(std::string(pair) + std::string(mail) + lines);
}

/// With lines added to a service of the pair; they start on line 11.
std::string with_service(const std::string& lines) {
    return std::string(pair) + "virtual shop {\nactive = 1\naddress = 10.0.0.10 eth0:1\n" + lines +
           "server s {\naddress = 10.1.0.10\nactive = 1\n}\n}\n";
}
std::vector<std::string> of_service(const std::string& lines) {
    return found_in(with_service(lines));
}

std::vector<std::string> notes_of(const std::string& lines) {
    std::vector<std::string> notes;
    for (const auto& text : texts(check(must(as_meant(with_service(lines)))))) {
        if (text.find(": note: ") != std::string::npos) {
            notes.push_back(text);
        }
    }
    return notes;
}

TEST(ConfigurationCheck, FindsNothingInASoundFile) {
    EXPECT_THAT(of_routers(""), IsEmpty());
    EXPECT_THAT(of_service("port = 443\nscheduler = wrr\npersistent = 300\npmask = 255.255.255.0\n"
                           "send = \"x\"\nexpect = \"y\"\nsorry_server = 10.1.0.99\n"),
                IsEmpty());
}

TEST(ConfigurationCheck, WarnsOfRolesThatFlap) {
    EXPECT_THAT(of_routers("keepalive = 30\ndeadtime = 18\n"),
                ElementsAre("lvs.cf:18:12: warning: roles flap: heartbeats come every 30s "
                            "(keepalive), but a partner counts as dead after 18s (deadtime)"));
    EXPECT_THAT(of_routers("deadtime = 250ms\nkeepalive = 250ms\n"),
                ElementsAre(StartsWith("lvs.cf:18:13: warning: roles flap")));
}

TEST(ConfigurationCheck, WarnsOfATakeoverByOneLostHeartbeat) {
    EXPECT_THAT(of_routers("keepalive = 2\ndeadtime = 3\n"),
                ElementsAre("lvs.cf:18:12: warning: one lost heartbeat is a takeover: deadtime, "
                            "3s, is not above two keepalives of 2s"));
    EXPECT_THAT(of_routers("keepalive = 2\ndeadtime = 4\n"), testing::SizeIs(1));
    EXPECT_THAT(of_routers("keepalive = 2\ndeadtime = 5\n"), IsEmpty());
    EXPECT_THAT(of_routers("keepalive = 250ms\ndeadtime = 1\n"), IsEmpty());
}

TEST(ConfigurationCheck, RefusesTimesThatNothingCanWaitFor) {
    EXPECT_THAT(of_routers("keepalive = 0\ndeadtime = -1\ntcp_timeout = -900\n"),
                ElementsAre("lvs.cf:17:13: keepalive is 0s, expected a time above 0",
                            "lvs.cf:18:12: deadtime is -1s, expected a time above 0",
                            "lvs.cf:19:15: tcp_timeout is -900s, expected 0 or a time above it"));
}

TEST(ConfigurationCheck, SaysWhatTimesOfARouterAloneWouldDoToAPair) {
    const auto alone = [](const std::string& lines) {
        return found_in("primary = 10.0.0.1\nnetwork = direct\n" + lines + std::string(mail));
    };
    EXPECT_THAT(alone("keepalive = 30\ndeadtime = 18\n"),
                ElementsAre(StartsWith("lvs.cf:4:12: warning: with a backup, roles would flap")));
    EXPECT_THAT(alone("keepalive = 2\ndeadtime = 3\n"), IsEmpty()) << "it hears no heartbeats";
}

TEST(ConfigurationCheck, KnowsWhoThePairIs) {
    EXPECT_THAT(found_in("network = direct\n" + std::string(mail)),
                ElementsAre("lvs.cf: primary is not given: every router takes itself for the "
                            "backup"));
    EXPECT_THAT(of_routers("backup = 10.0.0.1\nbackup_private = 10.1.0.3\n"),
                ElementsAre(StartsWith("lvs.cf:17:10: backup is the primary, 10.0.0.1")));
    EXPECT_THAT(of_routers("backup = 0.0.0.0\n"),
                ElementsAre("lvs.cf:5:17: backup_active is 1, but no backup is given"));
    EXPECT_THAT(of_routers("backup_active = 0\n"),
                ElementsAre(StartsWith("lvs.cf:17:17: warning: backup 10.0.0.2 is named, but "
                                       "backup_active is 0")));
    EXPECT_THAT(of_routers("heartbeat_port = 0\n"),
                ElementsAre(StartsWith("lvs.cf:17:18: heartbeat_port is 0")));
}

TEST(ConfigurationCheck, WantsAPrivatePathForHeartbeats) {
    EXPECT_THAT(
        found_in("primary = 10.0.0.1\nbackup = 10.0.0.2\nbackup_active = 1\nnetwork = direct\n" +
                 std::string(mail)),
        ElementsAre(
            AllOf(HasSubstr("no private path for heartbeats"), HasSubstr("both become active"))));
    EXPECT_THAT(of_routers("backup_private = 10.0.0.2\n"),
                ElementsAre(HasSubstr("17:18: warning: no private path for heartbeats "
                                      "(backup_private is not given)")));
}

TEST(ConfigurationCheck, NamesSwitchesOfThePairThatSwitchNothing) {
    EXPECT_THAT(of_routers("heartbeat = 0\n"), ElementsAre(HasSubstr("heartbeat = 0 switches")));
    EXPECT_THAT(of_routers("heartbeat = 1\n"), IsEmpty());
    EXPECT_THAT(
        of_routers("backup = 0.0.0.0\nbackup_active = 0\nheartbeat = 1\n"
                   "monitor_links = 1\nfailback = primary\nsyncdaemon = 1\n"),
        ElementsAre(HasSubstr("heartbeat = 1 has no effect"),
                    HasSubstr("monitor_links has no effect"), HasSubstr("failback has no effect"),
                    HasSubstr("syncdaemon = 1 has no effect")));
    EXPECT_THAT(of_routers("syncd_id = 300\n"),
                ElementsAre("lvs.cf:17:12: warning: syncd_id 300 is cut to 8 bits: 44"));
}

TEST(ConfigurationCheck, WantsAGatewayThatFloatsUnderNat) {
    EXPECT_THAT(of_routers("network = nat\n"),
                ElementsAre(HasSubstr("17:11: warning: network is nat, but no nat_router")));
    EXPECT_THAT(of_routers("network = nat\nnat_router = 10.1.0.254 eth1:1\n"), IsEmpty());
    EXPECT_THAT(of_routers("network = nat\nnat_router = 10.1.0.2 eth1:1\n"),
                ElementsAre(StartsWith("lvs.cf:18:14: nat_router is backup_private, 10.1.0.2")));
}

TEST(ConfigurationCheck, SaysThatNothingIsServed) {
    EXPECT_THAT(found_in(std::string(pair) + "virtual a {\n}\n"),
                ElementsAre("lvs.cf: warning: no virtual service is active: pulse exits at once"));
    EXPECT_THAT(of_routers("service = fos\n"), ElementsAre(HasSubstr("service is fos")));
}

TEST(ConfigurationCheck, PassesOverServicesThatAreNotActive) {
    EXPECT_THAT(of_service("active = 0\ntimeout = 0\npmask = 255.0.0.0\n"),
                ElementsAre(HasSubstr("no virtual service is active")));
}

TEST(ConfigurationCheck, RefusesServicesThatIpvsWouldRefuse) {
    EXPECT_THAT(of_service("address = 0.0.0.0 eth0:1\n"),
                ElementsAre("lvs.cf:11:11: virtual \"shop\": no address"));
    EXPECT_THAT(of_service("address = 0.0.0.0 eth0:1\nfwmark = 80\n"),
                ElementsAre(HasSubstr("packets are marked, but no router takes them")));
    EXPECT_THAT(of_service("port = 0\n"), ElementsAre(HasSubstr("11:8: virtual \"shop\": port 0")));
    EXPECT_THAT(of_service("port = 0\npersistent = 60\n"), IsEmpty());
    EXPECT_THAT(of_service("address = 10.0.0.2 eth0:1\n"),
                ElementsAre(HasSubstr("10.0.0.2 is a router's own address")));
    EXPECT_THAT(of_service("persistent = -1\n"), ElementsAre(HasSubstr("persistent is -1s")));
}

TEST(ConfigurationCheck, RefusesServersThatIpvsWouldRefuse) {
    const auto found = of_service(
        "server t {\nactive = 1\n}\nserver u {\nactive = 1\naddress = 10.1.0.11\nweight = -1\n"
        "u_threshold = 5\nl_threshold = 6\n}\nserver v {\nactive = 1\naddress = 10.0.0.10\n}\n"
        "server w {\nactive = 1\naddress = 10.1.0.11\n}\nserver x {\naddress = 10.1.0.11\n}\n");
    EXPECT_THAT(found,
                ElementsAre("lvs.cf:11:1: server \"t\" of virtual \"shop\" has no address",
                            HasSubstr("lvs.cf:17:10: server \"u\" of virtual \"shop\" has weight "
                                      "-1"),
                            HasSubstr("lvs.cf:19:15: server \"u\" of virtual \"shop\" has "
                                      "l_threshold 6 above u_threshold 5"),
                            HasSubstr("lvs.cf:23:11: server \"v\" of virtual \"shop\" has the "
                                      "address of its virtual service"),
                            HasSubstr("lvs.cf:25:1: server \"w\" of virtual \"shop\" is the same "
                                      "destination as server \"u\" in lvs.cf:14:1")));
}

TEST(ConfigurationCheck, KnowsThatOnlyNatChangesPorts) {
    const std::string two =
        "server a {\nactive = 1\naddress = 10.1.0.11\nport = 8080\n}\n"
        "server b {\nactive = 1\naddress = 10.1.0.11\nport = 8081\n}\n";
    EXPECT_THAT(of_service(two),
                ElementsAre(HasSubstr("14:8: warning: server \"a\" of virtual \"shop\" has port "
                                      "8080, which only its checks use"),
                            HasSubstr("server \"b\" of virtual \"shop\" is the same destination"),
                            HasSubstr("19:8: warning: server \"b\" of virtual \"shop\" has port "
                                      "8081")));
    EXPECT_THAT(found_in(with_service(two) + "network = nat\nnat_router = 10.1.0.254 eth1:1\n"),
                IsEmpty());
}

TEST(ConfigurationCheck, RefusesAServerOfAnotherFamilyThatIpvsDoesNotTake) {
    const std::string mixed = "server six {\naddress = 2001:db8::10\nactive = 1\n}\n";
    const std::string why =
        "virtual \"shop\" has the address 2001:db8::10, but the service's is "
        "10.0.0.10: IPVS ";
    EXPECT_THAT(of_service(mixed),
                ElementsAre(AllOf(StartsWith("lvs.cf:12:11: server \"six\""),
                                  HasSubstr(why + "reaches one of the other family by network = "
                                                  "tunnel alone"))));
    const std::string tunnel = with_service(mixed) + "network = tunnel\n";
    EXPECT_THAT(found_in(tunnel), IsEmpty());
    EXPECT_THAT(found_in(tunnel + "syncdaemon = 1\n"),
                ElementsAre(HasSubstr(why + "takes no such pair beside a syncdaemon")));
    EXPECT_THAT(of_service("sorry_server = 2001:db8::99\n"),
                ElementsAre(HasSubstr("sorry_server is 2001:db8::99, but the service's is")));
    EXPECT_THAT(of_service("server six {\naddress = 2001:db8::10\nactive = 0\n}\n"), IsEmpty())
        << "one that is not active is not given to IPVS";
}

TEST(ConfigurationCheck, WarnsOfTimesOfChecksThatDoNotFit) {
    EXPECT_THAT(of_service("timeout = 10\nreentry = 5\n"),
                ElementsAre(HasSubstr("12:11: warning: virtual \"shop\": reentry, 5s, is below the "
                                      "10s between two checks")));
    EXPECT_THAT(of_service("reentry = 5\nrise = 3\n"), IsEmpty()) << "rise goes before reentry";
    EXPECT_THAT(of_service("check_interval = 1\ncheck_timeout = 2\n"),
                ElementsAre(HasSubstr("12:17: warning: virtual \"shop\": a check may take 2s, "
                                      "longer than the 1s between two")));
    EXPECT_THAT(of_service("timeout = 0\n"), ElementsAre(HasSubstr("11:11: virtual \"shop\": "
                                                                   "timeout is 0s")));
    EXPECT_THAT(of_service("timeout = 0\ncheck_interval = 1\ncheck_timeout = 1\n"), IsEmpty());
    EXPECT_THAT(of_service("reentry = -1\n"), ElementsAre(HasSubstr("reentry is -1s")));
}

TEST(ConfigurationCheck, WarnsOfChecksThatDoNotTellMuch) {
    EXPECT_THAT(of_service("send = x\n"), ElementsAre(HasSubstr("send without expect")));
    EXPECT_THAT(of_service("expect = \"SSH\"\n"), IsEmpty());
    EXPECT_THAT(of_service("protocol = udp\nport = 53\nsend = x\n"),
                ElementsAre(HasSubstr("udp without expect")));
    EXPECT_THAT(of_service("protocol = udp\nport = 53\nexpect = x\n"),
                ElementsAre(HasSubstr("udp without send")));
    EXPECT_THAT(of_service("protocol = udp\nport = 53\nsend_program = \"/bin/x %h\"\n"), IsEmpty());
}

TEST(ConfigurationCheck, NamesDirectivesOfChecksWithoutEffect) {
    EXPECT_THAT(of_service("send_program = \"/bin/x %h\"\nsend = x\nexpect = x\nuse_regex = 1\n"),
                ElementsAre(HasSubstr("12:8: warning: virtual \"shop\": send has no effect"),
                            HasSubstr("14:13: warning: virtual \"shop\": use_regex has no")));
    EXPECT_THAT(of_service("use_regex = 1\n"),
                ElementsAre(HasSubstr("use_regex has no effect without expect")));
    EXPECT_THAT(of_service("check = http\nuse_regex = 0\n"), IsEmpty());
    EXPECT_THAT(of_service("check = http\nsend = x\nexpect = y\n"),
                ElementsAre(HasSubstr("send has no effect beside check = http"),
                            HasSubstr("expect has no effect beside check = http")));
    EXPECT_THAT(of_service("check = tcp\ncheck_path = /x\ncheck_body = y\n"),
                ElementsAre(HasSubstr("check_path has no effect without check = http or https"),
                            HasSubstr("check_body has no effect without")));
    EXPECT_THAT(of_service("check = https\ncheck_path = /x\ncheck_status = 200\n"), IsEmpty());
}

TEST(ConfigurationCheck, WarnsOfWhatAQuiescedServerKeeps) {
    EXPECT_THAT(of_service("quiesce_server = 1\n"), IsEmpty());
    EXPECT_THAT(of_service("quiesce_server = 1\npersistent = 300\n"),
                ElementsAre(HasSubstr("persistence still sends its clients there, for up to")));
    EXPECT_THAT(of_service("quiesce_server = 1\nsorry_server = 10.1.0.99\n"),
                ElementsAre(HasSubstr("connections do not go to sorry_server")));
}

TEST(ConfigurationCheck, WantsASorryServerOfItsOwn) {
    EXPECT_THAT(of_service("sorry_server = 10.1.0.10\n"),
                ElementsAre(HasSubstr("11:16: warning: virtual \"shop\": sorry_server 10.1.0.10 is "
                                      "server \"s\" too")));
    EXPECT_THAT(of_service("sorry_server = 10.0.0.10\n"),
                ElementsAre(HasSubstr("sorry_server is the address of the service itself")));
}

TEST(ConfigurationCheck, NamesSettingsThatTheSchedulerDoesNotLookAt) {
    const std::string heavy = "server t {\nactive = 1\naddress = 10.1.0.11\nweight = 5\n}\n";
    EXPECT_THAT(of_service("scheduler = rr\n" + heavy),
                ElementsAre(HasSubstr("different weights, which rr does not look at")));
    EXPECT_THAT(of_service("scheduler = wrr\n" + heavy), IsEmpty());
    EXPECT_THAT(of_service("scheduler = rr\n"), IsEmpty());
    EXPECT_THAT(of_service("sched_flags = sh-port\n"),
                ElementsAre(HasSubstr("sched_flags has no effect on wlc")));
    EXPECT_THAT(of_service("load_monitor = rup\n"),
                ElementsAre(HasSubstr("load_monitor on top of wlc")));
    EXPECT_THAT(of_service("load_monitor = rup\nscheduler = lc\n"),
                ElementsAre(HasSubstr("load_monitor has no effect")));
    EXPECT_THAT(of_service("load_monitor = rup\nscheduler = wrr\n"), IsEmpty());
    EXPECT_THAT(of_service("load_monitor = none\n"), IsEmpty());
    EXPECT_THAT(of_service("pmask = 255.255.255.0\n"),
                ElementsAre(HasSubstr("pmask has no effect without persistent")));
}

std::string service(const std::string& name, const std::string& lines) {
    return "virtual " + name + " {\nactive = 1\naddress = 10.0.0.10 eth0:1\n" + lines +
           "server s {\naddress = 10.1.0.10\nactive = 1\n}\n}\n";
}
std::vector<std::string> of_two(const std::string& first, const std::string& second) {
    return found_in(std::string(pair) + service("a", first) + service("b", second));
}

TEST(ConfigurationCheck, FindsOneAddressAndPortOnTwoServices) {
    EXPECT_THAT(of_two("", ""),
                ElementsAre("lvs.cf:18:11: virtual \"b\": tcp 10.0.0.10 port 80 is that of virtual "
                            "\"a\" in lvs.cf:10:11 already"));
    EXPECT_THAT(of_two("port = 81\n", ""), IsEmpty());
    EXPECT_THAT(of_two("", "protocol = udp\ncheck = tcp\n"), Not(Contains(HasSubstr("already"))));
}

TEST(ConfigurationCheck, FindsOneMarkOnTwoServices) {
    EXPECT_THAT(of_two("fwmark = 80\n", "port = 443\nfwmark = 80\n"),
                ElementsAre(HasSubstr("21:10: virtual \"b\": fwmark 80 is that of virtual \"a\"")));
    EXPECT_THAT(of_two("fwmark = 80\n", "port = 443\nfwmark = 81\n"), IsEmpty());
    EXPECT_THAT(of_two("fwmark = 80\n", ""),
                ElementsAre(HasSubstr("packets with mark 80 go to virtual \"a\", others to virtual "
                                      "\"b\"")));
}

TEST(ConfigurationCheck, FindsOneAddressOnTwoInterfaces) {
    EXPECT_THAT(of_two("", "address = 10.0.0.10 eth0:2\nport = 81\n"),
                ElementsAre(HasSubstr("10.0.0.10 is on eth0:2 here, but on eth0:1 in")));
    EXPECT_THAT(of_two("", "vip_nmask = 255.255.255.0\nport = 81\n"),
                ElementsAre(HasSubstr("another netmask of 10.0.0.10")));
}

TEST(ConfigurationCheck, WarnsOfPersistenceThatDoesNotReachOverPorts) {
    EXPECT_THAT(of_two("persistent = 300\n", "port = 443\npersistent = 300\n"),
                ElementsAre(HasSubstr("one firewall mark for both makes them one service")));
    EXPECT_THAT(of_two("persistent = 300\n", "port = 8080\npersistent = 300\n"), IsEmpty());
    EXPECT_THAT(of_two("", "port = 443\npersistent = 300\n"), IsEmpty());
}

TEST(ConfigurationCheck, FindsAsMuchInManyEqualServicesAsThereAreOfThem) {
    std::string text(pair);
    for (int i = 0; i < 50; ++i) {
        text += service("a", "");
    }
    EXPECT_EQ(found_in(text).size(), 49U);
}

TEST(PiranhaNotes, TellWhatTheOriginalDoesAtRunTime) {
    EXPECT_THAT(notes_of("send_program = \"/bin/x %h\"\nexpect = OK\n"),
                Contains(HasSubstr("11:16: note: virtual \"shop\": Piranha takes a server for up "
                                   "when the program fails")));
    EXPECT_THAT(notes_of("send_program = \"/bin/x %h\"\n"),
                Contains(HasSubstr("Piranha takes the server for down")));
    EXPECT_THAT(notes_of("protocol = udp\nsend = x\n"),
                Contains(HasSubstr("Piranha's checker crashes")));
    EXPECT_THAT(notes_of("sorry_server = 10.1.0.99\n"),
                Contains(HasSubstr("Piranha 0.8.6 fails to add it")));
    EXPECT_THAT(notes_of("expect = \"a\\.b\"\nsend = \"a\\n\"\n"),
                Contains(HasSubstr("11:10: note: virtual \"shop\": a backslash")));
    EXPECT_THAT(notes_of("expect = \"a\\n\"\n"), Not(Contains(HasSubstr("backslash"))));
    EXPECT_THAT(notes_of("server z {\nactive = 1\naddress = 10.1.0.11\nweight = 0\n}\n"),
                Contains(HasSubstr("14:10: note: server \"z\" of virtual \"shop\": Piranha puts it "
                                   "in with weight 1")));
    EXPECT_THAT(notes_of("load_monitor = ruptime\n"), Contains(HasSubstr("ruptime prints")));
}

TEST(PiranhaNotes, TellOfReloadsAndOfCheckersThatDie) {
    EXPECT_THAT(notes_of(""), ElementsAre(AllOf(StartsWith("lvs.cf: note: on a reload"),
                                                HasSubstr("deletes a whole virtual service"))));
    EXPECT_THAT(texts(check(must(as_meant(with_service("") + "hard_shutdown = 1\n")))),
                Contains(StartsWith("lvs.cf:16:17: note: hard_shutdown = 1")));
    EXPECT_THAT(texts(check(must(as_meant(std::string(pair))))), Not(Contains(HasSubstr("note"))));
}

}  // namespace
}  // namespace lvslab::config
