// SPDX-License-Identifier: GPL-2.0-only
#include "realmode/daemon/router_dataplane.hpp"

#include <algorithm>
#include <variant>

namespace lvslab::realmode {

namespace {

bool is_removal(const ports::DataplaneChange& change) {
    return std::holds_alternative<ports::RemoveService>(change) ||
           std::holds_alternative<ports::RemoveDestination>(change);
}

}  // namespace

RouterDataplane::Result RouterDataplane::add_service(const ipvs::ServiceKey& key,
                                                     const ipvs::ServiceSettings& settings) {
    return one(ports::AddService{key, settings});
}
RouterDataplane::Result RouterDataplane::edit_service(const ipvs::ServiceKey& key,
                                                      const ipvs::ServiceSettings& settings) {
    return one(ports::EditService{key, settings});
}
RouterDataplane::Result RouterDataplane::remove_service(const ipvs::ServiceKey& key) {
    return one(ports::RemoveService{key});
}
RouterDataplane::Result RouterDataplane::add_destination(
    const ipvs::ServiceKey& service, const Endpoint& server,
    const ipvs::DestinationSettings& settings) {
    return one(ports::AddDestination{service, server, settings});
}
RouterDataplane::Result RouterDataplane::edit_destination(
    const ipvs::ServiceKey& service, const Endpoint& server,
    const ipvs::DestinationSettings& settings) {
    return one(ports::EditDestination{service, server, settings});
}
RouterDataplane::Result RouterDataplane::remove_destination(const ipvs::ServiceKey& service,
                                                            const Endpoint& server) {
    return one(ports::RemoveDestination{service, server});
}

RouterDataplane::Result RouterDataplane::one(const ports::DataplaneChange& change) {
    return this->change({&change, 1}).front();
}

std::vector<RouterDataplane::Result> RouterDataplane::change(
    std::span<const ports::DataplaneChange> changes) {
    if (kept_ && std::ranges::all_of(changes, is_removal)) {
        return std::vector(changes.size(), Result::ok);
    }
    progress_();
    auto results = own_.change(changes);
    progress_();
    return results;
}

void RouterDataplane::clear() {
    if (!kept_) {
        own_.clear();
    }
}

}  // namespace lvslab::realmode
