// SPDX-License-Identifier: GPL-2.0-only
#include "core/router/service_changes.hpp"

#include <algorithm>
#include <map>

#include <fmt/format.h>

namespace lvslab::router {
namespace {

using ServiceIndex = std::map<ipvs::ServiceKey, const TableService*>;
using DestinationIndex = std::map<Endpoint, const TableDestination*>;

ServiceIndex index_of(const ServiceTable& table) {
    ServiceIndex index;
    for (const auto& service : table) {
        index.emplace(service.service.key, &service);
    }
    return index;
}

DestinationIndex index_of(const TableService& service) {
    DestinationIndex index;
    for (const auto& destination : service.destinations) {
        index.emplace(destination.server.endpoint, &destination);
    }
    return index;
}

template <class Index>
auto find(const Index& index, const typename Index::key_type& key) {
    const auto found = index.find(key);
    return found == index.end() ? nullptr : found->second;
}

/// Real servers of `from` that `kept` has not; all of them without it.
void remove_destinations(const TableService& from, const TableService* kept,
                         std::vector<ServiceChange>& changes) {
    const auto stays = kept != nullptr ? index_of(*kept) : DestinationIndex{};
    for (const auto& old : from.destinations) {
        if (find(stays, old.server.endpoint) == nullptr) {
            changes.emplace_back(RemoveDestination{from.service, old.server});
        }
    }
}

void set_destinations(const TableService* from, const TableService& to,
                      std::vector<ServiceChange>& changes) {
    const auto before = from != nullptr ? index_of(*from) : DestinationIndex{};
    for (const auto& wanted : to.destinations) {
        const auto* old = find(before, wanted.server.endpoint);
        if (old == nullptr) {
            changes.emplace_back(AddDestination{to.service, wanted.server, wanted.settings});
        } else if (old->settings != wanted.settings) {
            changes.emplace_back(EditDestination{to.service, wanted.server, wanted.settings});
        }
    }
}

TableService* find_in(ServiceTable& table, const ports::ServiceName& name) {
    const auto found = std::ranges::find_if(
        table, [&](const TableService& s) { return s.service.key == name.key; });
    return found == table.end() ? nullptr : &*found;
}

TableDestination* find_in(TableService* service, const ports::ServerName& name) {
    if (service == nullptr) {
        return nullptr;
    }
    const auto found = std::ranges::find_if(service->destinations, [&](const TableDestination& d) {
        return d.server.endpoint == name.endpoint;
    });
    return found == service->destinations.end() ? nullptr : &*found;
}

void make(ServiceTable& table, const RemoveDestination& change) {
    if (auto* service = find_in(table, change.service)) {
        std::erase_if(service->destinations, [&](const TableDestination& d) {
            return d.server.endpoint == change.server.endpoint;
        });
    }
}

void make(ServiceTable& table, const RemoveService& change) {
    std::erase_if(table,
                  [&](const TableService& s) { return s.service.key == change.service.key; });
}

void make(ServiceTable& table, const AddService& change) {
    table.push_back({change.service, change.settings, {}});
}

void make(ServiceTable& table, const EditService& change) {
    if (auto* service = find_in(table, change.service)) {
        service->settings = change.settings;
    }
}

void make(ServiceTable& table, const AddDestination& change) {
    if (auto* service = find_in(table, change.service)) {
        service->destinations.push_back({change.server, change.settings});
    }
}

void make(ServiceTable& table, const EditDestination& change) {
    if (auto* destination = find_in(find_in(table, change.service), change.server)) {
        destination->settings = change.settings;
    }
}

std::string words(const ports::ServerName& server) {
    return fmt::format("server {} ({})", server.name, server.endpoint.to_string());
}

std::string words(const RemoveDestination& change) {
    return fmt::format("remove {} from {}", words(change.server), change.service.name);
}
std::string words(const RemoveService& change) {
    return fmt::format("remove service {}", change.service.name);
}
std::string words(const AddService& change) {
    return fmt::format("add service {}, scheduler {}", change.service.name,
                       change.settings.scheduler);
}
std::string words(const EditService& change) {
    return fmt::format("change service {}, scheduler {}", change.service.name,
                       change.settings.scheduler);
}
std::string words(const AddDestination& change) {
    return fmt::format("add {} to {}, weight {}", words(change.server), change.service.name,
                       change.settings.weight.value());
}
std::string words(const EditDestination& change) {
    return fmt::format("change {} of {}, weight {}", words(change.server), change.service.name,
                       change.settings.weight.value());
}

}  // namespace

std::vector<ServiceChange> service_changes(const ServiceTable& from, const ServiceTable& to) {
    const auto before = index_of(from);
    const auto after = index_of(to);
    std::vector<ServiceChange> changes;
    for (const auto& old : from) {
        const auto* kept = find(after, old.service.key);
        remove_destinations(old, kept, changes);
        if (kept == nullptr) {
            changes.emplace_back(RemoveService{old.service});
        }
    }
    for (const auto& wanted : to) {
        const auto* old = find(before, wanted.service.key);
        if (old == nullptr) {
            changes.emplace_back(AddService{wanted.service, wanted.settings});
        } else if (old->settings != wanted.settings) {
            changes.emplace_back(EditService{wanted.service, wanted.settings});
        }
        set_destinations(old, wanted, changes);
    }
    return changes;
}

void apply(ServiceTable& table, const ServiceChange& change) {
    std::visit([&](const auto& c) { make(table, c); }, change);
}

void rename(ServiceTable& table, const ServiceTable& named) {
    for (const auto& service : named) {
        auto* known = find_in(table, service.service);
        if (known == nullptr) {
            continue;
        }
        known->service = service.service;
        for (const auto& destination : service.destinations) {
            if (auto* server = find_in(known, destination.server)) {
                server->server = destination.server;
            }
        }
    }
}

const TableService* find_service(const ServiceTable& table, const ipvs::ServiceKey& key) {
    const auto found =
        std::ranges::find_if(table, [&](const TableService& s) { return s.service.key == key; });
    return found == table.end() ? nullptr : &*found;
}

const ports::ServiceName& service_of(const ServiceChange& change) {
    return std::visit([](const auto& c) -> const ports::ServiceName& { return c.service; }, change);
}

std::string to_string(const ServiceChange& change) {
    return std::visit([](const auto& c) { return words(c); }, change);
}

}  // namespace lvslab::router
