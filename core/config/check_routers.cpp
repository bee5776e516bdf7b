// SPDX-License-Identifier: GPL-2.0-only
#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "core/config/check_rules.hpp"
#include "core/config/places.hpp"

namespace lvslab::config {
namespace {

class RouterCheck {
public:
    RouterCheck(const LvsConfig& config, Diagnostics& found) : config_(config), found_(found) {}

    void run() {
        check_addresses();
        check_times();
        check_keepalive_against_deadtime();
        if (config_.backup_active) {
            check_heartbeats();
        } else {
            check_single();
        }
        check_nat();
        check_sync();
        check_services();
    }

private:
    void error(std::string_view directive, std::string message) {
        found_.error(place_of(config_, directive), std::move(message));
    }
    void warning(std::string_view directive, std::string message) {
        found_.warning(place_of(config_, directive), std::move(message));
    }

    void check_addresses() {
        if (config_.primary.is_unspecified()) {
            error("primary", "primary is not given: every router takes itself for the backup");
        } else if (config_.primary == config_.backup) {
            error("backup", fmt::format("backup is the primary, {}; the two are different machines",
                                        config_.primary.to_string()));
        }
        if (config_.backup_active && config_.backup.is_unspecified()) {
            error("backup_active", "backup_active is 1, but no backup is given");
        }
    }

    // Nothing can wait for them: Piranha's timers never end, or end at once.
    void check_times() {
        const auto refuse = [&](std::string_view name, Duration time, bool zero_too) {
            if (time < Duration::zero() || (zero_too && time == Duration::zero())) {
                error(name, fmt::format("{} is {}s, expected {}", name, to_seconds(time),
                                        zero_too ? "a time above 0" : "0 or a time above it"));
            }
        };
        refuse("keepalive", config_.keepalive, true);
        refuse("deadtime", config_.deadtime, true);
        refuse("tcp_timeout", config_.tcp_timeout, false);
        refuse("tcpfin_timeout", config_.tcpfin_timeout, false);
        refuse("udp_timeout", config_.udp_timeout, false);
    }

    void check_keepalive_against_deadtime() {
        const auto keepalive = config_.keepalive;
        const auto deadtime = config_.deadtime;
        const auto* later = given_at(config_, "keepalive").line > given_at(config_, "deadtime").line
                                ? "keepalive"
                                : "deadtime";
        const bool sane = keepalive > Duration::zero() && deadtime > Duration::zero();
        if (sane && keepalive >= deadtime) {
            warning(later, fmt::format("{}: heartbeats come every {} (keepalive), but a "
                                       "partner counts as dead after {} (deadtime)",
                                       config_.backup_active ? "roles flap"
                                                             : "with a backup, roles would flap",
                                       to_string(keepalive), to_string(deadtime)));
        } else if (sane && config_.backup_active && deadtime <= keepalive + keepalive) {
            warning(later, fmt::format("one lost heartbeat is a takeover: deadtime, {}, is not "
                                       "above two keepalives of {}",
                                       to_string(deadtime), to_string(keepalive)));
        }
    }

    void check_heartbeats() {
        if (config_.heartbeat_port == Port{0}) {
            error("heartbeat_port", "heartbeat_port is 0, expected a port from 1 to 65535");
        }
        if (is_given(config_, "heartbeat") && !config_.heartbeat) {
            warning("heartbeat",
                    "heartbeat = 0 switches nothing off: with backup_active = 1 "
                    "heartbeats are sent");
        }
        check_private_path();
    }

    void check_private_path() {
        const auto lacks = [](const Address& private_one, const Address& public_one) {
            return private_one.is_unspecified() || private_one == public_one;
        };
        const bool primary_lacks = lacks(config_.primary_private, config_.primary);
        const bool backup_lacks = lacks(config_.backup_private, config_.backup);
        if (primary_lacks || backup_lacks) {
            warning(
                primary_lacks ? "primary_private" : "backup_private",
                fmt::format("no private path for heartbeats ({} not given): when the public "
                            "network between the routers fails, both become active",
                            primary_lacks && backup_lacks ? "primary_private and backup_private are"
                            : primary_lacks               ? "primary_private is"
                                                          : "backup_private is"));
        }
    }

    /// backup_active = 0: the router is alone.
    void check_single() {
        if (!config_.backup.is_unspecified()) {
            warning("backup_active",
                    fmt::format("backup {} is named, but backup_active is 0: nothing takes over "
                                "from the primary, and pulse on the backup exits at once",
                                config_.backup.to_string()));
        }
        if (config_.heartbeat) {
            warning("heartbeat",
                    "heartbeat = 1 has no effect: backup_active = 1 is what sends "
                    "heartbeats");
        }
        if (config_.monitor_links != 0) {
            warning("monitor_links",
                    "monitor_links has no effect: links are looked at before "
                    "heartbeats, and backup_active is 0");
        }
        if (config_.failback != Failback::none) {
            warning("failback", "failback has no effect: backup_active is 0");
        }
        if (config_.syncdaemon) {
            warning("syncdaemon",
                    "syncdaemon = 1 has no effect: backup_active is 0, nobody takes "
                    "the connections over");
        }
    }

    void check_nat() {
        if (config_.network != NetworkType::nat || config_.service != ServiceType::lvs) {
            return;
        }
        if (!config_.nat_router) {
            warning("network",
                    "network is nat, but no nat_router is given: the real servers have "
                    "no gateway that moves with the active router");
            return;
        }
        const auto clashes = [&](std::string_view name, const Address& address) {
            if (!address.is_unspecified() && address == *config_.nat_router) {
                error("nat_router", fmt::format("nat_router is {}, {}; it is to float between the "
                                                "routers",
                                                name, address.to_string()));
            }
        };
        clashes("the primary's own address", config_.primary);
        clashes("the backup's own address", config_.backup);
        if (config_.primary_private != config_.primary) {
            clashes("primary_private", config_.primary_private);
        }
        if (config_.backup_private != config_.backup) {
            clashes("backup_private", config_.backup_private);
        }
    }

    void check_sync() {
        if (config_.syncd_id < 0 || config_.syncd_id > 255) {
            warning("syncd_id", fmt::format("syncd_id {} is cut to 8 bits: {}", config_.syncd_id,
                                            config_.syncd_id & 0xFF));
        }
    }

    void check_services() {
        if (config_.service == ServiceType::fos) {
            warning("service",
                    "service is fos, failover services without IPVS: read and shown, "
                    "run by no world");
        } else if (std::ranges::none_of(config_.virtual_servers, &VirtualServer::active)) {
            found_.warning(config_.location, "no virtual service is active: pulse exits at once");
        }
    }

    const LvsConfig& config_;
    Diagnostics& found_;
};

}  // namespace

void check_routers(const LvsConfig& config, Diagnostics& found) {
    RouterCheck(config, found).run();
}

}  // namespace lvslab::config
