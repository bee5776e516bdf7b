// SPDX-License-Identifier: GPL-2.0-only
/// Which services in the kernel are a router's own: the words of its state file, pure.
#pragma once

#include <map>
#include <set>
#include <string>

#include "core/base/diagnostic.hpp"
#include "core/ipvs/service.hpp"

namespace lvslab::realmode {

/// What a router says of the services that it put into IPVS. The file holds it across its end, a
/// kill included.
struct ServiceClaims {
    /// The boot and the network namespace in which it holds: the tables of others are others'.
    std::string place;
    std::set<ipvs::ServiceKey> own;
    /// About to be added, changed or removed when this was written: such a service is the router's
    /// own if it looks like one of these (looks_of).
    std::map<ipvs::ServiceKey, std::set<std::string>> unsure;
    friend bool operator==(const ServiceClaims&, const ServiceClaims&) = default;
};

/// All that the kernel tells of a service's settings, in one line.
std::string looks_of(const ipvs::ServiceSettings& settings, Family family);

/// One service a line.
std::string print(const ServiceClaims& claims);
/// Without a value where a line is not one that print() writes.
Checked<ServiceClaims> parse_claims(const std::string& text, const std::string& file);

}  // namespace lvslab::realmode
