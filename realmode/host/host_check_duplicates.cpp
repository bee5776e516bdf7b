// SPDX-License-Identifier: GPL-2.0-only
// Floating addresses that another host of the network holds. The partner does so by right while it
// is active, and is known by the hardware address that answers for its own addresses.
#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/config/places.hpp"
#include "realmode/host/host_check_parts.hpp"

namespace lvslab::realmode {

void HostCheck::check_duplicates() {
    for (const auto& why : facts_.probe.failures) {
        add(Severity::note, config_.location,
            fmt::format("cannot tell whether another host holds a virtual address: {}", why),
            "run this as root");
    }
    for (const auto& floating : floating_addresses(config_)) {
        const auto v = std::ranges::find_if(config_.virtual_servers, [&](const auto& virtual_) {
            return virtual_.active && virtual_.address == floating.address;
        });
        check_duplicate(floating, v != config_.virtual_servers.end()
                                      ? config::place_of(*v, "address")
                                      : config::place_of(config_, "nat_router"));
    }
}

bool HostCheck::is_partners(const HardwareAddress& hardware_address) const {
    return std::ranges::any_of(facts_.probe.holders, [&](const AddressHolder& holder) {
        const auto& partner = parts_.primary ? config_.backup : config_.primary;
        const auto& partner_private =
            parts_.primary ? config_.backup_private : config_.primary_private;
        return holder.hardware_address == hardware_address &&
               (holder.address == partner || holder.address == partner_private);
    });
}

std::string HostCheck::known_as(const HardwareAddress& hardware_address) const {
    for (const auto& v : config_.virtual_servers) {
        for (const auto& server : v.servers) {
            for (const auto& holder : facts_.probe.holders) {
                if (holder.address == server.address &&
                    holder.hardware_address == hardware_address) {
                    return fmt::format("real server {} ({})", server.name,
                                       server.address.to_string());
                }
            }
        }
    }
    return "";
}

/// A partner that nobody has heard of on this device may have a card there all the same: then it
/// cannot be told from a stranger.
void HostCheck::check_duplicate(const AddressQuestion& floating, const SourceLocation& where) {
    const bool partner_answers =
        std::ranges::any_of(facts_.probe.holders, [&](const AddressHolder& holder) {
            return holder.device == floating.device && is_partners(holder.hardware_address);
        });
    for (const auto& holder : facts_.probe.holders) {
        if (holder.address != floating.address || holder.device != floating.device ||
            is_partners(holder.hardware_address)) {
            continue;
        }
        const auto mac = to_string(holder.hardware_address);
        const auto server = known_as(holder.hardware_address);
        const auto what = fmt::format("{} is held by {} on the network of {}",
                                      floating.address.to_string(), mac, floating.device);
        if (!server.empty()) {
            add(Severity::error, where,
                fmt::format("{}, which is {}: it takes the clients away", what, server),
                "on that host: sysctl -w net.ipv4.conf.all.arp_ignore=1 "
                "net.ipv4.conf.all.arp_announce=2");
        } else if (partner_answers) {
            add(Severity::error, where,
                fmt::format("{}, which is not the other router: two hosts answer for it", what),
                "take the address off that host");
        } else {
            add(Severity::note, where,
                fmt::format("{}; cannot tell whether that is the other router, whose own addresses "
                            "nobody answers for there",
                            what),
                "take the address off that host if it is another");
        }
    }
}

}  // namespace lvslab::realmode
