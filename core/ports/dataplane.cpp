// SPDX-License-Identifier: GPL-2.0-only
#include "core/ports/dataplane.hpp"

#include <set>

namespace lvslab::ports {
namespace {

ipvs::ControlResult make(Dataplane& ipvs, const AddService& c) {
    return ipvs.add_service(c.key, c.settings);
}
ipvs::ControlResult make(Dataplane& ipvs, const EditService& c) {
    return ipvs.edit_service(c.key, c.settings);
}
ipvs::ControlResult make(Dataplane& ipvs, const RemoveService& c) {
    return ipvs.remove_service(c.key);
}
ipvs::ControlResult make(Dataplane& ipvs, const AddDestination& c) {
    return ipvs.add_destination(c.service, c.server, c.settings);
}
ipvs::ControlResult make(Dataplane& ipvs, const EditDestination& c) {
    return ipvs.edit_destination(c.service, c.server, c.settings);
}
ipvs::ControlResult make(Dataplane& ipvs, const RemoveDestination& c) {
    return ipvs.remove_destination(c.service, c.server);
}

/// The service that the change finds there; null for one that brings it.
const ipvs::ServiceKey* needed_service(const DataplaneChange& change) {
    return std::visit(
        [](const auto& c) -> const ipvs::ServiceKey* {
            if constexpr (requires { c.service; }) {
                return &c.service;
            }
            return nullptr;
        },
        change);
}

}  // namespace

std::vector<ipvs::ControlResult> Dataplane::change(std::span<const DataplaneChange> changes) {
    std::vector<ipvs::ControlResult> results;
    results.reserve(changes.size());
    std::set<ipvs::ServiceKey> refused;
    for (const auto& change : changes) {
        const auto* service = needed_service(change);
        if (service != nullptr && refused.contains(*service)) {
            results.push_back(ipvs::ControlResult::no_such_service);
            continue;
        }
        results.push_back(std::visit([&](const auto& c) { return make(*this, c); }, change));
        if (const auto* added = std::get_if<AddService>(&change)) {
            if (results.back() == ipvs::ControlResult::ok) {
                refused.erase(added->key);
            } else {
                refused.insert(added->key);
            }
        }
    }
    return results;
}

}  // namespace lvslab::ports
