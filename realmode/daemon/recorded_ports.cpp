// SPDX-License-Identifier: GPL-2.0-only
#include "realmode/daemon/recorded_ports.hpp"

#include <algorithm>
#include <set>

namespace lvslab::realmode {

using ipvs::ControlResult;

namespace {

bool is_removal(const ports::DataplaneChange& change) {
    return std::holds_alternative<ports::RemoveService>(change) ||
           std::holds_alternative<ports::RemoveDestination>(change);
}

}  // namespace

ControlResult RecordedDataplane::add_service(const ipvs::ServiceKey& key,
                                             const ipvs::ServiceSettings& settings) {
    return one(ports::AddService{key, settings});
}
ControlResult RecordedDataplane::edit_service(const ipvs::ServiceKey& key,
                                              const ipvs::ServiceSettings& settings) {
    return one(ports::EditService{key, settings});
}
ControlResult RecordedDataplane::remove_service(const ipvs::ServiceKey& key) {
    return one(ports::RemoveService{key});
}
ControlResult RecordedDataplane::add_destination(const ipvs::ServiceKey& service,
                                                 const Endpoint& server,
                                                 const ipvs::DestinationSettings& settings) {
    return one(ports::AddDestination{service, server, settings});
}
ControlResult RecordedDataplane::edit_destination(const ipvs::ServiceKey& service,
                                                  const Endpoint& server,
                                                  const ipvs::DestinationSettings& settings) {
    return one(ports::EditDestination{service, server, settings});
}
ControlResult RecordedDataplane::remove_destination(const ipvs::ServiceKey& service,
                                                    const Endpoint& server) {
    return one(ports::RemoveDestination{service, server});
}

ControlResult RecordedDataplane::one(const ports::DataplaneChange& change) {
    return this->change({&change, 1}).front();
}

std::vector<ControlResult> RecordedDataplane::change(
    std::span<const ports::DataplaneChange> changes) {
    if (kept_ && std::ranges::all_of(changes, is_removal)) {
        return std::vector(changes.size(), ControlResult::ok);
    }
    const auto added = note_additions(changes);
    progress_();
    auto results = host_.change(changes);
    progress_();
    note_outcome(changes, results, added);
    return results;
}

/// Which of the services that are to be added were not held before.
std::set<ipvs::ServiceKey> RecordedDataplane::note_additions(
    std::span<const ports::DataplaneChange> changes) {
    std::set<ipvs::ServiceKey> added;
    std::vector<HoldingsChange> held;
    for (const auto& change : changes) {
        const auto* addition = std::get_if<ports::AddService>(&change);
        if (addition != nullptr && !record_.holdings().services.contains(addition->key)) {
            added.insert(addition->key);
            held.push_back({true, addition->key});
        }
    }
    record_.change(held);
    return added;
}

/// One whose addition is refused is somebody else's.
void RecordedDataplane::note_outcome(std::span<const ports::DataplaneChange> changes,
                                     const std::vector<ControlResult>& results,
                                     const std::set<ipvs::ServiceKey>& added) {
    std::vector<HoldingsChange> gone;
    for (std::size_t i = 0; i < changes.size(); ++i) {
        const auto result = results.at(i);
        if (const auto* addition = std::get_if<ports::AddService>(&changes[i])) {
            if (result != ControlResult::ok && added.contains(addition->key)) {
                gone.push_back({false, addition->key});
            }
        } else if (const auto* removal = std::get_if<ports::RemoveService>(&changes[i])) {
            if (result == ControlResult::ok || result == ControlResult::no_such_service) {
                gone.push_back({false, removal->key});
            }
        }
    }
    record_.change(gone);
}

void RecordedDataplane::set_timeouts(const ipvs::Timeouts& timeouts) {
    host_.set_timeouts(timeouts);
}

/// This router's services, not everybody's.
void RecordedDataplane::clear() {
    std::vector<ports::DataplaneChange> removals;
    for (const auto& key : record_.holdings().services) {
        removals.emplace_back(ports::RemoveService{key});
    }
    change(removals);
}

}  // namespace lvslab::realmode
