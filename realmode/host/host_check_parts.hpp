// SPDX-License-Identifier: GPL-2.0-only
/// The parts of the check of a host.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "realmode/host/host_check.hpp"

namespace lvslab::realmode {

class HostCheck {
public:
    HostCheck(const config::LvsConfig& config, const router::HostRules& rules,
              const HostFacts& facts, std::string rules_command)
        : config_(config),
          rules_(rules),
          facts_(facts),
          rules_command_(std::move(rules_command)),
          parts_(parts_of_host(config, rules, facts)) {}

    std::vector<HostFinding> check();

private:
    // host_check_router.cpp
    void check_router();
    void check_kernel();
    void check_module(const std::string& module, const std::string& what, bool loads_by_itself,
                      const SourceLocation& where);
    void check_own_addresses();
    void check_devices();
    void check_device(const std::string& device, const std::string& what,
                      const SourceLocation& where);
    void check_virtual_address(const config::VirtualServer& v);
    void check_heartbeat_port();
    void check_neighbours();

    // host_check_rules.cpp
    void check_rules();
    void check_mark(const router::MarkNeed& need);
    void check_stray_mark(const config::VirtualServer& v);
    void check_masquerade(const router::MasqueradeNeed& need);
    void check_source_nat_of_ipvs();

    // host_check_duplicates.cpp
    void check_duplicates();
    void check_duplicate(const AddressQuestion& floating, const SourceLocation& where);
    /// Whose hardware address it is, by what neighbours said: "real server oak"; "" = nobody's.
    std::string known_as(const HardwareAddress& hardware_address) const;
    bool is_partners(const HardwareAddress& hardware_address) const;

    // host_check_filters.cpp
    void check_filters();
    void check_filters_for_heartbeats(const Address& own, const Address& partner, const char* what);
    void check_filters_for_requests(const config::VirtualServer& v);
    /// Where requests come in, what of it the kernel sends on to the real servers and back.
    void check_filters_for_servers(const config::VirtualServer& v);
    /// False if it found fault.
    bool check_filter(FilterHook hook, const FilteredPacket& packet, const std::string& what,
                      const SourceLocation& where);
    std::vector<FilteredPacket> requests_of(const config::VirtualServer& v) const;
    std::string device_near(const Address& address) const;

    // host_check_real_server.cpp
    void check_real_server(const router::RealServerNeed& server);
    void check_silence(const router::RealServerNeed& server);
    void check_answers(const router::RealServerNeed& server, const HostAddress& vip);
    void check_requests(const router::RealServerNeed& server, const Address& vip);
    /// What is to be typed before the address is put on; "" = nothing.
    std::string silencing(const router::RealServerNeed& server, const Address& vip) const;
    bool is_silent(const Address& vip) const;
    int arp_setting(const HostDevice& device, const char* name) const;
    /// Names of devices where neighbours ask for hardware addresses.
    std::string devices_on_the_wire(const router::RealServerNeed& server,
                                    const std::function<bool(const HostDevice&)>& which) const;
    void check_vips(const router::RealServerNeed& server);
    void check_reverse_paths(const router::RealServerNeed& server);

    void check_setting(const router::SettingNeed& need);
    void add(Severity severity, SourceLocation where, std::string message, std::string cure);
    const HostAddress* address_here(const Address& address) const;
    const HostDevice* device_here(const std::string& name) const;
    std::optional<int> setting(const std::string& name) const;
    std::string devices_text() const;

    const config::LvsConfig& config_;
    const router::HostRules& rules_;
    const HostFacts& facts_;
    std::string rules_command_;
    HostParts parts_;
    std::vector<HostFinding> found_;
};

}  // namespace lvslab::realmode
