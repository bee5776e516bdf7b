// SPDX-License-Identifier: GPL-2.0-only
#include <string_view>

#include <fmt/format.h>

#include "core/router/daemon_settings.hpp"
#include "core/world/check_answers.hpp"
#include "core/world/configurations.hpp"
#include "core/world/message.hpp"
#include "sim/packet/world.hpp"

namespace lvslab::packet_world {

using world::configurations_of;
using world::largest_datagram;
using world::largest_request;
using world::RequestHeader;
using world::ResponseHeader;
using world::unanswerable_checks;
namespace {

using scenario::Distribution;

/// The share of a distribution's values that are below the limit.
double share_below(const Distribution& d, double limit) {
    double low = 0, high = 1;
    for (int i = 0; i < 50; ++i) {
        const double middle = (low + high) / 2;
        (scenario::quantile(d, middle) < limit ? low : high) = middle;
    }
    return low;
}

/// Values of these come as near to nothing as one likes, whatever was meant.
bool reaches_zero(const Distribution& d) {
    return std::holds_alternative<scenario::Exponential>(d) ||
           std::holds_alternative<scenario::LogNormal>(d);
}

bool has_no_end(const Distribution& d) {
    const auto* pareto = std::get_if<scenario::Pareto>(&d);
    return reaches_zero(d) || (pareto != nullptr && pareto->maximum == 0);
}

class Findings {
public:
    void check_address(const SourceLocation& where, const std::string& what,
                       const Address& address) {
        if (address.is_v6()) {
            found.error(where, fmt::format("{} has the IPv6 address {}; the packet world is IPv4 "
                                           "only",
                                           what, address.to_string()));
        }
    }

    void check_sizes(const scenario::Workload& w) {
        const bool udp = w.protocol == Protocol::udp;
        at_least(w.request_location, "requests of " + w.name, w.request, RequestHeader::size);
        at_most(w.request_location, "requests of " + w.name, w.request,
                udp ? largest_datagram : largest_request, udp ? "datagram" : "request");
        at_least(w.response_location, "responses of " + w.name, w.response, ResponseHeader::size);
    }

    Diagnostics found;

private:
    void at_least(const SourceLocation& where, const std::string& what, const Distribution& sizes,
                  std::size_t limit) {
        tell(where, share_below(sizes, static_cast<double>(limit) - 0.5), reaches_zero(sizes),
             fmt::format("of the {} are smaller than {}B, the header that the packet world puts "
                         "into them",
                         what, limit));
    }
    void at_most(const SourceLocation& where, const std::string& what, const Distribution& sizes,
                 std::uint64_t limit, std::string_view carrier) {
        tell(where, 1 - share_below(sizes, static_cast<double>(limit) + 0.5), has_no_end(sizes),
             fmt::format("of the {} are larger than {}B, the largest {} of the packet world", what,
                         limit, carrier));
    }

    /// What is written down and cannot be is an error. The tail of a distribution is cut, which is
    /// worth a word if it happens to one in a hundred.
    void tell(const SourceLocation& where, double share, bool tail, const std::string& message) {
        if (tail && share >= 0.01) {
            found.warning(where,
                          fmt::format("{:.1f} % {}; they become that size", 100 * share, message));
        } else if (!tail && share > 1e-9) {
            found.error(where, fmt::format("{:.3g} % {}", 100 * share, message));
        }
    }
};

}  // namespace

Diagnostics unsupported(const scenario::Scenario& scenario) {
    Findings findings;
    for (const auto& router : scenario.routers) {
        findings.check_address(router.location, "router " + router.name,
                               router.public_interface.address);
    }
    for (const auto& server : scenario.servers) {
        findings.check_address(server.location, "server " + server.name, server.interface.address);
    }
    for (const auto& data : scenario.data) {
        findings.check_address(data.location, "data server " + data.name, data.interface.address);
    }
    for (const auto& group : scenario.clients) {
        findings.check_address(group.location, "client group " + group.name, group.network.address);
    }
    for (const auto& workload : scenario.workloads) {
        findings.check_address(workload.location, "workload " + workload.name, workload.to.address);
        if (workload.protocol != Protocol::tcp && workload.protocol != Protocol::udp) {
            findings.found.error(workload.location,
                                 fmt::format("workload {} uses {}; the packet world has TCP and "
                                             "UDP",
                                             workload.name, to_string(workload.protocol)));
        }
        findings.check_sizes(workload);
    }
    for (const auto* config : configurations_of(scenario)) {
        if (scenario.daemons) {
            findings.found.append(router::check_runnable(*config));
        }
    }
    findings.found.append(unanswerable_checks(scenario));
    findings.found.sort();
    return findings.found;
}

}  // namespace lvslab::packet_world
