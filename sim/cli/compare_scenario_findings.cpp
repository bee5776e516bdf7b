// SPDX-License-Identifier: GPL-2.0-only
#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include <fmt/format.h>

#include "core/scenario/distribution.hpp"
#include "core/trace/trace.hpp"
#include "sim/cli/compare_findings.hpp"

namespace lvslab::cli {
namespace {

using config::VirtualServer;
using scenario::Scenario;

/// What one virtual service meets: the facts that decide whether an algorithm has a choice.
struct ServiceFacts {
    const VirtualServer* service = nullptr;
    std::uint64_t clients = 0;       ///< different client addresses
    std::uint64_t destinations = 0;  ///< different addresses that clients connect to
    std::size_t servers = 0;         ///< active, with a weight above 0
    bool equal_weights = true;
};

std::vector<ServiceFacts> service_facts(const Scenario& s) {
    std::map<const VirtualServer*, ServiceFacts> by_service;
    std::map<const VirtualServer*, std::set<unsigned>> groups;
    std::map<const VirtualServer*, std::set<Address>> single;
    for (const auto& workload : s.workloads) {
        for (const auto& to : scenario::endpoints_of(workload)) {
            const auto& group = s.clients[workload.from];
            const auto* service =
                s.service_for(workload.protocol, scenario::client_address(group, 0), to);
            if (service == nullptr) {
                continue;
            }
            auto& facts = by_service[service];
            facts.service = service;
            if (groups[service].insert(workload.from).second) {
                facts.clients += group.count;
            }
            if (workload.destinations) {
                facts.destinations += scenario::host_count(workload.destinations->network);
            } else if (single[service].insert(to.address).second) {
                ++facts.destinations;
            }
        }
    }
    std::vector<ServiceFacts> result;
    // In the lvs.cf's order, not that of addresses in memory.
    for (const auto& service : s.config.virtual_servers) {
        const auto found = by_service.find(&service);
        if (found == by_service.end()) {
            continue;
        }
        auto facts = found->second;
        std::set<std::int32_t> weights;
        for (const auto& server : service.servers) {
            if (server.active && server.weight.value() > 0) {
                ++facts.servers;
                weights.insert(server.weight.value());
            }
        }
        facts.equal_weights = weights.size() <= 1;
        result.push_back(facts);
    }
    return result;
}

double connections_per_second(const scenario::Workload& workload) {
    if (const auto* constant = std::get_if<scenario::ConstantArrivals>(&workload.arrivals)) {
        return constant->per_second;
    }
    if (const auto* poisson = std::get_if<scenario::PoissonArrivals>(&workload.arrivals)) {
        return poisson->per_second;
    }
    if (const auto* on_off = std::get_if<scenario::OnOffArrivals>(&workload.arrivals)) {
        const double on = to_seconds(on_off->mean_on), off = to_seconds(on_off->mean_off);
        return on_off->per_second * on / (on + off);
    }
    if (const auto* traced = std::get_if<scenario::TracedArrivals>(&workload.arrivals)) {
        const double length = to_seconds(workload.length);
        return length > 0 ? static_cast<double>(traced->trace->size()) / length : 0;
    }
    const auto& listed = std::get<scenario::ListedArrivals>(workload.arrivals).at;
    const double length =
        listed.empty() ? 0 : std::max(to_seconds(listed.back()), to_seconds(workload.length));
    return length > 0 ? static_cast<double>(listed.size()) / length : 0;
}

/// Requests per second that a server can work off; 0 = not known (a cache's misses depend on the
/// algorithm).
double capacity(const scenario::Server& server) {
    const double work = scenario::mean(server.service);
    return server.cache || !(work > 0) || !std::isfinite(work)
               ? 0
               : server.workers * server.speed / work;
}

class Findings {
public:
    Findings(const Scenario& s, const std::vector<std::string>& schedulers)
        : scenario_(s), schedulers_(schedulers), facts_(service_facts(s)) {}

    std::vector<Finding> all() {
        if (facts_.empty()) {
            return {};
        }
        one_server();
        destination_hashing();
        source_hashing();
        equal_weights();
        by_weight_alone();
        persistence();
        load();
        weights_against_capacity();
        return std::move(found_);
    }

private:
    /// Those of the names that are compared.
    std::vector<std::string> present(std::initializer_list<const char*> names) const {
        std::vector<std::string> result;
        for (const auto& scheduler : schedulers_) {
            if (std::find(names.begin(), names.end(), scheduler) != names.end()) {
                result.push_back(scheduler);
            }
        }
        return result;
    }
    bool has(const char* name) const { return !present({name}).empty(); }
    void limit(std::vector<std::string> about, std::string text) {
        found_.push_back({Finding::Kind::limit, std::move(about), std::move(text)});
    }
    void about_scenario(std::string text) {
        found_.push_back({Finding::Kind::scenario, {}, std::move(text)});
    }
    std::size_t most_servers() const {
        std::size_t most = 0;
        for (const auto& facts : facts_) {
            most = std::max(most, facts.servers);
        }
        return most;
    }

    void one_server() {
        for (const auto& facts : facts_) {
            if (facts.servers == 1) {
                about_scenario(fmt::format(
                    "Virtual service {} has one active real server: there is nothing to choose, "
                    "every algorithm does the same.",
                    facts.service->name));
            }
        }
    }

    void destination_hashing() {
        std::uint64_t destinations = 0;
        for (const auto& facts : facts_) {
            destinations = std::max(destinations, facts.destinations);
        }
        const auto servers = most_servers();
        if (servers < 2) {
            return;
        }
        const auto about = destinations == 1
                               ? std::string("each virtual service here has a single one")
                               : fmt::format(
                                     "no virtual service here has more than {} of them for "
                                     "{} real servers",
                                     destinations, servers);
        if (destinations >= 4 * servers) {
            return;
        }
        if (has("dh")) {
            limit({"dh"},
                  fmt::format("dh chooses by the destination address alone, and {}: {}. It cannot "
                              "show its worth on this scenario; it is made for proxy caches, where "
                              "clients ask for many addresses.",
                              about,
                              destinations == 1 ? "every connection lands on the same server"
                                                : "few servers get most of the connections"));
        }
        if (const auto lb = present({"lblc", "lblcr"}); !lb.empty()) {
            const auto one_entry =
                lb.size() == 2
                    ? "lblc moves the whole load to another server only when the one it has is "
                      "overloaded, lblcr adds a second one to its set"
                : lb[0] == "lblc"
                    ? "it moves the load only when the server that has it is overloaded"
                    : "it adds servers to the set only under overload";
            limit(lb, fmt::format("{} remember{} which server holds a destination address, and {}: "
                                  "there is nothing to learn; {}. Caches are what it is for.",
                                  lb.size() == 2 ? "lblc and lblcr" : lb[0],
                                  lb.size() == 2 ? "" : "s", about, one_entry));
        }
    }

    void source_hashing() {
        const auto hashing = present({"sh", "mh"});
        if (hashing.empty()) {
            return;
        }
        for (const auto& facts : facts_) {
            if (facts.servers < 2 || facts.clients == 0) {
                continue;
            }
            // Clients thrown into servers at random: standard deviation over mean of a server's
            // number of clients.
            const double spread = std::sqrt(static_cast<double>(facts.servers - 1) /
                                            static_cast<double>(facts.clients));
            if (spread < 0.1) {
                continue;
            }
            limit(hashing,
                  fmt::format("{} by the client's address alone. Virtual service {} has {} client "
                              "address{} for {} real servers: by chance alone a server's share is "
                              "off by {:.0f} % or so, and it is off the same way in every "
                              "repetition.",
                              hashing.size() == 2 ? "sh and mh choose" : hashing[0] + " chooses",
                              facts.service->name, facts.clients, facts.clients == 1 ? "" : "es",
                              facts.servers, 100 * spread));
        }
    }

    void equal_weights() {
        const bool equal = std::all_of(facts_.begin(), facts_.end(),
                                       [](const auto& facts) { return facts.equal_weights; });
        if (!equal || most_servers() < 2) {
            return;
        }
        for (const auto& [weighted, plain] : {std::pair{"wrr", "rr"}, std::pair{"wlc", "lc"}}) {
            if (has(weighted) && has(plain)) {
                limit({weighted, plain},
                      fmt::format("All weights are equal, so {0} is {1} here: a difference between "
                                  "the two could only come from where the turn begins.",
                                  weighted, plain));
            }
        }
    }

    void by_weight_alone() {
        if (has("fo") && most_servers() > 1) {
            limit({"fo"},
                  "fo gives everything to the available server with the highest weight; the others "
                  "are spares. It is there for failover, not for balance.");
        }
        if (has("ovf") && most_servers() > 1) {
            limit({"ovf"},
                  "ovf fills the server with the highest weight until it has as many active "
                  "connections as its weight says, then the next. Weights of lvs.cf are small "
                  "numbers, seldom meant as a count of connections.");
        }
    }

    void persistence() {
        for (const auto& facts : facts_) {
            if (facts.service->persistent.count() > 0) {
                about_scenario(fmt::format(
                    "Virtual service {} is persistent ({}): only the first connection of a client "
                    "is scheduled, the later ones follow it. The fewer and busier the clients, the "
                    "less an algorithm can do.",
                    facts.service->name, lvslab::to_string(facts.service->persistent)));
            }
        }
    }

    void load() {
        double asked = 0, available = 0;
        for (const auto& workload : scenario_.workloads) {
            asked += connections_per_second(workload) * workload.requests;
        }
        for (const auto& server : scenario_.servers) {
            const double c = capacity(server);
            if (!(c > 0)) {
                return;
            }
            available += c;
        }
        if (!(available > 0) || !(asked > 0)) {
            return;
        }
        const double part = asked / available;
        const auto numbers = fmt::format(
            "{:.3g} requests/s against {:.3g} requests/s that the real "
            "servers can work off: {:.0f} %",
            asked, available, 100 * part);
        if (part >= 1) {
            about_scenario("Offered load: " + numbers +
                           ". No algorithm can serve all of it; queues grow as long as it lasts.");
        } else if (part < 0.35) {
            about_scenario("Offered load: " + numbers +
                           ". The servers are mostly idle, so most algorithms look alike.");
        } else {
            about_scenario("Offered load: " + numbers + ".");
        }
    }

    void weights_against_capacity() {
        for (const auto& facts : facts_) {
            std::vector<std::pair<std::string, double>> weight, power;
            double weights = 0, powers = 0;
            for (const auto& real : facts.service->servers) {
                const auto host = std::find_if(
                    scenario_.servers.begin(), scenario_.servers.end(),
                    [&](const auto& s) { return s.interface.address == real.address; });
                if (!real.active || host == scenario_.servers.end() || !(capacity(*host) > 0)) {
                    continue;
                }
                weight.emplace_back(host->name, real.weight.value());
                power.emplace_back(host->name, capacity(*host));
                weights += real.weight.value();
                powers += capacity(*host);
            }
            std::string off;
            for (std::size_t i = 0; i < weight.size() && weights > 0; ++i) {
                const double w = weight[i].second / weights, c = power[i].second / powers;
                if (std::abs(w - c) > 0.05) {
                    off += fmt::format("{}{} {:.0f} % of the weight and {:.0f} % of the capacity",
                                       off.empty() ? "" : ", ", weight[i].first, 100 * w, 100 * c);
                }
            }
            if (!off.empty()) {
                about_scenario(fmt::format(
                    "The weights of virtual service {} do not follow what its servers can do: {}. "
                    "An algorithm that keeps to the weights overloads the slow ones.",
                    facts.service->name, off));
            }
        }
    }

    const Scenario& scenario_;
    const std::vector<std::string>& schedulers_;
    std::vector<ServiceFacts> facts_;
    std::vector<Finding> found_;
};

}  // namespace

std::vector<Finding> scenario_findings(const Scenario& scenario,
                                       const std::vector<std::string>& schedulers) {
    return Findings(scenario, schedulers).all();
}

}  // namespace lvslab::cli
