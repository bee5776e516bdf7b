// SPDX-License-Identifier: GPL-2.0-only
#include "sim/packet/source_nat.hpp"

#include "core/packet/rewrite.hpp"

namespace lvslab::packet_world {
namespace {

/// The side of the network on which an address is.
scenario::NetworkSide side_of(const Address& address, const scenario::Router& router) {
    const auto& inside = router.private_interface;
    return inside && inside->contains(address) ? scenario::NetworkSide::private_net
                                               : scenario::NetworkSide::public_net;
}

/// MASQUERADE takes the outgoing interface's own address, not a floating one.
Address source_by(const scenario::NatRule& rule, scenario::NetworkSide side,
                  const scenario::Router& router) {
    if (rule.kind == scenario::NatRule::Kind::snat) {
        return rule.to;
    }
    return side == scenario::NetworkSide::private_net ? router.private_interface->address
                                                      : router.public_interface.address;
}

}  // namespace

SourceNat::Result SourceNat::outgoing(const packet::PacketEditor& packet, const packet::Flow& flow,
                                      Time now) {
    auto source = table_.known(flow, now);
    if (!source) {
        const auto side = side_of(flow.destination.address, router_);
        const auto* rule =
            scenario::postrouting_rule(rules_, flow.protocol, flow.source, flow.destination, side);
        if (rule == nullptr) {
            return Result::untouched;
        }
        source = table_.translate(flow, source_by(*rule, side, router_), now);
    }
    return source && packet::rewrite_source(packet, *source) ? Result::rewritten : Result::no_port;
}

bool SourceNat::incoming(const packet::PacketEditor& packet, const packet::Flow& flow, Time now) {
    const auto owner = table_.reply(flow, now);
    return owner && packet::rewrite_destination(packet, *owner);
}

}  // namespace lvslab::packet_world
