// SPDX-License-Identifier: GPL-2.0-only
/// From what IPVS has to what it is to have, without touching what stays: pure.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "core/ipvs/service.hpp"
#include "core/ports/router_log.hpp"

namespace lvslab::router {

/// A real server as it stands in a service. Its endpoint tells it from others, not its name.
struct TableDestination {
    ports::ServerName server;
    ipvs::DestinationSettings settings;
};

/// A virtual service as it stands in IPVS. Its key tells it from others.
struct TableService {
    ports::ServiceName service;
    ipvs::ServiceSettings settings;
    std::vector<TableDestination> destinations;  ///< each endpoint once
};

/// Each key once.
using ServiceTable = std::vector<TableService>;

struct RemoveDestination {
    ports::ServiceName service;
    ports::ServerName server;
};
/// With all that is in it.
struct RemoveService {
    ports::ServiceName service;
};
struct AddService {
    ports::ServiceName service;
    ipvs::ServiceSettings settings;
};
struct EditService {
    ports::ServiceName service;
    ipvs::ServiceSettings settings;
};
struct AddDestination {
    ports::ServiceName service;
    ports::ServerName server;
    ipvs::DestinationSettings settings;
};
struct EditDestination {
    ports::ServiceName service;
    ports::ServerName server;
    ipvs::DestinationSettings settings;
};

using ServiceChange = std::variant<RemoveDestination, RemoveService, AddService, EditService,
                                   AddDestination, EditDestination>;

/// What makes `from` into `to`, in the order in which it is to be done: what goes first (a service
/// after its real servers), then, in the order of `to`, each service and its real servers.
/// Whatever is the same in both is in no change, so that its connections stay (lvsd's reload
/// deletes the service of a server that goes: lvsd.c, restartVirtualServer).
std::vector<ServiceChange> service_changes(const ServiceTable& from, const ServiceTable& to);

/// What the change makes of the table. A change of what is not there changes nothing.
void apply(ServiceTable& table, const ServiceChange& change);

/// Gives what stands in `table` the names that it has in `named`.
void rename(ServiceTable& table, const ServiceTable& named);

/// The service with this key, or null.
const TableService* find_service(const ServiceTable& table, const ipvs::ServiceKey& key);

/// Which service a change is about.
const ports::ServiceName& service_of(const ServiceChange& change);

/// One line of a log: "add server web1 (10.0.0.1:80) to http, weight 1".
std::string to_string(const ServiceChange& change);

}  // namespace lvslab::router
