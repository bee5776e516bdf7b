// SPDX-License-Identifier: GPL-2.0-only
/// What a kernel's IPVS has, as values.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/diagnostic.hpp"
#include "core/ipvs/service.hpp"
#include "core/ports/dataplane.hpp"
#include "core/pulse/actions.hpp"

namespace lvslab::realmode {

/// Totals since the service or server was added or its counters were zeroed, and the kernel's
/// estimate of their rates a second. Both are renewed every 2 s (ip_vs_est.c).
struct Traffic {
    std::uint64_t connections = 0;
    std::uint64_t packets_in = 0;
    std::uint64_t packets_out = 0;
    std::uint64_t bytes_in = 0;
    std::uint64_t bytes_out = 0;
    std::uint64_t connections_a_second = 0;
    std::uint64_t packets_in_a_second = 0;
    std::uint64_t packets_out_a_second = 0;
    std::uint64_t bytes_in_a_second = 0;
    std::uint64_t bytes_out_a_second = 0;
    friend bool operator==(const Traffic&, const Traffic&) = default;
};

/// A real server, as listed.
struct ListedDestination {
    Endpoint server;
    ipvs::DestinationSettings settings;
    std::uint32_t active = 0;      ///< connections in an active state
    std::uint32_t inactive = 0;    ///< all other entries
    std::uint32_t persistent = 0;  ///< persistence templates
    Traffic traffic;
    friend bool operator==(const ListedDestination&, const ListedDestination&) = default;
};

/// A virtual service, as listed. Its key is normalised().
struct ListedService {
    ipvs::ServiceKey key;
    ipvs::ServiceSettings settings;
    std::string persistence_engine;  ///< "sip"; empty = none
    std::uint32_t other_flags = 0;   ///< IP_VS_SVC_F_* that ServiceSettings has no word for
    Traffic traffic;
    std::vector<ListedDestination> destinations;  ///< in the kernel's order: the newest first
    friend bool operator==(const ListedService&, const ListedService&) = default;
};

struct IpvsTable {
    std::vector<ListedService> services;  ///< in the order of the kernel's hash tables
    friend bool operator==(const IpvsTable&, const IpvsTable&) = default;
};

/// The service with this key, or null.
const ListedService* find_service(const IpvsTable& table, const ipvs::ServiceKey& key);

/// IPVS_CMD_GET_INFO.
struct IpvsInfo {
    std::uint32_t version = 0;     ///< 0x010201 is 1.2.1
    std::uint32_t table_size = 0;  ///< buckets of the connection table
    /// "1.2.1"
    std::string version_text() const;
    friend bool operator==(const IpvsInfo&, const IpvsInfo&) = default;
};

/// One of the kernel's synchronisation daemons.
struct SyncDaemon {
    pulse::SyncRole role = pulse::SyncRole::backup;
    std::string interface;
    std::uint8_t id = 0;
    friend bool operator==(const SyncDaemon&, const SyncDaemon&) = default;
};

/// The key as the kernel gives it back: a mark alone, or an address whose family counts.
ipvs::ServiceKey normalised(ipvs::ServiceKey key);

/// "tcp 10.0.0.1:80", "fwmark 3", "fwmark 3 ipv6"
std::string to_string(const ipvs::ServiceKey& key);

enum class Depth : std::uint8_t { services, destinations };

/// A dataplane that can be read, too.
class ReadableDataplane : public ports::Dataplane {
public:
    /// Without a value if it cannot be read. Depth::services leaves the real servers out.
    virtual Checked<IpvsTable> dump(Depth depth) = 0;
    Checked<IpvsTable> dump() { return dump(Depth::destinations); }
};

}  // namespace lvslab::realmode
