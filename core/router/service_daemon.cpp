// SPDX-License-Identifier: GPL-2.0-only
#include "core/router/service_daemon.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "core/router/check_settings.hpp"
#include "core/router/daemon_settings.hpp"

namespace lvslab::router {
namespace {

ports::DataplaneChange order_of(const RemoveDestination& change) {
    return ports::RemoveDestination{change.service.key, change.server.endpoint};
}
ports::DataplaneChange order_of(const RemoveService& change) {
    return ports::RemoveService{change.service.key};
}
ports::DataplaneChange order_of(const AddService& change) {
    return ports::AddService{change.service.key, change.settings};
}
ports::DataplaneChange order_of(const EditService& change) {
    return ports::EditService{change.service.key, change.settings};
}
ports::DataplaneChange order_of(const AddDestination& change) {
    return ports::AddDestination{change.service.key, change.server.endpoint, change.settings};
}
ports::DataplaneChange order_of(const EditDestination& change) {
    return ports::EditDestination{change.service.key, change.server.endpoint, change.settings};
}

ports::RouterEvent event_of(const RemoveDestination& change) {
    return ports::DestinationRemoved{change.service, change.server};
}
ports::RouterEvent event_of(const RemoveService& change) {
    return ports::ServiceRemoved{change.service};
}
ports::RouterEvent event_of(const AddService& change) {
    return ports::ServiceSet{change.service, change.settings};
}
ports::RouterEvent event_of(const EditService& change) {
    return ports::ServiceSet{change.service, change.settings};
}
ports::RouterEvent event_of(const AddDestination& change) {
    return ports::DestinationAdded{change.service, change.server, change.settings.weight};
}
ports::RouterEvent event_of(const EditDestination& change) {
    return ports::DestinationEdited{change.service, change.server, change.settings.weight};
}

/// Somebody else took it out: there is nothing left to do.
bool gone_already(const ServiceChange& change, ipvs::ControlResult result) {
    const bool removes = std::holds_alternative<RemoveDestination>(change) ||
                         std::holds_alternative<RemoveService>(change);
    return removes && (result == ipvs::ControlResult::no_such_service ||
                       result == ipvs::ControlResult::no_such_destination);
}

/// The part of a service as it was found that is to stay.
TableService kept_part(TableService found, const TableService& wanted) {
    std::erase_if(found.destinations, [&](const TableDestination& d) {
        return std::ranges::none_of(wanted.destinations, [&](const TableDestination& w) {
            return w.server.endpoint == d.server.endpoint;
        });
    });
    return found;
}

CheckOrder order_of(const config::LvsConfig& config, const DesiredService& service,
                    const DesiredDestination& wanted, const config::RealServer& server) {
    const auto& block = config.virtual_servers[service.virtual_server];
    CheckOrder order{{service.name, service.key},
                     {wanted.name, wanted.endpoint},
                     check_settings(block, wanted.settings.weight),
                     check_probe(block, server).value.value(),
                     load_method(config, block)};
    order.settings.load_monitor = order.load.has_value();
    return order;
}

}  // namespace

ServiceDaemon::ServiceDaemon(const ports::Ports& ports, std::optional<std::string> scheduler)
    : ports_(ports), scheduler_(std::move(scheduler)) {}

ServiceDaemon::~ServiceDaemon() = default;

void ServiceDaemon::start(const config::LvsConfig& config, const ChecksStart& checks) {
    if (running_) {
        return;
    }
    running_ = true;
    timeouts_ = desired_timeouts(config);
    if (timeouts_ != ipvs::Timeouts{}) {
        ports_.dataplane.set_timeouts(timeouts_);
    }
    if (!checks.found) {
        ports_.dataplane.clear();
    }
    installed_ = checks.found.value_or(ServiceTable{});
    busy_ = true;
    set_services(config);
    begin_checks(checks);
    busy_ = false;
    tell_kept();
    settle_all();
}

void ServiceDaemon::reload(const config::LvsConfig& config) {
    if (!running_) {
        return;
    }
    const auto timeouts = desired_timeouts(config);
    if (timeouts != std::exchange(timeouts_, timeouts)) {
        ports_.dataplane.set_timeouts(timeouts);
    }
    busy_ = true;
    set_services(config);
    begin_checks({});
    busy_ = false;
    settle_all();
}

void ServiceDaemon::stop() {
    running_ = false;
    services_.clear();
    settle_all();
}

/// Takes over the checkers of the servers that stay; those of others end here.
void ServiceDaemon::set_services(const config::LvsConfig& config) {
    auto kept = release_checkers();
    services_.clear();
    for (auto& wanted : desired_services(config, scheduler_)) {
        const auto same = std::ranges::find_if(
            services_, [&](const Service& s) { return s.wanted.key == wanted.key; });
        if (same != services_.end()) {
            note(fmt::format("service {} is left out: {} is found by the same packets", wanted.name,
                             same->wanted.name));
            continue;
        }
        auto& service = services_.emplace_back(Service{std::move(wanted), {}});
        set_servers(service, config, kept);
    }
}

void ServiceDaemon::set_servers(Service& service, const config::LvsConfig& config, Checkers& kept) {
    const auto& blocks = config.virtual_servers[service.wanted.virtual_server].servers;
    for (std::size_t i = 0; i < blocks.size(); ++i) {
        const auto& wanted = service.wanted.destinations[i];
        if (!wanted.active) {
            continue;
        }
        if (std::ranges::any_of(service.servers, [&](const Server& s) {
                return s.wanted.endpoint == wanted.endpoint;
            })) {
            note(fmt::format("server {} of {} is left out: {} is there already", wanted.name,
                             service.wanted.name, wanted.endpoint.to_string()));
            continue;
        }
        auto order = order_of(config, service.wanted, wanted, blocks[i]);
        auto checker = std::move(kept[{service.wanted.key, wanted.endpoint}]);
        if (checker) {
            checker->reconfigure(std::move(order));
        } else {
            checker = std::make_unique<ServerCheck>(
                std::move(order), ports_, [this, key = service.wanted.key] { settle(key); });
        }
        service.servers.push_back({wanted, std::move(checker)});
    }
}

ServiceDaemon::Checkers ServiceDaemon::release_checkers() {
    Checkers checkers;
    for (auto& service : services_) {
        for (auto& server : service.servers) {
            checkers[{service.wanted.key, server.wanted.endpoint}] = std::move(server.check);
        }
    }
    return checkers;
}

/// Those that run go on as they are.
void ServiceDaemon::begin_checks(const ChecksStart& checks) {
    for (auto& service : services_) {
        for (auto& server : service.servers) {
            health::Started started{.settled = checks.settled};
            if (checks.found) {
                started.found = installed_weight(service, server);
            }
            if (checks.first_check) {
                started.first_probe =
                    checks.first_check({service.wanted.name, service.wanted.key},
                                       {server.wanted.name, server.wanted.endpoint});
            }
            server.check->start(started);
        }
    }
}

std::optional<Weight> ServiceDaemon::installed_weight(const Service& service,
                                                      const Server& server) const {
    const auto* installed = find_service(installed_, service.wanted.key);
    if (installed == nullptr) {
        return std::nullopt;
    }
    const auto found = std::ranges::find_if(
        installed->destinations,
        [&](const TableDestination& d) { return d.server.endpoint == server.wanted.endpoint; });
    return found == installed->destinations.end() ? std::nullopt
                                                  : std::optional{found->settings.weight};
}

/// What was found and stays is in IPVS from now on as if it had been put there.
void ServiceDaemon::tell_kept() {
    const auto wanted = wanted_table();
    rename(installed_, wanted);
    for (const auto& service : installed_) {
        if (const auto* kept = find_service(wanted, service.service.key)) {
            for (const auto& change : service_changes({}, {kept_part(service, *kept)})) {
                ports_.log.tell(std::visit([](const auto& c) { return event_of(c); }, change));
            }
        }
    }
}

TableService ServiceDaemon::table_of(const Service& service) {
    TableService table{{service.wanted.name, service.wanted.key}, service.wanted.settings, {}};
    bool serves = false;
    for (const auto& server : service.servers) {
        serves = serves || server.check->serves();
        if (const auto weight = server.check->weight_in_service()) {
            auto settings = server.wanted.settings;
            settings.weight = *weight;
            table.destinations.push_back({{server.wanted.name, server.wanted.endpoint}, settings});
        }
    }
    const auto& sorry = service.wanted.sorry;
    if (sorry && !serves) {
        table.destinations.push_back({{sorry->name, sorry->endpoint}, sorry->settings});
    }
    return table;
}

/// Brings one service's place in IPVS to what its checkers say.
void ServiceDaemon::settle(const ipvs::ServiceKey& key) {
    if (busy_) {
        return;
    }
    ServiceTable have;
    if (const auto* service = find_service(installed_, key)) {
        have.push_back(*service);
    }
    ServiceTable wanted;
    for (const auto& service : services_) {
        if (service.wanted.key == key) {
            wanted.push_back(table_of(service));
        }
    }
    make(service_changes(have, wanted));
}

void ServiceDaemon::settle_all() {
    const auto wanted = wanted_table();
    rename(installed_, wanted);
    make(service_changes(installed_, wanted));
}

ServiceTable ServiceDaemon::wanted_table() const {
    ServiceTable wanted;
    for (const auto& service : services_) {
        wanted.push_back(table_of(service));
    }
    return wanted;
}

void ServiceDaemon::make(const std::vector<ServiceChange>& changes) {
    if (changes.empty()) {
        return;
    }
    std::vector<ports::DataplaneChange> orders;
    orders.reserve(changes.size());
    for (const auto& change : changes) {
        orders.push_back(std::visit([](const auto& c) { return order_of(c); }, change));
    }
    const auto results = ports_.dataplane.change(orders);
    for (std::size_t i = 0; i < changes.size(); ++i) {
        made(changes[i], results.at(i));
    }
}

/// What is refused is tried again when its service changes the next time.
void ServiceDaemon::made(const ServiceChange& change, ipvs::ControlResult result) {
    const bool to_come = std::holds_alternative<AddService>(change);
    if (!to_come && find_service(installed_, service_of(change).key) == nullptr) {
        return;  // the service itself was refused
    }
    if (result != ipvs::ControlResult::ok && !gone_already(change, result)) {
        note(fmt::format("IPVS refused to {}: {}", to_string(change), to_string(result)));
        return;
    }
    router::apply(installed_, change);
    ports_.log.tell(std::visit([](const auto& c) { return event_of(c); }, change));
}

void ServiceDaemon::note(std::string text) {
    ports_.log.tell(ports::Note{std::move(text)});
}

}  // namespace lvslab::router
