// SPDX-License-Identifier: GPL-2.0-only
#include "core/config/directives.hpp"

#include <array>

#include "core/base/scheduler_names.hpp"

namespace lvslab::config {

namespace {

constexpr auto extension = Origin::extension;

constexpr std::array networks{Choice{"nat"}, Choice{"direct"}, Choice{"tunnel"}};
constexpr std::array services{Choice{"lvs"}, Choice{"fos"}};
constexpr std::array protocols{Choice{"tcp"}, Choice{"udp"}, Choice{"sctp", extension}};
constexpr std::array conflict_actions{Choice{"nothing"}, Choice{"preempt"}};
constexpr std::array monitors{Choice{"none"}, Choice{"rup"}, Choice{"ruptime"}, Choice{"uptime"}};
constexpr std::array failbacks{Choice{"none"}, Choice{"primary"}};
constexpr std::array checks{Choice{"tcp"}, Choice{"http"}, Choice{"https"}};
constexpr std::array schedulers{
    Choice{"rr"},
    Choice{"wrr"},
    Choice{"lc"},
    Choice{"wlc"},
    Choice{"lblc"},
    Choice{"lblcr"},
    Choice{"dh"},
    Choice{"sh"},
    Choice{"sed", extension},
    Choice{"nq", extension},
    Choice{"fo", extension},
    Choice{"ovf", extension},
    Choice{"mh", extension},
    Choice{"twos", extension},
};
constexpr std::array scheduler_flags{
    Choice{"sh-fallback", extension}, Choice{"sh-port", extension},
    Choice{"mh-fallback", extension}, Choice{"mh-port", extension},
    Choice{"flag-1", extension},      Choice{"flag-2", extension},
};

using G = LvsConfig;
using V = VirtualServer;
using S = RealServer;
using T = ValueType;

const std::array global_table{
    Directive<G>{"serial_no", T::integer, &G::serial_no,
                 "Number of the file's version; the GUI counts it up"},
    Directive<G>{"primary", T::nonzero_host, &G::primary, "Public address of the primary router"},
    Directive<G>{"primary_private", T::nonzero_host, &G::primary_private,
                 "Private address of the primary router, for heartbeats"},
    Directive<G>{"primary_shared", T::text, &G::primary_shared,
                 "Shared storage of the primary (fos)"},
    Directive<G>{"service", T::choice, &G::service,
                 "What the routers run: IPVS, or failover services without it", services},
    Directive<G>{"backup_active", T::boolean, &G::backup_active,
                 "A backup router takes part; this, not heartbeat, switches heartbeats on"},
    Directive<G>{"backup", T::host, &G::backup, "Public address of the backup router"},
    Directive<G>{"backup_private", T::nonzero_host, &G::backup_private,
                 "Private address of the backup router, for heartbeats"},
    Directive<G>{"backup_shared", T::text, &G::backup_shared, "Shared storage of the backup (fos)"},
    Directive<G>{"heartbeat", T::boolean, &G::heartbeat, "Read; pulse never looks at it"},
    Directive<G>{"heartbeat_port", T::port,
                 PortMember<G>{&G::heartbeat_port, &G::heartbeat_port_out_of_range},
                 "UDP port of heartbeats"},
    Directive<G>{"keepalive", T::seconds, &G::keepalive, "Time between heartbeats"},
    Directive<G>{"deadtime", T::seconds, &G::deadtime,
                 "Silence after which the partner counts as dead"},
    Directive<G>{"failback", T::choice, &G::failback,
                 "Who is active once a repaired primary is back: whoever is (none), or the primary",
                 failbacks, extension},
    Directive<G>{"network", T::choice, &G::network, "Forwarding method of every virtual service",
                 networks},
    Directive<G>{"nat_router", T::host_and_device,
                 OptionalDeviceMember<G>{&G::nat_router, &G::nat_router_device},
                 "Floating private address: the real servers' default gateway under NAT"},
    Directive<G>{"nat_nmask", T::netmask, &G::nat_nmask, "Netmask of nat_router"},
    Directive<G>{"debug_level", T::text, &G::debug_level, "Read; without effect"},
    Directive<G>{"monitor_links", T::integer, &G::monitor_links,
                 "Not 0: the link states are looked at before heartbeats are sent"},
    Directive<G>{"hard_shutdown", T::boolean, &G::hard_shutdown,
                 "A health checker that dies takes all of LVS down; 0 = it is only logged"},
    Directive<G>{"rsh_command", T::text, &G::rsh_command,
                 "Program that asks servers for their load when load_monitor is uptime"},
    Directive<G>{"ipvsadm", T::text, &G::ipvsadm, "Path of ipvsadm"},
    Directive<G>{"active_cmd", T::text, &G::active_cmd, "Command run on becoming active"},
    Directive<G>{"inactive_cmd", T::text, &G::inactive_cmd, "Command run on becoming inactive"},
    Directive<G>{"reservation_conflict_action", T::choice, &G::reservation_conflict_action,
                 "What to do when the shared storage is reserved by the other (fos)",
                 conflict_actions},
    Directive<G>{"syncdaemon", T::boolean, &G::syncdaemon,
                 "Connection synchronisation between the routers"},
    Directive<G>{"syncd_iface", T::text, &G::syncd_iface, "Interface of the synchronisation"},
    Directive<G>{"syncd_id", T::integer, &G::syncd_id, "Its id; Piranha hands on the low 8 bits"},
    Directive<G>{"tcp_timeout", T::seconds, &G::tcp_timeout,
                 "IPVS timeout of established TCP connections; 0 leaves the kernel's"},
    Directive<G>{"tcpfin_timeout", T::seconds, &G::tcpfin_timeout,
                 "IPVS timeout after a FIN; 0 leaves the kernel's"},
    Directive<G>{"udp_timeout", T::seconds, &G::udp_timeout,
                 "IPVS timeout of UDP; 0 leaves the kernel's"},
    Directive<G>{"sync", T::boolean, &G::sync, "Read; without effect"},
};

const std::array virtual_table{
    Directive<V>{"active", T::boolean, &V::active, "The service is offered"},
    Directive<V>{"address", T::host_and_device, DeviceMember<V>{&V::address, &V::device},
                 "Floating address of the service and the alias interface that carries it"},
    Directive<V>{"vip_nmask", T::netmask, &V::vip_nmask, "Netmask of the address"},
    Directive<V>{"fwmark", T::integer, &V::fwmark,
                 "Firewall mark; if not 0 the service is made by mark instead of address"},
    Directive<V>{"protocol", T::choice, &V::protocol, "Transport protocol", protocols},
    Directive<V>{"port", T::port, PortMember<V>{&V::port, &V::port_out_of_range},
                 "Port of the service"},
    Directive<V>{"scheduler", T::choice, &V::scheduler, "Scheduling algorithm", schedulers,
                 Origin::piranha, is_own_scheduler},
    Directive<V>{"sched_flags", T::flags, &V::sched_flags,
                 "Flags of the sh and mh schedulers, as ipvsadm -b takes them", scheduler_flags,
                 extension},
    Directive<V>{"persistent", T::seconds, &V::persistent,
                 "Time for which a client stays with its server; 0 = no persistence"},
    Directive<V>{"pmask", T::persistence_mask, &V::pmask,
                 "Netmask that makes clients one for persistence"},
    Directive<V>{"timeout", T::seconds, &V::timeout,
                 "Period of health checks and the longest one of them may take"},
    Directive<V>{"reentry", T::seconds, &V::reentry,
                 "Time a server must answer before it is used again"},
    Directive<V>{"load_monitor", T::text, &V::load_monitor,
                 "How load is measured: none, rup, ruptime or uptime", monitors},
    Directive<V>{"quiesce_server", T::boolean, &V::quiesce_server,
                 "A dead server gets weight 0 instead of being removed"},
    Directive<V>{"sorry_server", T::dotted, &V::sorry_server,
                 "Address that serves when no real server does"},
    Directive<V>{"send", T::probe_text, &V::send, "What a health check sends"},
    Directive<V>{"expect", T::probe_text, &V::expect, "What a health check expects"},
    Directive<V>{"use_regex", T::boolean, &V::use_regex, "expect is a regular expression"},
    Directive<V>{"send_program", T::probe_text, &V::send_program,
                 "Program whose output is checked instead; %h is the server, %p the port"},
    Directive<V>{"check", T::choice, &V::check,
                 "Health check by protocol: a connection, or GET over HTTP or HTTPS", checks,
                 extension},
    Directive<V>{"check_path",
                 T::url_path,
                 &V::check_path,
                 "What HTTP and HTTPS get; / if not given",
                 {},
                 extension},
    Directive<V>{"check_host",
                 T::url_host,
                 &V::check_host,
                 "Host that HTTP and HTTPS ask for; the server's address if not given",
                 {},
                 extension},
    Directive<V>{"check_status",
                 T::status_range,
                 &V::check_status,
                 "Statuses of HTTP and HTTPS that are good; 200-399 if not given",
                 {},
                 extension},
    Directive<V>{"check_body",
                 T::text,
                 &V::check_body,
                 "Text that the body of HTTP and HTTPS must contain",
                 {},
                 extension},
    Directive<V>{"check_interval",
                 T::period,
                 &V::check_interval,
                 "Pause between two health checks; timeout if not given",
                 {},
                 extension},
    Directive<V>{"check_timeout",
                 T::period,
                 &V::check_timeout,
                 "Longest that HTTP and HTTPS, or one step of another check, may take; timeout if "
                 "not given",
                 {},
                 extension},
    Directive<V>{"rise",
                 T::times,
                 &V::rise,
                 "Successes in a row that put a server in; what reentry says if not given",
                 {},
                 extension},
    Directive<V>{"fall",
                 T::times,
                 &V::fall,
                 "Failures in a row that take a server out; 1 if not given",
                 {},
                 extension},
    Directive<V>{"client_monitor", T::text, &V::client_monitor, "Path of the health checker"},
    Directive<V>{"start_cmd", T::probe_text, &V::start_cmd, "Starts a failover service"},
    Directive<V>{"stop_cmd", T::probe_text, &V::stop_cmd, "Stops a failover service"},
    Directive<V>{"master", T::host, &V::master, "Read; without effect"},
    Directive<V>{"dirs", T::list, &V::dirs, "Read; without effect"},
};

const std::array server_table{
    Directive<S>{"address", T::host, &S::address, "Address of the real server"},
    Directive<S>{"active", T::boolean, &S::active, "The server takes part"},
    Directive<S>{"weight", T::integer, &S::weight, "Its weight; 0 = no new connections"},
    Directive<S>{"port", T::port_number, PortMember<S>{&S::port, &S::port_out_of_range},
                 "Its port; the virtual service's if not given"},
    Directive<S>{"u_threshold",
                 T::count,
                 &S::u_threshold,
                 "Connections from which it gets no more; 0 = no limit",
                 {},
                 extension},
    Directive<S>{"l_threshold",
                 T::count,
                 &S::l_threshold,
                 "Connections below which it gets some again; 0 = three quarters of u_threshold",
                 {},
                 extension},
};

constexpr std::array<std::string_view, 3> network_words{"nat", "direct", "tunnel"};
constexpr std::array<std::string_view, 2> service_words{"lvs", "fos"};
constexpr std::array<std::string_view, 2> failback_words{"none", "primary"};
constexpr std::array<std::string_view, 3> check_words{"tcp", "http", "https"};

template <class Enum, std::size_t N>
bool find_word(std::string_view word, const std::array<std::string_view, N>& words, Enum& value) {
    for (std::size_t i = 0; i < N; ++i) {
        if (words[i] == word) {
            value = static_cast<Enum>(i);
            return true;
        }
    }
    return false;
}

}  // namespace

std::span<const Directive<LvsConfig>> global_directives() {
    return global_table;
}
std::span<const Directive<VirtualServer>> virtual_directives() {
    return virtual_table;
}
std::span<const Directive<RealServer>> server_directives() {
    return server_table;
}

std::string where_allowed(std::string_view name) {
    std::string where;
    const auto add = [&where](std::string_view place) {
        where += where.empty() ? "" : " and ";
        where += place;
    };
    if (find_directive<G>(name) != nullptr || name == "virtual" || name == "failover") {
        add("at the top level");
    }
    if (find_directive<V>(name) != nullptr || name == "server") {
        add("in a virtual or failover block");
    }
    if (find_directive<S>(name) != nullptr) {
        add("in a server block");
    }
    return where;
}

std::string expected_of(ValueType type, std::span<const Choice> choices) {
    switch (type) {
        case ValueType::boolean:
            return "0 or 1";
        case ValueType::integer:
            return "an integer";
        case ValueType::count:
            return "an integer from 0 on";
        case ValueType::seconds:
            return "a whole number of seconds or a number with a unit like 250ms";
        case ValueType::period:
            return "a time above 0: whole seconds or a number with a unit like 250ms";
        case ValueType::times:
            return "an integer from 1 on";
        case ValueType::status_range:
            return "an HTTP status like 200 or two from 200 to 599 like 200-399";
        case ValueType::url_path:
            return "a path that starts with / and holds no blanks";
        case ValueType::url_host:
            return "a name or an address without blanks";
        case ValueType::port:
            return "a port from 0 to 65535 or the name of a TCP service";
        case ValueType::port_number:
            return "a port from 0 to 65535";
        case ValueType::text:
        case ValueType::probe_text:
            return "a word or a quoted text";
        case ValueType::host:
            return "an address or a host name";
        case ValueType::nonzero_host:
            return "an address other than 0.0.0.0 or a host name";
        case ValueType::dotted:
            return "an address";
        case ValueType::netmask:
        case ValueType::persistence_mask:
            return "a netmask like 255.255.255.0";
        case ValueType::choice:
        case ValueType::flags:
            break;
        case ValueType::host_and_device:
            return "an address and an interface, like 10.0.0.1 eth0:1";
        case ValueType::list:
            return "a list like [ one two ]";
    }
    std::string words;
    for (std::size_t i = 0; i < choices.size(); ++i) {
        words += i == 0 ? "" : i + 1 == choices.size() ? " or " : ", ";
        words += choices[i].word;
    }
    return type == ValueType::flags ? words + ", joined by commas" : words;
}

std::string_view word_of(NetworkType type) {
    return network_words[static_cast<std::size_t>(type)];
}
std::string_view word_of(ServiceType type) {
    return service_words[static_cast<std::size_t>(type)];
}
std::string_view word_of(Failback failback) {
    return failback_words[static_cast<std::size_t>(failback)];
}
std::string_view word_of(CheckType type) {
    return check_words[static_cast<std::size_t>(type)];
}
std::string word_of(const StatusRange& range) {
    const auto first = std::to_string(range.first);
    return range.first == range.last ? first : first + '-' + std::to_string(range.last);
}
bool from_word(std::string_view word, Failback& failback) {
    return find_word(word, failback_words, failback);
}
bool from_word(std::string_view word, CheckType& type) {
    return find_word(word, check_words, type);
}
bool from_word(std::string_view word, NetworkType& type) {
    return find_word(word, network_words, type);
}
bool from_word(std::string_view word, ServiceType& type) {
    return find_word(word, service_words, type);
}
bool from_word(std::string_view word, Protocol& protocol) {
    const auto parsed = parse_protocol(word);
    protocol = parsed.value_or(protocol);
    return parsed.has_value();
}

}  // namespace lvslab::config
