// SPDX-License-Identifier: GPL-2.0-only
#include "core/scenario/nat_rule.hpp"

namespace lvslab::scenario {
namespace {

const NatRule* first_of(const std::vector<NatRule>& rules, bool redirects, Protocol p,
                        const Endpoint& from, const Endpoint& to, NetworkSide leaves_by) {
    for (const auto& rule : rules) {
        if ((rule.kind == NatRule::Kind::redirect) == redirects &&
            rule.matches(p, from, to, leaves_by)) {
            return &rule;
        }
    }
    return nullptr;
}

}  // namespace

bool NatRule::matches(Protocol p, const Endpoint& from, const Endpoint& destination_endpoint,
                      NetworkSide leaves_by) const {
    return (!protocol || *protocol == p) && (!source || source->contains(from.address)) &&
           (!destination || destination->contains(destination_endpoint.address)) &&
           first_source_port <= from.port && from.port <= last_source_port &&
           first_port <= destination_endpoint.port && destination_endpoint.port <= last_port &&
           (kind == Kind::redirect || !out || *out == leaves_by);
}

const NatRule* postrouting_rule(const std::vector<NatRule>& rules, Protocol p, const Endpoint& from,
                                const Endpoint& to, NetworkSide leaves_by) {
    return first_of(rules, false, p, from, to, leaves_by);
}

const NatRule* prerouting_rule(const std::vector<NatRule>& rules, Protocol p, const Endpoint& from,
                               const Endpoint& to) {
    return first_of(rules, true, p, from, to, NetworkSide::public_net);
}

}  // namespace lvslab::scenario
