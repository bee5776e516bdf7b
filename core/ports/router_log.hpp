// SPDX-License-Identifier: GPL-2.0-only
/// What a router did, for whoever keeps a journal of it.
#pragma once

#include <optional>
#include <string>
#include <variant>

#include "core/base/address.hpp"
#include "core/base/quantities.hpp"
#include "core/base/time.hpp"
#include "core/ipvs/service.hpp"
#include "core/pulse/actions.hpp"
#include "core/pulse/words.hpp"

namespace lvslab::ports {

/// A virtual service: the name of its block in lvs.cf, and how IPVS finds it.
struct ServiceName {
    std::string name;
    ipvs::ServiceKey key;
    friend bool operator==(const ServiceName&, const ServiceName&) = default;
};
/// A real server's place in a service. The sorry server has the name "sorry_server".
struct ServerName {
    std::string name;
    Endpoint endpoint;  ///< as IPVS has it
    friend bool operator==(const ServerName&, const ServerName&) = default;
};

struct RoleChanged {
    bool active = false;
    pulse::Reason reason = pulse::Reason::partner_silent;
    friend bool operator==(const RoleChanged&, const RoleChanged&) = default;
};
struct HeartbeatSent {
    pulse::Path path = pulse::Path::public_net;
    pulse::Word word = pulse::Word::stopped;
    friend bool operator==(const HeartbeatSent&, const HeartbeatSent&) = default;
};
/// Datagrams that are no word of ours give a Note instead.
struct HeartbeatHeard {
    pulse::Path path = pulse::Path::public_net;
    pulse::Word word = pulse::Word::stopped;
    friend bool operator==(const HeartbeatHeard&, const HeartbeatHeard&) = default;
};
struct AddressRaised {
    Address address;
    friend bool operator==(const AddressRaised&, const AddressRaised&) = default;
};
struct AddressLowered {
    Address address;
    friend bool operator==(const AddressLowered&, const AddressLowered&) = default;
};
struct AddressAnnounced {
    Address address;
    int nth = 1;  ///< of five
    friend bool operator==(const AddressAnnounced&, const AddressAnnounced&) = default;
};
/// Added to IPVS, or its settings changed. What IPVS refused is a Note.
struct ServiceSet {
    ServiceName service;
    ipvs::ServiceSettings settings;
    friend bool operator==(const ServiceSet&, const ServiceSet&) = default;
};
struct ServiceRemoved {
    ServiceName service;
    friend bool operator==(const ServiceRemoved&, const ServiceRemoved&) = default;
};
struct DestinationAdded {
    ServiceName service;
    ServerName server;
    Weight weight;
    friend bool operator==(const DestinationAdded&, const DestinationAdded&) = default;
};
struct DestinationEdited {
    ServiceName service;
    ServerName server;
    Weight weight;
    friend bool operator==(const DestinationEdited&, const DestinationEdited&) = default;
};
struct DestinationRemoved {
    ServiceName service;
    ServerName server;
    friend bool operator==(const DestinationRemoved&, const DestinationRemoved&) = default;
};
/// One probe has ended; what the check makes of it is a destination's change, if any.
struct CheckEnded {
    ServiceName service;
    ServerName server;
    bool up = false;
    Duration duration{};
    friend bool operator==(const CheckEnded&, const CheckEnded&) = default;
};
struct LoadMeasured {
    ServiceName service;
    ServerName server;
    std::optional<double> load;  ///< nothing: it could not be had
    friend bool operator==(const LoadMeasured&, const LoadMeasured&) = default;
};
/// A line of the daemon's log.
struct Note {
    std::string text;
    friend bool operator==(const Note&, const Note&) = default;
};

using RouterEvent =
    std::variant<RoleChanged, HeartbeatSent, HeartbeatHeard, AddressRaised, AddressLowered,
                 AddressAnnounced, ServiceSet, ServiceRemoved, DestinationAdded, DestinationEdited,
                 DestinationRemoved, CheckEnded, LoadMeasured, Note>;

/// An observer. It is told what has happened, in order, and changes nothing in the router.
class RouterLog {
public:
    virtual ~RouterLog() = default;
    virtual void tell(const RouterEvent& event) = 0;
};

}  // namespace lvslab::ports
