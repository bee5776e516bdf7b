// SPDX-License-Identifier: GPL-2.0-only
/// What a router has in force of /etc/sysctl.conf and /etc/sysconfig/iptables (manual, sections
/// 2.5 and 3.6).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/base/time.hpp"
#include "core/ipvs/ipvs.hpp"
#include "core/scenario/mark_rule.hpp"
#include "core/scenario/nat_rule.hpp"

namespace lvslab::scenario {

/// net.ipv4.vs.*, with the kernel's defaults (ip_vs_ctl.c).
struct IpvsSysctls {
    bool expire_nodest_conn = false;
    bool expire_quiescent_template = false;
    unsigned conn_reuse_mode = 1;
    bool sloppy_tcp = false;
    unsigned secure_tcp = 0;
    Duration lblc_expiration = std::chrono::hours(24);
    Duration lblcr_expiration = std::chrono::hours(24);
    unsigned sync_threshold = 3;  ///< packets before an entry is sent
    unsigned sync_period = 50;    ///< and packets between two sendings
    Duration sync_refresh_period{};
    unsigned sync_retries = 0;
    bool sync_persist_mode = false;
    unsigned sync_version = 1;

    friend bool operator==(const IpvsSysctls&, const IpvsSysctls&) = default;
};

/// Sets in `options` what these say of it; the rest stays.
void apply(const IpvsSysctls& sysctls, ipvs::Options& options);

/// What a router has loaded, or loads when it boots.
struct HostFiles {
    std::optional<std::string> sysctl_path, iptables_path;  ///< as written in the scenario
    /// net.ipv4.ip_forward: on if the scenario names no sysctl file; a file without it leaves it
    /// off, which is the kernel's default.
    bool ip_forward = true;
    IpvsSysctls ipvs;
    std::vector<MarkRule> marks;     ///< mangle PREROUTING, in the order of the rules
    std::vector<NatRule> nat;        ///< nat POSTROUTING and PREROUTING, in the order of the rules
    bool ftp_helper = false;         ///< the module ip_vs_ftp is loaded
    bool takes_shared_marks = true;  ///< the rules of the scenario's `marks` are among `marks`
};

}  // namespace lvslab::scenario
