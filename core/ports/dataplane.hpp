// SPDX-License-Identifier: GPL-2.0-only
/// The IPVS of one router, as an administrator changes it.
#pragma once

#include <span>
#include <variant>
#include <vector>

#include "core/base/quantities.hpp"
#include "core/ipvs/service.hpp"

namespace lvslab::ports {

struct AddService {
    ipvs::ServiceKey key;
    ipvs::ServiceSettings settings;
};
struct EditService {
    ipvs::ServiceKey key;
    ipvs::ServiceSettings settings;
};
struct RemoveService {
    ipvs::ServiceKey key;
};
struct AddDestination {
    ipvs::ServiceKey service;
    Endpoint server;
    ipvs::DestinationSettings settings;
};
struct EditDestination {
    ipvs::ServiceKey service;
    Endpoint server;
    ipvs::DestinationSettings settings;
};
struct RemoveDestination {
    ipvs::ServiceKey service;
    Endpoint server;
};

/// One change, as a value: what the function of the same name is told.
using DataplaneChange = std::variant<AddService, EditService, RemoveService, AddDestination,
                                     EditDestination, RemoveDestination>;

/// What ipvsadm can tell a kernel. A change that is refused changes nothing.
class Dataplane {
public:
    virtual ~Dataplane() = default;

    virtual ipvs::ControlResult add_service(const ipvs::ServiceKey& key,
                                            const ipvs::ServiceSettings& settings) = 0;
    virtual ipvs::ControlResult edit_service(const ipvs::ServiceKey& key,
                                             const ipvs::ServiceSettings& settings) = 0;
    /// Takes its real servers with it.
    virtual ipvs::ControlResult remove_service(const ipvs::ServiceKey& key) = 0;

    virtual ipvs::ControlResult add_destination(const ipvs::ServiceKey& service,
                                                const Endpoint& server,
                                                const ipvs::DestinationSettings& settings) = 0;
    virtual ipvs::ControlResult edit_destination(const ipvs::ServiceKey& service,
                                                 const Endpoint& server,
                                                 const ipvs::DestinationSettings& settings) = 0;
    virtual ipvs::ControlResult remove_destination(const ipvs::ServiceKey& service,
                                                   const Endpoint& server) = 0;

    /// Many changes in one go, with the outcome of making one after the other; each has its result.
    /// What is refused hinders only its own real servers: those of a service whose addition was
    /// refused before them in the same call are not tried (no_such_service), whoever's service
    /// stands in its place. A dataplane at the end of a channel has a faster way than this one.
    virtual std::vector<ipvs::ControlResult> change(std::span<const DataplaneChange> changes);

    /// `ipvsadm --set`: zero keeps what is there.
    virtual void set_timeouts(const ipvs::Timeouts& timeouts) = 0;
    /// `ipvsadm -C`: no services any more. Entries of connections stay until they expire.
    virtual void clear() = 0;
};

}  // namespace lvslab::ports
