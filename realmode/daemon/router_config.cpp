// SPDX-License-Identifier: GPL-2.0-only
#include "realmode/daemon/router_config.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "core/config/places.hpp"
#include "realmode/host/route_socket.hpp"

namespace lvslab::realmode {

Diagnostics check_own_part(const config::LvsConfig& config, const std::vector<Address>& own) {
    const auto here = [&](const Address& address) {
        return !address.is_unspecified() && std::ranges::find(own, address) != own.end();
    };
    Diagnostics found;
    if (!here(config.primary) && !here(config.backup)) {
        found.error(config::place_of(config, "primary"),
                    fmt::format("this host has neither the address of primary ({}) nor that of "
                                "backup ({}): it is none of the two routers",
                                config.primary.to_string(), config.backup.to_string()));
    }
    return found;
}

std::vector<Address> addresses_of_host() {
    std::vector<Address> own;
    for (const auto& address : RouteSocket().addresses()) {
        own.push_back(address.network.address);
    }
    return own;
}

Checked<LvsCfFile> read_router_config(const std::string& file) {
    auto read = read_lvs_cf(file);
    if (read) {
        read.diagnostics.append(check_own_part(read->config, addresses_of_host()));
        read.diagnostics.sort();
        if (read.diagnostics.has_errors()) {
            read.value.reset();
        }
    }
    return read;
}

}  // namespace lvslab::realmode
