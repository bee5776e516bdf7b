// SPDX-License-Identifier: GPL-2.0-only
/// What `lvsrouter status` tells, as a value, as JSON and as a table.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/time.hpp"
#include "core/ipvs/service.hpp"
#include "core/pulse/actions.hpp"
#include "core/pulse/words.hpp"

namespace lvslab::realmode {

/// A real server in its service.
enum class ServerState : std::uint8_t {
    unchecked,  ///< a standby checks nobody; or the first check has not ended
    up,         ///< in IPVS
    down,       ///< out of it, by its checks
    quiesced,   ///< in with weight 0: no new connections
    inactive,   ///< active = 0 in lvs.cf
};
std::string_view to_string(ServerState state);

struct ServerStatus {
    std::string name;
    Endpoint endpoint;
    ipvs::ForwardingMethod method = ipvs::ForwardingMethod::nat;
    ServerState state = ServerState::unchecked;
    Weight weight;  ///< in IPVS; lvs.cf's if it is not in
    std::optional<std::int64_t> active_connections, inactive_connections;  ///< if it is in
};

struct ServiceStatus {
    std::string name;
    ipvs::ServiceKey key;
    ipvs::ServiceSettings settings;
    bool in_ipvs = false;
    std::vector<ServerStatus> servers;
};

struct PathStatus {
    pulse::Path path = pulse::Path::public_net;
    Address partner;
    std::optional<Duration> heard_ago;  ///< unset: not since this router's start
    std::optional<pulse::Word> word;    ///< the partner's last on this path
};

struct AddressStatus {
    Address address;
    std::string device;
    bool held = false;
};

struct SyncStatus {
    bool master = false;
    std::string interface;
    int id = 0;
};

struct Status {
    std::string version;
    std::string config_file;
    std::int64_t process = 0;
    std::optional<std::int64_t> supervisor;  ///< its process; unset = none
    bool primary = false;                    ///< this machine carries lvs.cf's `primary`
    bool active = false;
    std::optional<pulse::Reason> reason;  ///< of the last change of role
    Duration role_for{};                  ///< since it, or since the start
    bool links_up = true;
    std::string partner;  ///< running, stopped, silent; "none" without a backup
    std::vector<PathStatus> paths;
    std::optional<SyncStatus> sync;  ///< unset: lvs.cf asks for none
    std::vector<AddressStatus> addresses;
    std::vector<ServiceStatus> services;
};

/// One object on one line, times in seconds.
std::string to_json(const Status& status);
/// The role and the partner, then the services as `ipvsadm -Ln` lists them, with each server's
/// state and name behind.
std::string to_table(const Status& status);

}  // namespace lvslab::realmode
