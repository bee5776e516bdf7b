// SPDX-License-Identifier: GPL-2.0-only
/// The third tier: data servers that real servers share (manual, section 1.1.1).
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/base/address.hpp"
#include "core/base/diagnostic.hpp"
#include "core/base/time.hpp"
#include "core/scenario/distribution.hpp"
#include "core/scenario/link.hpp"

namespace lvslab::scenario {

/// What one request of a real server asks of a data server: its reads, then its writes, one after
/// the other, over connections of its own.
struct DataNeed {
    unsigned data_server = 0;  ///< index into Scenario::data
    unsigned reads = 1;
    Distribution bytes = Constant{8 * 1024};  ///< of a read's answer and of a write
    unsigned writes = 0;
    Duration timeout = std::chrono::seconds(3);  ///< of each; the request fails after it
};

/// The second node of an active/passive pair (a data server's, the gateway's). It takes the shared
/// address over when the first one dies, and the first one is standby when it returns.
struct Standby {
    Network interface;                             ///< its own
    Duration takeover = std::chrono::seconds(10);  ///< from the death to the service's return
};

/// A data server: a host with a service of its own, as single or as active/passive pair.
struct DataServer {
    enum class Kind : std::uint8_t {
        files,     ///< NFS-like: a request is a read or a write of a file
        database,  ///< a request is a transaction on a connection that stays open
    };

    std::string name;
    Network interface;  ///< carries the service address that real servers use
    Kind kind = Kind::files;
    unsigned workers = 8;
    Distribution service;  ///< seconds of work in a read or a write
    Link link;
    std::optional<Standby> standby;
    SourceLocation location;
};

}  // namespace lvslab::scenario
