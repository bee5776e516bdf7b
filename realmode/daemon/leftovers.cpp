// SPDX-License-Identifier: GPL-2.0-only
#include "realmode/daemon/leftovers.hpp"

#include <fmt/format.h>

namespace lvslab::realmode {
namespace {

void lower_addresses(FloatingAddresses& host, HoldingsRecord& record,
                     std::vector<std::string>& told) {
    const auto& held = record.holdings().addresses;
    const std::vector<Address> addresses(held.begin(), held.end());
    for (const auto& address : host.lower_leftovers(addresses)) {
        told.push_back(fmt::format("address {} lowered", address.to_string()));
    }
    std::vector<HoldingsChange> gone;
    for (const auto& address : addresses) {
        gone.push_back({false, address});
    }
    record.change(gone);
}

}  // namespace

std::vector<std::string> lower_leftovers(FloatingAddresses& addresses, ports::SyncChannel* sync,
                                         HoldingsRecord& record) {
    std::vector<std::string> told;
    if (!record.holdings().addresses.empty()) {
        lower_addresses(addresses, record, told);
    }
    if (record.holdings().sync && sync != nullptr) {
        sync->stop();
        record.change({false, HeldSync{}});
    }
    return told;
}

std::vector<std::string> remove_services(OwnedIpvs& own) {
    std::vector<std::string> told;
    const auto keys = own.services();
    if (keys.empty()) {
        return told;
    }
    own.clear();
    for (const auto& key : keys) {
        told.push_back(fmt::format("service {} {}", to_string(key),
                                   own.owns(key) ? "could not be removed" : "removed"));
    }
    return told;
}

}  // namespace lvslab::realmode
