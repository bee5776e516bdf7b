// SPDX-License-Identifier: GPL-2.0-only
#include "realmode/host/host_check.hpp"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/config/places.hpp"
#include "realmode/host/host_check_parts.hpp"

namespace lvslab::realmode {

void HostCheck::add(Severity severity, SourceLocation where, std::string message,
                    std::string cure) {
    found_.push_back({severity, std::move(where), std::move(message), std::move(cure)});
}

const HostAddress* HostCheck::address_here(const Address& address) const {
    const auto found = std::ranges::find_if(
        facts_.addresses, [&](const auto& a) { return a.network.address == address; });
    return found == facts_.addresses.end() ? nullptr : &*found;
}

const HostDevice* HostCheck::device_here(const std::string& name) const {
    const auto found = std::ranges::find(facts_.devices, name, &HostDevice::name);
    return found == facts_.devices.end() ? nullptr : &*found;
}

std::optional<int> HostCheck::setting(const std::string& name) const {
    const auto found = facts_.settings.find(name);
    return found == facts_.settings.end() ? std::nullopt : std::optional(found->second);
}

std::string HostCheck::devices_text() const {
    std::vector<std::string> names;
    for (const auto& device : facts_.devices) {
        names.push_back(device.name);
    }
    return names.empty() ? "none" : fmt::format("{}", fmt::join(names, ", "));
}

void HostCheck::check_setting(const router::SettingNeed& need) {
    const auto value = setting(need.name);
    if (value == need.value) {
        return;
    }
    add(need.required ? Severity::error : Severity::warning, config_.location,
        value ? fmt::format("{} is {}, but {}", need.name, *value, need.reason)
              : fmt::format("{} is not there to be set to {}: {}", need.name, need.value,
                            need.reason),
        fmt::format("sysctl -w {}={}", need.name, need.value));
}

namespace {

bool is_here(const HostFacts& facts, const Address& address) {
    return !address.is_unspecified() && std::ranges::any_of(facts.addresses, [&](const auto& a) {
        return a.network.address == address;
    });
}

}  // namespace

std::string HostParts::to_string() const {
    std::vector<std::string> parts;
    if (primary) {
        parts.emplace_back("the primary router");
    }
    if (backup) {
        parts.emplace_back("the backup router");
    }
    if (!real_servers.empty()) {
        parts.emplace_back("a real server");
    }
    return parts.empty() ? "outside of the cluster" : fmt::format("{}", fmt::join(parts, " and "));
}

HostParts parts_of_host(const config::LvsConfig& config, const router::HostRules& rules,
                        const HostFacts& facts) {
    HostParts parts;
    const auto of_the_routers = router_parts(config, facts);
    parts.primary = of_the_routers.primary;
    parts.backup = of_the_routers.backup;
    for (const auto& server : rules.real_servers) {
        if (is_here(facts, server.address)) {
            parts.real_servers.push_back(&server);
        }
    }
    return parts;
}

std::optional<MissingMark> missing_mark(const router::MarkNeed& need,
                                        const std::vector<scenario::MarkRule>& loaded) {
    std::vector<scenario::MarkRule> for_everyone;
    std::ranges::copy_if(loaded, std::back_inserter(for_everyone),
                         [](const auto& rule) { return !rule.source; });
    // Marks change only where a rule's ports begin or end.
    std::vector<unsigned> edges{need.ports.first.value(), need.ports.last.value() + 1U};
    for (const auto& rule : for_everyone) {
        edges.push_back(rule.first_port.value());
        edges.push_back(rule.last_port.value() + 1U);
    }
    std::ranges::sort(edges);
    const auto nobody = need.vip.is_v4() ? Address{} : Address::v6({});
    for (std::size_t i = 0; i < edges.size(); ++i) {
        if (edges[i] < need.ports.first.value() || edges[i] > need.ports.last.value()) {
            continue;
        }
        const Port port{static_cast<std::uint16_t>(edges[i])};
        const auto mark = scenario::mark_of(for_everyone, need.protocol, nobody, {need.vip, port});
        if (mark == need.mark) {
            continue;
        }
        const auto next = std::ranges::upper_bound(edges, edges[i]);
        const auto last =
            std::min<unsigned>(next == edges.end() ? 65535U : *next - 1, need.ports.last.value());
        return MissingMark{{port, Port{static_cast<std::uint16_t>(last)}}, mark};
    }
    return std::nullopt;
}

std::vector<HostFinding> check_host(const config::LvsConfig& config, const router::HostRules& rules,
                                    const HostFacts& facts, const std::string& rules_command) {
    return HostCheck(config, rules, facts, rules_command).check();
}

std::vector<std::string> not_looked_at(const config::LvsConfig& config, const HostFacts& facts) {
    std::vector<std::string> parts;
    if (!facts.rules_not_read.empty()) {
        parts.emplace_back("loaded rules");
    }
    // Nobody was asked where the host is no router.
    if (!facts.probe.failures.empty() && router_parts(config, facts).any()) {
        parts.emplace_back("who else holds a virtual address");
    }
    return parts;
}

std::vector<HostFinding> HostCheck::check() {
    if (!parts_.router() && parts_.real_servers.empty()) {
        add(Severity::error, config::place_of(config_, "primary"),
            fmt::format("no address of this host is that of the primary router ({}), the backup "
                        "router ({}) or a real server that needs settings",
                        config_.primary.to_string(), config_.backup.to_string()),
            "run this on a host of the cluster, or give the host its address: ip addr add "
            "ADDRESS/LENGTH dev DEVICE");
        return std::move(found_);
    }
    if (parts_.router()) {
        check_router();
    }
    for (const auto* server : parts_.real_servers) {
        check_real_server(*server);
    }
    if (facts_.clock_synchronised == false) {
        add(Severity::note, config_.location,
            "this host's clock is not synchronised: lvsrouter does not mind, but times in the logs "
            "of the two routers cannot be compared",
            "timedatectl set-ntp true");
    }
    return std::move(found_);
}

}  // namespace lvslab::realmode
