// SPDX-License-Identifier: GPL-2.0-only
#include "realmode/daemon/leftovers.hpp"

#include <fmt/format.h>

namespace lvslab::realmode {
namespace {

std::string name_of(const ipvs::ServiceKey& key) {
    return key.fwmark.value() != 0
               ? fmt::format("firewall mark {}", key.fwmark.value())
               : fmt::format("{} {}", to_string(key.protocol), key.endpoint.to_string());
}

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

void remove_services(ports::Dataplane& ipvs, HoldingsRecord& record,
                     std::vector<std::string>& told) {
    const auto& held = record.holdings().services;
    std::vector<ports::DataplaneChange> removals;
    for (const auto& key : held) {
        removals.emplace_back(ports::RemoveService{key});
    }
    const auto results = ipvs.change(removals);
    std::vector<HoldingsChange> gone;
    for (std::size_t i = 0; i < removals.size(); ++i) {
        const auto& key = std::get<ports::RemoveService>(removals[i]).key;
        const auto result = results.at(i);
        if (result == ipvs::ControlResult::ok) {
            told.push_back(fmt::format("service {} removed", name_of(key)));
        } else if (result != ipvs::ControlResult::no_such_service) {
            told.push_back(fmt::format("service {} could not be removed: {}", name_of(key),
                                       to_string(result)));
            continue;
        }
        gone.push_back({false, key});
    }
    record.change(gone);
}

}  // namespace

std::vector<std::string> clean_up(HostParts host, HoldingsRecord& record,
                                  const CleaningOrder& order) {
    std::vector<std::string> told;
    if (!record.holdings().addresses.empty()) {
        lower_addresses(host.addresses, record, told);
    }
    if (record.holdings().sync && host.sync != nullptr) {
        host.sync->stop();
        record.change({false, HeldSync{}});
    }
    if (order.services && host.ipvs != nullptr && !record.holdings().services.empty()) {
        remove_services(*host.ipvs, record, told);
    }
    return told;
}

}  // namespace lvslab::realmode
