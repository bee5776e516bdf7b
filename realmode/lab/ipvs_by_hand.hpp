// SPDX-License-Identifier: GPL-2.0-only
/// What an administrator does to a router's IPVS without a daemon, over netlink.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/journal/event.hpp"
#include "core/router/desired_services.hpp"
#include "core/scenario/scenario.hpp"
#include "realmode/lab/network_namespace.hpp"
#include "realmode/lab/run_timers.hpp"

namespace lvslab::lab {

/// One router's table, and who hears of its changes.
struct IpvsByHand {
    const NetworkNamespace& where;
    std::uint32_t router;
    const scenario::Scenario& scenario;
    const std::vector<router::DesiredService>& services;  ///< what the journal's indices count
    const RunTimers& timers;
    journal::Sink& told;
};

/// All services and active servers of the lvs.cf, with their full weights (`daemons: off`). Throws
/// std::runtime_error if the kernel does not take one.
void load_table(const IpvsByHand& table, const config::LvsConfig& config,
                const std::optional<std::string>& scheduler);

/// A server leaves, is quiesced, or joins in every service of `config` that has it. What is not in
/// the table (on a router that is not active) is passed over, as ipvsadm's error would be.
void change_membership(const IpvsByHand& table, const scenario::MembershipChange& change,
                       const config::LvsConfig& config,
                       const std::optional<std::string>& scheduler);

}  // namespace lvslab::lab
