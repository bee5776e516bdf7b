// SPDX-License-Identifier: GPL-2.0-only
/// Whether a host is fit for its part in a cluster: facts in, findings out.
#pragma once

#include <string>
#include <vector>

#include "core/base/diagnostic.hpp"
#include "core/config/lvs_config.hpp"
#include "core/router/host_rules.hpp"
#include "realmode/host/host_facts.hpp"

namespace lvslab::realmode {

/// Something about a host. Errors keep the cluster from working, warnings may, notes tell.
struct HostFinding {
    Severity severity = Severity::error;
    SourceLocation location;  ///< what asks for it in the lvs.cf; the file alone if nothing does
    std::string message;
    std::string cure;  ///< a command to type, or words if none can be typed; may be empty
    friend bool operator==(const HostFinding&, const HostFinding&) = default;
};

/// What an lvs.cf says that a host is, by its addresses.
struct HostParts {
    bool primary = false, backup = false;
    std::vector<const router::RealServerNeed*> real_servers;  ///< under direct routing and tunnels

    bool router() const { return primary || backup; }
    /// "the primary router", "a real server", "the backup router and a real server", "outside of
    /// the cluster"
    std::string to_string() const;
};
HostParts parts_of_host(const config::LvsConfig& config, const router::HostRules& rules,
                        const HostFacts& facts);

/// Everything that is found, router's part first. `rules_command` prints the rules that are needed
/// ("lvsrouter rules --config lvs.cf"), for cures.
std::vector<HostFinding> check_host(const config::LvsConfig& config, const router::HostRules& rules,
                                    const HostFacts& facts, const std::string& rules_command);

/// What check_host() could not judge because the facts are not known ("loaded rules"): an outcome
/// without findings says nothing about it.
std::vector<std::string> not_looked_at(const config::LvsConfig& config, const HostFacts& facts);

/// The first ports of a need that loaded rules do not mark as they should, and the mark that they
/// give to the first of them (0 = none). Rules for some sources alone do not count.
struct MissingMark {
    router::PortRange ports;
    Fwmark found;
};
std::optional<MissingMark> missing_mark(const router::MarkNeed& need,
                                        const std::vector<scenario::MarkRule>& loaded);

}  // namespace lvslab::realmode
