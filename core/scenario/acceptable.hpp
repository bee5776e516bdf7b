// SPDX-License-Identifier: GPL-2.0-only
/// Mistakes of the manual's warnings that a scenario may make on purpose, each with the word that
/// says so (`accept: [asymmetric-return]`).
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/diagnostic.hpp"

namespace lvslab::scenario {

enum class Acceptable : std::uint8_t {
    other_networks,      ///< routers' interfaces, virtual addresses or nat_router on other networks
    wrong_roles,         ///< a router's lvs.cf has it neither as primary nor as backup
    unreachable_router,  ///< clients do not reach a router
    unreachable_server,  ///< a router does not reach a real server
    no_return,           ///< answers of a real server do not reach clients
    asymmetric_return,   ///< answers of a NAT server do not pass nat_router
    director_gateway,    ///< the director is the gateway of a server that answers by itself
    no_forwarding,       ///< a NAT router has net.ipv4.ip_forward = 0
    no_service,          ///< a workload's connections reach no virtual service
    unused_service,      ///< a virtual service has no workload
};

/// One line of the list that messages, documentation and schema come from.
struct AcceptableWord {
    Acceptable value;
    std::string_view word;
    std::string_view meaning;
};
const std::vector<AcceptableWord>& acceptable_words();
std::string_view name_of(Acceptable value);
std::optional<Acceptable> parse_acceptable(std::string_view word);

/// Where such a mistake goes: an error that names the word, or a warning if it is accepted.
class Acceptance {
public:
    Acceptance(const std::set<Acceptable>& accepted, Diagnostics& d) : accepted_(accepted), d_(d) {}

    void report(Acceptable what, const SourceLocation& where, const std::string& message);
    /// Those that were accepted and found.
    const std::set<Acceptable>& met() const { return met_; }

private:
    const std::set<Acceptable>& accepted_;
    Diagnostics& d_;
    std::set<Acceptable> met_;
};

}  // namespace lvslab::scenario
