// SPDX-License-Identifier: GPL-2.0-only
#include "core/world/router_events.hpp"

#include <algorithm>
#include <string>
#include <variant>

namespace lvslab::world {
namespace {

class Translator {
public:
    Translator(std::uint32_t router, const scenario::Scenario& scenario,
               const std::vector<router::DesiredService>& services)
        : router_(router), scenario_(scenario), services_(services) {}

    using Result = std::optional<journal::Payload>;

    Result operator()(const ports::RoleChanged& e) const {
        return journal::RoleChanged{router_, e.active, std::string(to_string(e.reason))};
    }
    Result operator()(const ports::HeartbeatSent& e) const {
        return journal::HeartbeatSent{router_, static_cast<std::uint8_t>(e.path),
                                      e.word == pulse::Word::running};
    }
    Result operator()(const ports::HeartbeatHeard& e) const {
        return journal::HeartbeatHeard{router_, static_cast<std::uint8_t>(e.path),
                                       e.word == pulse::Word::running};
    }
    Result operator()(const ports::AddressRaised& e) const {
        return journal::AddressRaised{router_, e.address};
    }
    Result operator()(const ports::AddressLowered& e) const {
        return journal::AddressLowered{router_, e.address};
    }
    Result operator()(const ports::AddressAnnounced& e) const {
        return journal::AddressAnnounced{router_, e.address, static_cast<std::uint32_t>(e.nth)};
    }
    Result operator()(const ports::ServiceSet& e) const {
        return journal::ServiceSet{router_, service(e.service), e.settings.scheduler,
                                   e.settings.persistent, e.settings.persistence_mask};
    }
    Result operator()(const ports::ServiceRemoved& e) const {
        return journal::ServiceRemoved{router_, service(e.service)};
    }
    Result operator()(const ports::DestinationAdded& e) const {
        return journal::DestinationAdded{router_, service(e.service), server(e.server),
                                         e.weight.value()};
    }
    Result operator()(const ports::DestinationEdited& e) const {
        return journal::DestinationEdited{router_, service(e.service), server(e.server),
                                          e.weight.value()};
    }
    Result operator()(const ports::DestinationRemoved& e) const {
        return journal::DestinationRemoved{router_, service(e.service), server(e.server)};
    }
    Result operator()(const ports::CheckEnded& e) const {
        return journal::CheckEnded{router_, service(e.service), server(e.server), e.up, e.duration};
    }
    Result operator()(const ports::LoadMeasured& e) const {
        return e.load ? Result(journal::LoadMeasured{router_, service(e.service), server(e.server),
                                                     *e.load})
                      : std::nullopt;
    }
    Result operator()(const ports::Note& e) const { return journal::RouterNote{router_, e.text}; }

private:
    std::uint32_t service(const ports::ServiceName& name) const {
        return service_index(services_, name.key);
    }
    std::uint32_t server(const ports::ServerName& name) const {
        return server_index(scenario_, name.endpoint.address);
    }

    std::uint32_t router_;
    const scenario::Scenario& scenario_;
    const std::vector<router::DesiredService>& services_;
};

}  // namespace

std::optional<journal::Payload> journal_event(const ports::RouterEvent& event, std::uint32_t router,
                                              const scenario::Scenario& scenario,
                                              const std::vector<router::DesiredService>& services) {
    return std::visit(Translator(router, scenario, services), event);
}

bool is_of_dataplane(const ports::RouterEvent& event) {
    return std::holds_alternative<ports::ServiceSet>(event) ||
           std::holds_alternative<ports::ServiceRemoved>(event) ||
           std::holds_alternative<ports::DestinationAdded>(event) ||
           std::holds_alternative<ports::DestinationEdited>(event) ||
           std::holds_alternative<ports::DestinationRemoved>(event);
}

std::uint32_t server_index(const scenario::Scenario& scenario, const Address& address) {
    const auto found = std::ranges::find_if(
        scenario.servers, [&](const auto& s) { return s.interface.address == address; });
    return found == scenario.servers.end()
               ? journal::no_index
               : static_cast<std::uint32_t>(found - scenario.servers.begin());
}

std::uint32_t service_index(const std::vector<router::DesiredService>& services,
                            const ipvs::ServiceKey& key) {
    const auto found = std::ranges::find_if(services, [&](const auto& s) { return s.key == key; });
    return found == services.end() ? journal::no_index
                                   : static_cast<std::uint32_t>(found - services.begin());
}

}  // namespace lvslab::world
