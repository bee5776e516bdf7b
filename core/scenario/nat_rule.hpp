// SPDX-License-Identifier: GPL-2.0-only
/// Rules of iptables' nat table: what a router does with connections that IPVS does not know
/// (manual, section 3.5.3.1), and what a real server does with packets for the virtual address
/// (section 3.2.2).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/address.hpp"
#include "core/base/diagnostic.hpp"
#include "core/base/quantities.hpp"
#include "core/config/lvs_config.hpp"
#include "core/scenario/iptables_rule.hpp"
#include "core/scenario/link.hpp"

namespace lvslab::scenario {

/// `-A POSTROUTING -p tcp -s 10.11.12.0/24 --sport 20 -j MASQUERADE`
struct NatRule {
    enum class Kind : std::uint8_t {
        masquerade,  ///< POSTROUTING: the source becomes the outgoing interface's own address
        snat,        ///< POSTROUTING: the source becomes `to`
        redirect,    ///< PREROUTING: the packet is for this host itself, at port `to_port`
    };

    Kind kind = Kind::masquerade;
    std::optional<Protocol> protocol;    ///< -p; unset = every one
    std::optional<Network> source;       ///< -s
    std::optional<Network> destination;  ///< -d
    Port first_source_port{0};           ///< --sport FIRST:LAST
    Port last_source_port{65535};
    Port first_port{0};  ///< --dport FIRST:LAST
    Port last_port{65535};
    std::optional<NetworkSide> out;  ///< -o: the device's side by the lvs.cf; unset = both
    Address to;                      ///< --to-source, of snat
    Port to_port{0};                 ///< --to-ports, of redirect; 0 = unchanged
    SourceLocation location;

    /// Whether the rule takes a packet; `leaves_by` counts for POSTROUTING alone.
    bool matches(Protocol p, const Endpoint& from, const Endpoint& destination_endpoint,
                 NetworkSide leaves_by) const;
};

/// The devices of a router on each side, as far as its lvs.cf names them: "eth0", "eth1".
struct DeviceSides {
    std::vector<std::string> public_devices, private_devices;

    std::optional<NetworkSide> side_of(std::string_view device) const;
};
/// The devices of virtual addresses are public, that of nat_router is private; for want of one,
/// eth0 and eth1.
DeviceSides device_sides(const config::LvsConfig& config);

/// Reads the words behind `-A POSTROUTING` or `-A PREROUTING` (`chain`): -p, -s, -d, --sport,
/// --dport, -o, -j MASQUERADE, SNAT --to-source ADDRESS, or REDIRECT --to-ports PORT.
std::optional<NatRule> read_nat_rule(std::string_view chain, std::span<const RuleWord> words,
                                     const SourceLocation& where, const DeviceSides& devices,
                                     Diagnostics& d);

/// The first rule of POSTROUTING that takes a packet (these end the chain), or null.
const NatRule* postrouting_rule(const std::vector<NatRule>& rules, Protocol p, const Endpoint& from,
                                const Endpoint& to, NetworkSide leaves_by);

/// The first rule of PREROUTING that takes a packet, or null.
const NatRule* prerouting_rule(const std::vector<NatRule>& rules, Protocol p, const Endpoint& from,
                               const Endpoint& to);

}  // namespace lvslab::scenario
