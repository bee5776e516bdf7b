// SPDX-License-Identifier: GPL-2.0-only
/// What the dataplane suite is run on: the model of IPVS, or a kernel's.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "realmode/ipvs/ipvs_table.hpp"

namespace lvslab {

/// One router's IPVS, empty at first, and a network to send packets through. Clients are in
/// 10.2.0.0/16, virtual addresses in 10.255.0.0/24 and fd00:255::/64, real servers in 10.1.0.0/16
/// and fd00:1::/64.
class DataplaneWorld {
public:
    virtual ~DataplaneWorld() = default;

    virtual realmode::ReadableDataplane& ipvs() = 0;
    /// A packet that opens a connection (TCP's SYN; any of UDP): the real server that it went to,
    /// as IPVS has it; nothing if it went to none.
    virtual std::optional<Endpoint> open_connection(Protocol protocol, const Endpoint& client,
                                                    const Endpoint& to) = 0;
};

struct DataplaneWorldMaker {
    std::string name;
    std::function<std::unique_ptr<DataplaneWorld>()> make;
};

}  // namespace lvslab
