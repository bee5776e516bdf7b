// SPDX-License-Identifier: GPL-2.0-only
/// Where the values of a scenario stand in its file, for checks that look at several of them.
#pragma once

#include <vector>

#include "core/base/diagnostic.hpp"

namespace lvslab::scenario {

/// A place that is not known (line 0) means that the value was not read: a check that needs it has
/// nothing to say, since its error has been reported.
struct Places {
    struct Router {
        SourceLocation public_interface;
        SourceLocation private_interface;
        SourceLocation config;
        SourceLocation sysctl;
    };
    struct Server {
        SourceLocation gateways;
        SourceLocation vip;
        SourceLocation data;
    };
    struct Workload {
        SourceLocation from;
        SourceLocation to;
        SourceLocation protocol;  ///< known only if the file gives one
        SourceLocation ports;     ///< of a session; else as `to`
    };

    struct Fault {
        SourceLocation at;      ///< known only of a fault that was read and has one
        SourceLocation moment;  ///< of `after`, likewise
    };

    SourceLocation config;
    SourceLocation gateway;
    SourceLocation gateway_standby;
    std::vector<Router> routers;
    std::vector<SourceLocation> servers;   ///< their addresses
    std::vector<Server> server_parts;      ///< the rest of them
    std::vector<SourceLocation> data;      ///< data servers' addresses
    std::vector<SourceLocation> standbys;  ///< and those of their standbys
    std::vector<Fault> faults;
    SourceLocation accept;
    std::vector<SourceLocation> clients;  ///< their networks
    std::vector<Workload> workloads;
    bool marks_read = true;  ///< every rule was
};

inline bool known(const SourceLocation& place) {
    return place.line != 0;
}

}  // namespace lvslab::scenario
