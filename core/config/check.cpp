// SPDX-License-Identifier: GPL-2.0-only
#include "core/config/check.hpp"

#include <fmt/format.h>

#include "core/config/check_rules.hpp"
#include "core/config/errors.hpp"

namespace lvslab::config {

std::string title(const VirtualServer& service) {
    return fmt::format("virtual {}", shown(service.name));
}

Diagnostics check_without_notes(const LvsConfig& config) {
    Diagnostics found;
    check_routers(config, found);
    check_services(config, found);
    check_health_checks(config, found);
    check_services_together(config, found);
    found.sort();
    return found;
}

Diagnostics check(const LvsConfig& config) {
    auto found = check_without_notes(config);
    note_piranha(config, found);
    found.sort();
    return found;
}

}  // namespace lvslab::config
