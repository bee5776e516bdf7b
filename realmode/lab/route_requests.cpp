// SPDX-License-Identifier: GPL-2.0-only
#include "realmode/lab/route_requests.hpp"

#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netlink/errno.h>
#include <netlink/netlink.h>
#include <netlink/route/qdisc.h>
#include <netlink/route/qdisc/plug.h>
#include <netlink/route/rule.h>
#include <netlink/route/tc.h>
#include <netlink/socket.h>

#include <cerrno>
#include <memory>
#include <system_error>

#include <fmt/format.h>

namespace lvslab::lab {
namespace {

struct Put {
    void operator()(nl_sock* socket) const { nl_socket_free(socket); }
    void operator()(rtnl_qdisc* qdisc) const { rtnl_qdisc_put(qdisc); }
    void operator()(rtnl_rule* rule) const { rtnl_rule_put(rule); }
};
template <class T>
using Owned = std::unique_ptr<T, Put>;

/// The plug's handle, by which it is found again.
constexpr std::uint32_t plug_handle = 0xF0000;
/// Rules are looked at by their number. The kernel's own first one (local addresses, number 0)
/// makes room for ours.
constexpr std::uint32_t first = 0, unheard = 1, local_addresses = 2;

void check(int libnl, const std::string& what) {
    if (libnl < 0) {
        throw std::system_error(EIO, std::generic_category(),
                                fmt::format("{}: {}", what, nl_geterror(libnl)));
    }
}

Owned<nl_sock> connected(const NetworkNamespace& where) {
    Owned<nl_sock> socket(nl_socket_alloc());
    const Inside inside(where);
    check(nl_connect(socket.get(), NETLINK_ROUTE), "rtnetlink");
    return socket;
}

Owned<rtnl_qdisc> plug_of(const NetworkNamespace& where, const std::string& device) {
    Owned<rtnl_qdisc> qdisc(rtnl_qdisc_alloc());
    auto* tc = TC_CAST(qdisc.get());
    const Inside inside(where);
    rtnl_tc_set_ifindex(tc, static_cast<int>(::if_nametoindex(device.c_str())));
    rtnl_tc_set_parent(tc, TC_H_ROOT);
    rtnl_tc_set_handle(tc, plug_handle);
    rtnl_tc_set_kind(tc, "plug");
    return qdisc;
}

Owned<rtnl_rule> rule(std::uint32_t number, std::uint8_t action) {
    Owned<rtnl_rule> made(rtnl_rule_alloc());
    rtnl_rule_set_family(made.get(), AF_INET);
    rtnl_rule_set_prio(made.get(), number);
    rtnl_rule_set_action(made.get(), action);
    return made;
}

Owned<rtnl_rule> local_rule(std::uint32_t number) {
    auto made = rule(number, FR_ACT_TO_TBL);
    rtnl_rule_set_table(made.get(), RT_TABLE_LOCAL);
    return made;
}

Owned<rtnl_rule> rule_of(const UnheardDatagrams& which) {
    auto made = rule(unheard, FR_ACT_BLACKHOLE);
    rtnl_rule_set_iif(made.get(), which.device.c_str());
    rtnl_rule_set_ipproto(made.get(), IPPROTO_UDP);
    rtnl_rule_set_dport(made.get(), which.port.value());
    return made;
}

}  // namespace

void plug(const NetworkNamespace& where, const std::string& device, std::size_t bytes) {
    const auto socket = connected(where);
    const auto qdisc = plug_of(where, device);
    rtnl_qdisc_plug_set_limit(qdisc.get(), static_cast<int>(bytes));
    check(rtnl_qdisc_add(socket.get(), qdisc.get(), NLM_F_CREATE | NLM_F_REPLACE),
          "plug " + device);
}

void release(const NetworkNamespace& where, const std::string& device) {
    const auto socket = connected(where);
    const auto qdisc = plug_of(where, device);
    rtnl_qdisc_plug_release_indefinite(qdisc.get());
    check(rtnl_qdisc_add(socket.get(), qdisc.get(), 0), "release " + device);
}

void leave_unheard(const NetworkNamespace& where, const UnheardDatagrams& which) {
    const auto socket = connected(where);
    // Once; later there is no rule of that number.
    if (rtnl_rule_add(socket.get(), local_rule(local_addresses).get(), NLM_F_CREATE | NLM_F_EXCL) >=
        0) {
        check(rtnl_rule_delete(socket.get(), local_rule(first).get(), 0),
              "rule of local addresses");
    }
    check(rtnl_rule_add(socket.get(), rule_of(which).get(), NLM_F_CREATE | NLM_F_EXCL),
          "rule of " + which.device);
}

void hear_again(const NetworkNamespace& where, const UnheardDatagrams& which) {
    check(rtnl_rule_delete(connected(where).get(), rule_of(which).get(), 0),
          "rule of " + which.device);
}

}  // namespace lvslab::lab
