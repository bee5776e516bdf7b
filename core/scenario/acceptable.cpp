// SPDX-License-Identifier: GPL-2.0-only
#include "core/scenario/acceptable.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace lvslab::scenario {

const std::vector<AcceptableWord>& acceptable_words() {
    static const std::vector<AcceptableWord> words{
        {Acceptable::other_networks, "other-networks",
         "routers' interfaces, virtual addresses or nat_router are on other networks (manual, "
         "3.3)"},
        {Acceptable::wrong_roles, "wrong-roles",
         "a router is not the primary or backup, or has not the private address, of its lvs.cf"},
        {Acceptable::unreachable_router, "unreachable-router", "clients do not reach a router"},
        {Acceptable::unreachable_server, "unreachable-server",
         "a router does not reach a real server by the lvs.cf's forwarding method"},
        {Acceptable::no_return, "no-return", "a real server's answers do not reach clients"},
        {Acceptable::asymmetric_return, "asymmetric-return",
         "a NAT server's answers do not go to nat_router, its only gateway (manual, 3.1.2)"},
        {Acceptable::director_gateway, "director-gateway",
         "a router is the gateway of a server that answers clients itself (manual, 3.2)"},
        {Acceptable::no_forwarding, "no-forwarding",
         "a NAT router has net.ipv4.ip_forward = 0 (manual, 2.5)"},
        {Acceptable::no_service, "no-service",
         "a workload's connections reach no virtual service (manual, 3.4)"},
        {Acceptable::unused_service, "unused-service", "a virtual service has no workload"},
    };
    return words;
}

std::string_view name_of(Acceptable value) {
    const auto found = std::ranges::find(acceptable_words(), value, &AcceptableWord::value);
    return found == acceptable_words().end() ? "?" : found->word;
}

std::optional<Acceptable> parse_acceptable(std::string_view word) {
    const auto found = std::ranges::find(acceptable_words(), word, &AcceptableWord::word);
    return found == acceptable_words().end() ? std::nullopt : std::optional(found->value);
}

void Acceptance::report(Acceptable what, const SourceLocation& where, const std::string& message) {
    if (accepted_.contains(what)) {
        met_.insert(what);
        d_.warning(where, fmt::format("{} (accepted: {})", message, name_of(what)));
    } else {
        d_.error(where,
                 fmt::format("{}; \"accept: [{}]\" runs it all the same", message, name_of(what)));
    }
}

}  // namespace lvslab::scenario
