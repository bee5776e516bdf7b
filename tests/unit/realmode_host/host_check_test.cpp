// SPDX-License-Identifier: GPL-2.0-only
#include "realmode/host/host_check.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <ostream>
#include <string>
#include <vector>

#include "core/config/parse.hpp"

namespace lvslab::realmode {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr auto pair_cf = R"(primary = 192.168.26.9
primary_private = 10.11.12.9
backup = 192.168.26.8
backup_private = 10.11.12.8
backup_active = 1
syncdaemon = 1
syncd_iface = eth1
network = NETWORK
nat_router = 10.11.12.10 eth1:1
nat_nmask = 255.255.255.0
virtual ftp {
    active = 1
    address = 192.168.26.10 eth0:1
    port = 21
    fwmark = 21
    persistent = 60
    server oak {
        address = 10.11.12.21
        active = 1
    }
}
virtual shop {
    active = 1
    address = 192.168.26.10 eth0:1
    port = 80
    server oak {
        address = 10.11.12.21
        active = 1
    }
}
)";

config::LvsConfig configured(const std::string& network) {
    std::string text = pair_cf;
    text.replace(text.find("NETWORK"), 7, network);
    const auto read = config::parse(text, "lvs.cf", {});
    EXPECT_TRUE(read) << read.diagnostics.to_string();
    return read.value.value_or(config::LvsConfig{});
}

HostAddress on(const std::string& device, const std::string& network) {
    return {*Network::parse(network), device};
}

Address address(const std::string& text) {
    return *Address::parse(text);
}

scenario::MarkRule mark(unsigned first, unsigned last, unsigned value) {
    scenario::MarkRule rule;
    rule.protocol = Protocol::tcp;
    rule.destination = Network::parse("192.168.26.10/32");
    rule.first_port = Port(static_cast<std::uint16_t>(first));
    rule.last_port = Port(static_cast<std::uint16_t>(last));
    rule.mark = Fwmark{value};
    return rule;
}

scenario::NatRule masquerade() {
    scenario::NatRule rule;
    rule.protocol = Protocol::tcp;
    rule.source = Network::parse("10.11.12.0/24");
    rule.first_source_port = rule.last_source_port = Port{20};
    return rule;
}

/// A primary router that has all it needs.
HostFacts sound_router() {
    HostFacts facts;
    facts.ipvs = true;
    facts.modules = {{"ip_vs", ModuleState::loaded}, {"ip_vs_wlc", ModuleState::loadable}};
    facts.settings = {{"net.ipv4.ip_forward", 1}, {"net.ipv4.vs.conntrack", 0}};
    facts.devices = {{"lo", true, true, true}, {"eth0", true, true}, {"eth1", true, true}};
    facts.addresses = {on("eth0", "192.168.26.9/24"), on("eth1", "10.11.12.9/24")};
    facts.rules.marks = {mark(10000, 20000, 21), mark(21, 21, 21)};
    facts.rules.nat = {masquerade()};
    facts.clock_synchronised = true;
    return facts;
}

/// A real server that has all it needs under direct routing.
HostFacts sound_real_server() {
    HostFacts facts;
    facts.settings = {{"net.ipv4.conf.all.arp_ignore", 1}, {"net.ipv4.conf.all.arp_announce", 2}};
    facts.devices = {{"lo", true, true, true}, {"eth0", true, true}};
    facts.addresses = {on("eth0", "10.11.12.21/24"), on("lo", "192.168.26.10/32")};
    facts.clock_synchronised = true;
    return facts;
}

HostFacts sound_tunnel_server() {
    auto facts = sound_real_server();
    facts.devices.push_back({"tunl0", true, true});
    facts.addresses[1] = on("tunl0", "192.168.26.10/32");
    facts.settings["net.ipv4.conf.all.rp_filter"] = 0;
    facts.settings["net.ipv4.conf.tunl0.rp_filter"] = 0;
    return facts;
}

std::vector<HostFinding> found(const config::LvsConfig& config, const HostFacts& facts) {
    return check_host(config, router::host_rules(config), facts, "lvsrouter rules");
}

std::string shown(const std::vector<HostFinding>& findings) {
    std::string text;
    for (const auto& f : findings) {
        text += (f.severity == Severity::error     ? "error "
                 : f.severity == Severity::warning ? "warning "
                                                   : "note ") +
                f.location.to_string() + ": " + f.message + " -> " + f.cure + "\n";
    }
    return text;
}

TEST(HostCheck, finds_nothing_on_a_sound_host) {
    EXPECT_EQ(shown(found(configured("nat"), sound_router())), "");
    EXPECT_EQ(shown(found(configured("direct"), sound_real_server())), "");
    EXPECT_EQ(shown(found(configured("tunnel"), sound_tunnel_server())), "");
}

/// One thing that is not as it should be, and the one finding that tells it.
struct Case {
    const char* name;
    const char* network;
    std::function<HostFacts()> sound;
    std::function<void(HostFacts&, config::LvsConfig&)> spoil;
    const char* told;  ///< "SEVERITY PLACE: message" up to where it is clear
    const char* cure;

    friend void PrintTo(const Case& c, std::ostream* out) { *out << c.name; }
};

class OneFault : public ::testing::TestWithParam<Case> {};

TEST_P(OneFault, is_the_one_finding_with_its_cure) {
    const auto& fault = GetParam();
    auto config = configured(fault.network);
    auto facts = fault.sound();
    fault.spoil(facts, config);
    const auto findings = found(config, facts);
    ASSERT_EQ(findings.size(), 1U) << shown(findings);
    EXPECT_THAT(shown(findings), HasSubstr(fault.told));
    EXPECT_EQ(findings.front().cure, fault.cure);
}

using Facts = HostFacts;
using Config = config::LvsConfig;

const std::vector<Case> router_faults{
    {"no_ipvs", "nat", sound_router, [](Facts& f, Config&) { f.ipvs = false; },
     "error lvs.cf: IPVS is not in the kernel: module ip_vs is not loaded", "modprobe ip_vs"},
    {"no_ipvs_module", "nat", sound_router,
     [](Facts& f, Config&) {
         f.ipvs = false;
         f.modules["ip_vs"] = ModuleState::absent;
     },
     "error lvs.cf: IPVS is not in this kernel, which has no module ip_vs either",
     "boot a kernel that has it, such as Debian's linux-image-amd64"},
    {"no_scheduler", "nat", sound_router,
     [](Facts& f, Config&) { f.modules["ip_vs_wlc"] = ModuleState::absent; },
     "scheduler wlc: this kernel has no module ip_vs_wlc",
     "boot a kernel that has it, such as Debian's linux-image-amd64"},
    {"no_ftp_module", "nat", sound_router,
     [](Facts& f, Config& c) {
         c.virtual_servers[0].fwmark = {};
         f.rules = {};
         f.modules["ip_vs_ftp"] = ModuleState::loadable;
     },
     "error lvs.cf: FTP behind NAT without a firewall mark: module ip_vs_ftp is not loaded",
     "modprobe ip_vs_ftp"},
    {"no_forwarding", "nat", sound_router,
     [](Facts& f, Config&) { f.settings["net.ipv4.ip_forward"] = 0; },
     "error lvs.cf: net.ipv4.ip_forward is 0, but the real servers' answers pass through",
     "sysctl -w net.ipv4.ip_forward=1"},
    {"no_forwarding_of_direct_routing", "direct", sound_router,
     [](Facts& f, Config&) { f.settings["net.ipv4.ip_forward"] = 0; },
     "warning lvs.cf: net.ipv4.ip_forward is 0, but the manual asks for it",
     "sysctl -w net.ipv4.ip_forward=1"},
    {"no_part", "nat", sound_router, [](Facts& f, Config&) { f.addresses.clear(); },
     "error lvs.cf:1:11: no address of this host is that of the primary router (192.168.26.9)",
     "run this on a host of the cluster, or give the host its address: ip addr add "
     "ADDRESS/LENGTH dev DEVICE"},
    {"both_routers", "nat", sound_router,
     [](Facts& f, Config&) { f.addresses.push_back(on("eth0", "192.168.26.8/24")); },
     "error lvs.cf:3:10: this host has the addresses of both routers",
     "take one of them off this host"},
    {"backup_by_its_private_address", "nat", sound_router,
     [](Facts& f, Config&) {
         f.addresses = {on("eth0", "192.168.26.77/24"), on("eth1", "10.11.12.8/24")};
     },
     "warning lvs.cf:3:10: backup is 192.168.26.8, which this host does not have: it is the backup "
     "by backup_private",
     "ip addr add 192.168.26.8/LENGTH dev DEVICE"},
    {"no_private_address", "nat", sound_router,
     [](Facts& f, Config&) { f.addresses[1] = on("eth1", "10.11.12.7/24"); },
     "error lvs.cf:2:19: primary_private is 10.11.12.9, which this host does not have",
     "ip addr add 10.11.12.9/LENGTH dev DEVICE"},
    {"inactive_backup", "nat", sound_router,
     [](Facts& f, Config& c) {
         f.addresses = {on("eth0", "192.168.26.8/24"), on("eth1", "10.11.12.8/24")};
         c.backup_active = false;
     },
     "error lvs.cf:5:17: this host is the backup router and backup_active is 0",
     "set backup_active = 1 in both routers' files"},
    {"no_device", "nat", sound_router,
     [](Facts& f, Config&) { f.devices.erase(f.devices.begin() + 1); },
     "error lvs.cf:13:15: 192.168.26.10 is on eth0, which this host does not have; it has lo, eth1",
     "give the device's name of this host, the same on both routers"},
    {"device_down", "nat", sound_router, [](Facts& f, Config&) { f.devices[2].up = false; },
     "error lvs.cf:9:14: 10.11.12.10 is on eth1, which is down", "ip link set eth1 up"},
    {"no_sync_device", "nat", sound_router, [](Facts&, Config& c) { c.syncd_iface = "eth7"; },
     "error lvs.cf:7:15: the sync daemon is on eth7, which this host does not have",
     "give the device's name of this host, the same on both routers"},
    {"no_link", "nat", sound_router, [](Facts& f, Config&) { f.devices[1].carrier = false; },
     "warning lvs.cf:13:15: 192.168.26.10 is on eth0, which has no link",
     "look after the cable or the switch's port"},
    {"no_watched_link", "nat", sound_router,
     [](Facts& f, Config& c) {
         f.devices[1].carrier = false;
         c.monitor_links = 1;
     },
     "error lvs.cf:13:15: 192.168.26.10 is on eth0, which has no link: with monitor_links",
     "look after the cable or the switch's port"},
    {"strange_network", "nat", sound_router,
     [](Facts& f, Config&) { f.addresses[0] = on("eth0", "192.168.26.9/32"); },
     "warning lvs.cf:13:15: 192.168.26.10 is in no network of eth0", "ip addr show dev eth0"},
    {"heartbeat_port_taken", "nat", sound_router,
     [](Facts& f, Config&) {
         f.udp_ports.push_back({{address("0.0.0.0"), Port{539}}, "pulse", 4711});
     },
     "error lvs.cf: heartbeats come to UDP port 539, which pulse (process 4711) holds at 0.0.0.0",
     "kill 4711"},
    {"heartbeat_port_taken_by_nobody_seen", "nat", sound_router,
     [](Facts& f, Config&) {
         f.udp_ports.push_back({{address("10.11.12.9"), Port{539}}, "", 0});
     },
     "UDP port 539, which another program holds at 10.11.12.9", "ss -ulpn sport = 539"},
    {"far_real_server", "direct", sound_router,
     [](Facts&, Config& c) {
         c.virtual_servers[0].servers[0].address = address("172.16.0.1");
         c.virtual_servers[1].active = false;
     },
     "error lvs.cf:18:19: real server oak (172.16.0.1) is in no network of this host: direct "
     "routing reaches neighbours alone",
     "ip route get 172.16.0.1"},
    {"real_server_behind_a_gateway", "nat", sound_router,
     [](Facts&, Config& c) { c.virtual_servers[1].servers[0].address = address("172.16.0.1"); },
     "warning lvs.cf:27:19: real server oak (172.16.0.1) is in no network of this host: its "
     "answers may pass this router by",
     "ip route get 172.16.0.1"},
};

/// A host whose filter has these lines of iptables-save.
void filter(HostFacts& facts, const std::string& lines) {
    add_iptables_filter(
        "*filter\n:INPUT ACCEPT [0:0]\n:FORWARD ACCEPT [0:0]\n:OUTPUT ACCEPT "
        "[0:0]\n" +
            lines,
        "iptables-save", "ip", facts.filters);
}

constexpr HardwareAddress partner_mac{2, 0, 0, 0, 0, 8}, stranger_mac{2, 0, 0, 0, 0, 0x99},
    server_mac{2, 0, 0, 0, 0, 0x21};

const std::vector<Case> filter_faults{
    {"heartbeats_dropped", "nat", sound_router,
     [](Facts& f, Config&) { filter(f, "-A INPUT -s 192.168.26.8/32 -p udp -j DROP\n"); },
     "error lvs.cf: heartbeats from 192.168.26.8 on the public path (UDP port 539) are dropped by "
     "chain INPUT of table ip filter (input): -A INPUT -s 192.168.26.8/32 -p udp -j DROP",
     "iptables -I INPUT -s 192.168.26.8 -d 192.168.26.9 -p udp --sport 539 --dport 539 -j ACCEPT"},
    {"private_heartbeats_do_not_leave", "nat", sound_router,
     [](Facts& f, Config&) { filter(f, "-A OUTPUT -o eth1 -p udp -j REJECT\n"); },
     "error lvs.cf: heartbeats to 10.11.12.8 on the private path (UDP port 539) are dropped by "
     "chain OUTPUT",
     "iptables -I OUTPUT -s 10.11.12.9 -d 10.11.12.8 -p udp --sport 539 --dport 539 -j ACCEPT"},
    {"heartbeats_as_answers", "nat", sound_router,
     [](Facts& f, Config&) {
         filter(
             f,
             "-A INPUT -p tcp -j ACCEPT\n-A INPUT -i eth1 -j ACCEPT\n"
             "-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n-A INPUT -j DROP\n");
     },
     "note lvs.cf: cannot tell whether heartbeats from 192.168.26.8 on the public path (UDP port "
     "539) get through chain INPUT of table ip filter (input): it hangs on -A INPUT -m conntrack",
     "iptables -I INPUT -s 192.168.26.8 -d 192.168.26.9 -p udp --sport 539 --dport 539 -j ACCEPT"},
    {"requests_dropped", "nat", sound_router,
     [](Facts& f, Config&) { filter(f, "-A INPUT -p tcp -m tcp --dport 80 -j DROP\n"); },
     "error lvs.cf:25:12: requests to virtual \"shop\" (192.168.26.10, tcp port 80) are dropped by",
     "iptables -I INPUT -d 192.168.26.10 -p tcp --dport 80 -j ACCEPT"},
    {"passive_ftp_dropped", "direct", sound_router,
     [](Facts& f, Config&) {
         filter(f, "-A INPUT -p tcp -m multiport ! --dports 21,80 -j DROP\n");
     },
     "requests to virtual \"ftp\" (192.168.26.10, tcp ports 10000:20000) are dropped by",
     "iptables -I INPUT -d 192.168.26.10 -p tcp --dport 10000:20000 -j ACCEPT"},
    {"answers_not_forwarded", "nat", sound_router,
     [](Facts& f, Config& c) {
         c.virtual_servers[0].active = false;
         filter(f, "-A FORWARD -i eth1 -j DROP\n");
     },
     "error lvs.cf:27:19: answers of real server oak (10.11.12.21, tcp port 80) are dropped by "
     "chain FORWARD",
     "iptables -I FORWARD -s 10.11.12.21 -p tcp --sport 80 -j ACCEPT"},
    {"requests_not_sent_on", "direct", sound_router,
     [](Facts& f, Config& c) {
         c.virtual_servers[0].active = false;
         filter(f, "-A OUTPUT -o eth1 -p tcp -j DROP\n");
     },
     "error lvs.cf:27:19: requests to real server oak (10.11.12.21, tcp port 80) are dropped by "
     "chain OUTPUT",
     "iptables -I OUTPUT -d 192.168.26.10 -p tcp --dport 80 -j ACCEPT"},
    {"held_by_a_stranger", "nat", sound_router,
     [](Facts& f, Config&) {
         f.probe.holders = {{address("192.168.26.10"), "eth0", stranger_mac},
                            {address("192.168.26.10"), "eth0", partner_mac},
                            {address("192.168.26.8"), "eth0", partner_mac}};
     },
     "error lvs.cf:13:15: 192.168.26.10 is held by 02:00:00:00:00:99 on the network of eth0, which "
     "is not the other router: two hosts answer for it",
     "take the address off that host"},
    {"nat_address_held_by_a_stranger", "nat", sound_router,
     [](Facts& f, Config&) {
         f.probe.holders = {{address("10.11.12.10"), "eth1", stranger_mac},
                            {address("10.11.12.8"), "eth1", partner_mac}};
     },
     "error lvs.cf:9:14: 10.11.12.10 is held by 02:00:00:00:00:99 on the network of eth1",
     "take the address off that host"},
    {"held_by_a_real_server", "nat", sound_router,
     [](Facts& f, Config&) {
         f.probe.holders = {{address("192.168.26.10"), "eth0", server_mac},
                            {address("10.11.12.21"), "eth0", server_mac}};
     },
     "02:00:00:00:00:21 on the network of eth0, which is real server oak (10.11.12.21): it takes "
     "the clients away",
     "on that host: sysctl -w net.ipv4.conf.all.arp_ignore=1 net.ipv4.conf.all.arp_announce=2"},
    {"held_by_who_may_be_the_partner", "nat", sound_router,
     [](Facts& f, Config&) {
         f.probe.holders = {{address("192.168.26.10"), "eth0", stranger_mac}};
     },
     "note lvs.cf:13:15: 192.168.26.10 is held by 02:00:00:00:00:99 on the network of eth0; cannot "
     "tell whether that is the other router",
     "take the address off that host if it is another"},
    {"neighbours_not_asked", "nat", sound_router,
     [](Facts& f, Config&) { f.probe.failures = {"eth0 was not asked: Operation not permitted"}; },
     "note lvs.cf: cannot tell whether another host holds a virtual address: eth0 was not asked: "
     "Operation not permitted",
     "run this as root"},
};

const std::vector<Case> rule_faults{
    {"no_mark", "nat", sound_router, [](Facts& f, Config&) { f.rules.marks.pop_back(); },
     "error lvs.cf:15:14: virtual \"ftp\" needs firewall mark 21: packets to tcp port 21 of "
     "192.168.26.10 get no firewall mark",
     "lvsrouter rules | nft -f -"},
    {"wrong_mark", "nat", sound_router,
     [](Facts& f, Config&) { f.rules.marks.push_back(mark(15000, 15009, 3)); },
     "passive FTP of virtual \"ftp\" needs firewall mark 21: packets to tcp ports 15000:15009 of "
     "192.168.26.10 get firewall mark 3",
     "lvsrouter rules | nft -f -"},
    {"mark_for_some_clients", "nat", sound_router,
     [](Facts& f, Config&) { f.rules.marks[1].source = Network::parse("10.0.0.0/8"); },
     "packets to tcp port 21 of 192.168.26.10 get no firewall mark", "lvsrouter rules | nft -f -"},
    {"mark_perhaps", "nat", sound_router,
     [](Facts& f, Config&) {
         f.rules.marks.pop_back();
         f.rules.unread_marks = {{"-A PREROUTING -j OURS"},
                                 {"-A PREROUTING -d 192.168.26.11/32 -j OURS", std::nullopt,
                                  Network::parse("192.168.26.11/32")}};
     },
     "warning lvs.cf:15:14: virtual \"ftp\" needs firewall mark 21: packets to tcp port 21 of "
     "192.168.26.10 get no firewall mark; 1 loaded rule could not be read and may do it: -A "
     "PREROUTING -j OURS",
     "lvsrouter rules | nft -f -"},
    {"no_mark_though_another_address_may_have_one", "nat", sound_router,
     [](Facts& f, Config&) {
         f.rules.marks.pop_back();
         f.rules.unread_marks = {{"-A PREROUTING -d 192.168.26.11/32 -i eth0 -j MARK", std::nullopt,
                                  Network::parse("192.168.26.11/32")}};
     },
     "error lvs.cf:15:14: virtual \"ftp\" needs firewall mark 21: packets to tcp port 21 of "
     "192.168.26.10 get no firewall mark -> ",
     "lvsrouter rules | nft -f -"},
    {"stray_mark", "nat", sound_router,
     [](Facts& f, Config&) { f.rules.marks.push_back(mark(80, 80, 21)); },
     "error lvs.cf:25:12: loaded rules give packets to tcp port 80 of 192.168.26.10 firewall mark "
     "21: virtual \"ftp\" takes them, not \"shop\"",
     "lvsrouter rules tells which ports to mark"},
    {"no_masquerading", "nat", sound_router, [](Facts& f, Config&) { f.rules.nat.clear(); },
     "error lvs.cf:14:12: active FTP of virtual \"ftp\": connections that 10.11.12.0/24 opens "
     "from port 20 are not masqueraded",
     "lvsrouter rules | nft -f -"},
    {"masquerading_for_some_servers", "nat", sound_router,
     [](Facts& f, Config&) { f.rules.nat[0].source = Network::parse("10.11.12.0/25"); },
     "are not masqueraded", "lvsrouter rules | nft -f -"},
    {"masquerading_to_some_clients", "nat", sound_router,
     [](Facts& f, Config&) { f.rules.nat[0].destination = Network::parse("10.0.0.0/8"); },
     "are not masqueraded", "lvsrouter rules | nft -f -"},
    {"masquerading_perhaps", "nat", sound_router,
     [](Facts& f, Config&) {
         f.rules.nat.clear();
         f.rules.unread_nat = {{"-A POSTROUTING -j OURS"}, {"-A POSTROUTING -j THEIRS"}};
     },
     "warning lvs.cf:14:12: active FTP of virtual \"ftp\": connections that 10.11.12.0/24 opens "
     "from port 20 are not masqueraded; 2 loaded rules could not be read and may do it",
     "lvsrouter rules | nft -f -"},
    {"no_masquerading_though_others_may_be", "nat", sound_router,
     [](Facts& f, Config&) {
         f.rules.nat.clear();
         f.rules.unread_nat = {{"-A POSTROUTING -s 10.0.3.0/24 ! -d 10.0.3.0/24 -j MASQUERADE",
                                Network::parse("10.0.3.0/24"), std::nullopt}};
     },
     "error lvs.cf:14:12: active FTP of virtual \"ftp\": connections that 10.11.12.0/24 opens "
     "from port 20 are not masqueraded -> ",
     "lvsrouter rules | nft -f -"},
    {"rules_not_known", "nat", sound_router,
     [](Facts& f, Config&) { f.rules_not_read = {"iptables-save: not installed"}; },
     "warning lvs.cf: loaded rules are not known in full: iptables-save: not installed",
     "run this as root, with nftables and iptables installed"},
    {"source_nat_without_conntrack", "nat", sound_router,
     [](Facts& f, Config&) {
         scenario::NatRule all;
         f.rules.nat.push_back(all);
     },
     "warning lvs.cf: a loaded rule changes the source of packets to 10.11.12.21:21, but not of "
     "those of IPVS",
     "sysctl -w net.ipv4.vs.conntrack=1"},
    {"vip_on_another_device", "nat", sound_router,
     [](Facts& f, Config&) { f.addresses.push_back(on("eth1", "192.168.26.10/32")); },
     "error lvs.cf:13:15: 192.168.26.10 is on eth1 of this host, not on eth0",
     "ip addr del 192.168.26.10/32 dev eth1"},
    {"vip_without_a_router", "nat", sound_router,
     [](Facts& f, Config&) { f.addresses.push_back(on("eth0", "192.168.26.10/24")); },
     "error lvs.cf:13:15: 192.168.26.10 is on eth0 though no lvsrouter runs here",
     "ip addr del 192.168.26.10/24 dev eth0"},
    {"clock", "nat", sound_router, [](Facts& f, Config&) { f.clock_synchronised = false; },
     "note lvs.cf: this host's clock is not synchronised", "timedatectl set-ntp true"},
};

const std::vector<Case> real_server_faults{
    {"answers_arp", "direct", sound_real_server,
     [](Facts& f, Config&) { f.settings["net.ipv4.conf.all.arp_ignore"] = 0; },
     "error lvs.cf:17:5: this real server answers ARP requests for 192.168.26.10 on eth0",
     "sysctl -w net.ipv4.conf.all.arp_ignore=1"},
    {"vip_on_the_wire", "direct", sound_real_server,
     [](Facts& f, Config&) { f.addresses[1] = on("eth0", "192.168.26.10/24"); },
     "error lvs.cf:17:5: this real server answers ARP requests for 192.168.26.10 on eth0",
     "ip addr del 192.168.26.10/24 dev eth0; ip addr add 192.168.26.10/32 dev lo"},
    {"asks_in_its_name", "direct", sound_real_server,
     [](Facts& f, Config&) { f.settings["net.ipv4.conf.all.arp_announce"] = 1; },
     "error lvs.cf:17:5: this real server may ask for neighbours on eth0 in the name of "
     "192.168.26.10",
     "sysctl -w net.ipv4.conf.all.arp_announce=2"},
    {"no_vip", "direct", sound_real_server, [](Facts& f, Config&) { f.addresses.pop_back(); },
     "warning lvs.cf:17:5: this real server does not have 192.168.26.10",
     "ip addr add 192.168.26.10/32 dev lo"},
    {"no_vip_and_not_silent", "direct", sound_real_server,
     [](Facts& f, Config&) {
         f.addresses.pop_back();
         f.settings.clear();
     },
     "warning lvs.cf:17:5: this real server does not have 192.168.26.10",
     "sysctl -w net.ipv4.conf.all.arp_ignore=1 net.ipv4.conf.all.arp_announce=2 && ip addr add "
     "192.168.26.10/32 dev lo"},
    {"tunnel_down", "tunnel", sound_tunnel_server,
     [](Facts& f, Config&) { f.devices.back().up = false; },
     "error lvs.cf:17:5: packets come through a tunnel, but tunl0 is down", "ip link set tunl0 up"},
    {"no_tunnel", "tunnel", sound_tunnel_server, [](Facts& f, Config&) { f.devices.pop_back(); },
     "error lvs.cf:17:5: packets come through a tunnel, but there is no device tunl0",
     "modprobe ipip"},
    {"strict_tunnel", "tunnel", sound_tunnel_server,
     [](Facts& f, Config&) { f.settings["net.ipv4.conf.all.rp_filter"] = 1; },
     "error lvs.cf:17:5: rp_filter drops what comes out of tunl0",
     "sysctl -w net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.tunl0.rp_filter=0"},
};

const auto named = [](const auto& info) { return std::string(info.param.name); };
INSTANTIATE_TEST_SUITE_P(Router, OneFault, ::testing::ValuesIn(router_faults), named);
INSTANTIATE_TEST_SUITE_P(Filters, OneFault, ::testing::ValuesIn(filter_faults), named);
INSTANTIATE_TEST_SUITE_P(Rules, OneFault, ::testing::ValuesIn(rule_faults), named);
INSTANTIATE_TEST_SUITE_P(RealServer, OneFault, ::testing::ValuesIn(real_server_faults), named);

TEST(HostCheck, a_running_router_holds_its_virtual_addresses_and_its_port) {
    auto facts = sound_router();
    facts.router_pid = 4711;
    facts.addresses.push_back(on("eth0", "192.168.26.10/24"));
    facts.udp_ports.push_back({{address("192.168.26.9"), Port{539}}, "lvsrouter", 4711});
    EXPECT_EQ(shown(found(configured("nat"), facts)), "");
}

TEST(HostCheck, the_other_router_holds_virtual_addresses_by_right) {
    auto facts = sound_router();
    facts.probe.holders = {{address("192.168.26.10"), "eth0", partner_mac},
                           {address("192.168.26.8"), "eth0", partner_mac}};
    EXPECT_EQ(shown(found(configured("nat"), facts)), "");
}

TEST(HostCheck, asks_for_what_is_not_its_own_and_for_those_who_may_answer) {
    auto facts = sound_router();
    const std::vector<AddressQuestion> all{{address("192.168.26.10"), "eth0"},
                                           {address("10.11.12.10"), "eth1"},
                                           {address("192.168.26.8"), "eth0"},
                                           {address("10.11.12.8"), "eth1"},
                                           {address("10.11.12.21"), "eth1"}};
    EXPECT_EQ(questions_to_neighbours(configured("nat"), facts), all);
    facts.addresses.push_back(on("eth0", "192.168.26.10/24"));
    const auto held = questions_to_neighbours(configured("nat"), facts);
    EXPECT_EQ(held.front().address, address("10.11.12.10"));
    EXPECT_TRUE(questions_to_neighbours(configured("direct"), sound_real_server()).empty());
}

TEST(HostCheck, dropped_arp_requests_are_as_good_as_settings) {
    auto facts = sound_real_server();
    facts.settings.clear();
    facts.rules.silent = {address("192.168.26.10")};
    EXPECT_EQ(shown(found(configured("direct"), facts)), "");
}

TEST(HostCheck, a_setting_of_the_device_counts_like_that_of_all) {
    auto facts = sound_real_server();
    facts.settings = {{"net.ipv4.conf.eth0.arp_ignore", 2}, {"net.ipv4.conf.eth0.arp_announce", 2}};
    EXPECT_EQ(shown(found(configured("direct"), facts)), "");
    facts.settings["net.ipv4.conf.all.rp_filter"] = 1;
    EXPECT_EQ(shown(found(configured("direct"), facts)), "");
}

TEST(HostCheck, a_loose_reverse_path_lets_a_tunnel_be) {
    auto facts = sound_tunnel_server();
    facts.settings["net.ipv4.conf.tunl0.rp_filter"] = 2;
    facts.settings["net.ipv4.conf.all.rp_filter"] = 1;
    EXPECT_EQ(shown(found(configured("tunnel"), facts)), "");
}

TEST(HostCheck, wider_rules_do_as_well) {
    auto facts = sound_router();
    facts.rules.marks = {mark(1, 65535, 21), mark(80, 80, 5)};
    facts.rules.marks[0].protocol.reset();
    facts.rules.marks[0].destination = Network::parse("192.168.26.0/24");
    facts.rules.nat[0].source = Network::parse("10.0.0.0/8");
    facts.rules.nat[0].protocol.reset();
    EXPECT_EQ(shown(found(configured("nat"), facts)), "");
}

TEST(HostCheck, names_the_parts_of_a_host) {
    auto facts = sound_router();
    facts.addresses.push_back(on("eth1", "10.11.12.21/24"));
    const auto config = configured("direct");
    const auto rules = router::host_rules(config);
    EXPECT_EQ(parts_of_host(config, rules, facts).to_string(),
              "the primary router and a real server");
    EXPECT_EQ(parts_of_host(config, rules, HostFacts{}).to_string(), "outside of the cluster");
    // As `lvsrouter run` has it: who has primary_private alone would be a third router.
    facts.addresses = {on("eth1", "10.11.12.8/24")};
    EXPECT_EQ(parts_of_host(config, rules, facts).to_string(), "the backup router");
    facts.addresses = {on("eth1", "10.11.12.9/24")};
    EXPECT_EQ(parts_of_host(config, rules, facts).to_string(), "outside of the cluster");
}

TEST(MissingMark, is_the_first_stretch_of_ports_without_it) {
    const router::MarkNeed need{
        Protocol::tcp, address("192.168.26.10"), {Port{100}, Port{199}}, Fwmark{7}, "", {}};
    const auto missing = [&](const std::vector<scenario::MarkRule>& rules) -> std::string {
        const auto m = missing_mark(need, rules);
        return m ? m->ports.to_string() + "=" + std::to_string(m->found.value()) : "none";
    };
    EXPECT_EQ(missing({}), "100:199=0");
    EXPECT_EQ(missing({mark(100, 199, 7)}), "none");
    EXPECT_EQ(missing({mark(100, 150, 7), mark(151, 199, 7)}), "none");
    EXPECT_EQ(missing({mark(100, 150, 7), mark(152, 199, 7)}), "151=0");
    EXPECT_EQ(missing({mark(100, 199, 7), mark(0, 100, 8)}), "100=8");
    EXPECT_EQ(missing({mark(0, 65535, 8), mark(100, 198, 7)}), "199=8");
    EXPECT_EQ(missing({mark(0, 65535, 7)}), "none");
}

}  // namespace
}  // namespace lvslab::realmode
