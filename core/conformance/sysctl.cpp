// SPDX-License-Identifier: GPL-2.0-only
#include "core/conformance/sysctl.hpp"

#include <algorithm>
#include <array>

#include <fmt/format.h>

namespace lvslab::conformance {
namespace {

/// They change no decision, state or counter that is modelled.
constexpr std::array<std::string_view, 20> without_effect = {
    "am_droprate",         "amemthresh",        "nat_icmp_send",
    "pmtu_disc",           "run_estimation",    "snat_reroute",
    "sync_ports",          "sync_qlen_max",     "sync_retries",
    "sync_refresh_period", "sync_sock_size",    "sync_threshold",
    "sync_version",        "sync_persist_mode", "schedule_icmp",
    "ignore_tunneled",     "est_cpulist",       "est_nice",
    "debug_level",         "sync_period"};

/// Their effect is not modelled: only 0 can be set.
constexpr std::array<std::string_view, 5> off_only = {"backup_only", "cache_bypass", "conntrack",
                                                      "drop_entry", "drop_packet"};

std::string_view bare(std::string_view name) {
    for (const std::string_view prefix :
         {"/proc/sys/net/ipv4/vs/", "net.ipv4.vs.", "net/ipv4/vs/"}) {
        if (name.starts_with(prefix)) {
            return name.substr(prefix.size());
        }
    }
    return name;
}

}  // namespace

std::string set_sysctl(ipvs::Options& options, std::string_view name, std::int64_t value) {
    const auto known = bare(name);
    if (known == "expire_nodest_conn") {
        options.expire_nodest_conn = value != 0;
    } else if (known == "expire_quiescent_template") {
        options.expire_quiescent_template = value != 0;
    } else if (known == "conn_reuse_mode") {
        options.conn_reuse_mode = static_cast<unsigned>(value);
    } else if (known == "sloppy_tcp") {
        options.sloppy_tcp = value != 0;
    } else if (known == "secure_tcp") {
        // 1 and 2 wait for memory to run short, which it never does here.
        options.secure_tcp = value == 3;
    } else if (known == "lblc_expiration") {
        options.lblc_expiration = std::chrono::seconds(value);
    } else if (known == "lblcr_expiration") {
        options.lblcr_expiration = std::chrono::seconds(value);
    } else if (std::ranges::find(off_only, known) != off_only.end()) {
        return value == 0 ? "" : fmt::format("sysctl {} = {} is not modelled", known, value);
    } else if (std::ranges::find(without_effect, known) == without_effect.end()) {
        return fmt::format("unknown sysctl \"{}\"", name);
    }
    return "";
}

}  // namespace lvslab::conformance
