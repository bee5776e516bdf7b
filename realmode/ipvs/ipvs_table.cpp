// SPDX-License-Identifier: GPL-2.0-only
#include "realmode/ipvs/ipvs_table.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace lvslab::realmode {

const ListedService* find_service(const IpvsTable& table, const ipvs::ServiceKey& key) {
    const auto found = std::ranges::find(table.services, normalised(key), &ListedService::key);
    return found == table.services.end() ? nullptr : &*found;
}

std::string IpvsInfo::version_text() const {
    return fmt::format("{}.{}.{}", (version >> 16) & 0xFF, (version >> 8) & 0xFF, version & 0xFF);
}

ipvs::ServiceKey normalised(ipvs::ServiceKey key) {
    if (key.fwmark == Fwmark{}) {
        key.family = key.endpoint.address.family();
        return key;
    }
    key.protocol = Protocol::ip;
    key.endpoint = {key.family == Family::ipv4 ? Address{} : Address::v6({}), Port{}};
    return key;
}

std::string to_string(const ipvs::ServiceKey& key) {
    if (key.fwmark == Fwmark{}) {
        return fmt::format("{} {}", lvslab::to_string(key.protocol), key.endpoint.to_string());
    }
    return fmt::format("fwmark {}{}", key.fwmark.value(),
                       key.family == Family::ipv6 ? " ipv6" : "");
}

}  // namespace lvslab::realmode
