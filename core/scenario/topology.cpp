// SPDX-License-Identifier: GPL-2.0-only
#include "core/scenario/topology.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <boost/graph/breadth_first_search.hpp>
#include <boost/graph/filtered_graph.hpp>

namespace lvslab::scenario {
namespace {

using Kind = TopologyNode::Kind;
using Vertex = boost::graph_traits<Topology>::vertex_descriptor;

class Builder {
public:
    // `own_ways`: with the legs that servers' own gateways give the gateway.
    Builder(const Scenario& s, bool own_ways) : s_(s), own_ways_(own_ways) {}

    Topology build() {
        const auto gateway = add(Kind::gateway, "gateway", 0);
        for (unsigned i = 0; i < s_.routers.size(); ++i) {
            const auto& r = s_.routers[i];
            const auto router = add(Kind::router, r.name, i);
            const auto lan = network(r.public_interface);
            boost::add_edge(router, lan, graph_);
            public_ = public_ == none ? lan : public_;
            if (r.private_interface) {
                boost::add_edge(router, network(*r.private_interface), graph_);
            }
        }
        attach(gateway, public_);
        for (unsigned i = 0; i < s_.servers.size(); ++i) {
            const auto lan = network(s_.servers[i].interface);
            boost::add_edge(add(Kind::server, s_.servers[i].name, i), lan, graph_);
            if (s_.config.network != config::NetworkType::nat || has_own_way_out(s_.servers[i])) {
                attach(gateway, lan);
            }
        }
        for (unsigned i = 0; i < s_.data.size(); ++i) {
            boost::add_edge(add(Kind::data, s_.data[i].name, i), network(s_.data[i].interface),
                            graph_);
        }
        for (unsigned i = 0; i < s_.clients.size(); ++i) {
            boost::add_edge(add(Kind::clients, s_.clients[i].name, i), gateway, graph_);
        }
        return std::move(graph_);
    }

private:
    static constexpr Vertex none = static_cast<Vertex>(-1);

    Vertex add(Kind kind, std::string name, unsigned index) {
        return boost::add_vertex(TopologyNode{kind, std::move(name), index, {}}, graph_);
    }

    // The vertex of the network that an interface is in.
    Vertex network(const lvslab::Network& interface) {
        const auto wanted = network_of(interface);
        const auto [at, is_new] = networks_.emplace(wanted, none);
        if (is_new) {
            at->second = boost::add_vertex(
                TopologyNode{Kind::network, wanted.to_string(), 0, wanted}, graph_);
        }
        return at->second;
    }

    bool has_own_way_out(const Server& server) const {
        return own_ways_ && std::ranges::any_of(server.gateways, [&](const auto& a) {
                   return is_gateways_own(s_, a);
               });
    }

    void attach(Vertex node, Vertex lan) {
        if (lan != none && !boost::edge(node, lan, graph_).second) {
            boost::add_edge(node, lan, graph_);
        }
    }

    const Scenario& s_;
    bool own_ways_;
    Topology graph_;
    std::map<lvslab::Network, Vertex> networks_;
    Vertex public_ = none;
};

// The vertices that packets get to. Clients and servers have one attachment each, so none of them
// can forward; routers do if they may.
std::vector<bool> reached_from(const Topology& graph, Vertex from, bool through_routers) {
    const auto may_pass = [&, from](Vertex v) {
        return v == from || through_routers || graph[v].kind != Kind::router;
    };
    const boost::filtered_graph<Topology, boost::keep_all, std::function<bool(Vertex)>> passable(
        graph, boost::keep_all{}, may_pass);
    std::vector<boost::default_color_type> colour(boost::num_vertices(graph), boost::white_color);
    const auto index = boost::get(boost::vertex_index, graph);
    boost::breadth_first_search(
        passable, from, boost::color_map(boost::make_iterator_property_map(colour.begin(), index)));
    std::vector<bool> reached(colour.size());
    for (std::size_t i = 0; i < colour.size(); ++i) {
        reached[i] = colour[i] == boost::black_color;
    }
    return reached;
}

class TopologyCheck {
public:
    TopologyCheck(const Scenario& s, Acceptance& accept, Diagnostics& d)
        : s_(s), graph_(Builder(s, false).build()), accept_(accept), d_(d) {}

    void run() {
        const auto gateway = all(Kind::gateway).front();
        for (const auto router : all(Kind::router)) {
            const auto reached = reached_from(graph_, router, false);
            if (!reached[gateway]) {
                say(Acceptable::unreachable_router, s_.routers[graph_[router].index].location,
                    "clients do not reach", router);
            }
            for (const auto server : all(Kind::server)) {
                if (!reached[server]) {
                    say(Acceptable::unreachable_server, place_of(server),
                        graph_[router].name + " does not reach", server);
                }
            }
        }
        check_answers(gateway);
        check_data_servers();
    }

private:
    void check_answers(Vertex gateway) {
        const bool nat = s_.config.network == config::NetworkType::nat;
        const auto around = reached_from(graph_, gateway, false);
        const auto answered = nat ? reached_from(graph_, gateway, true) : around;
        for (const auto server : all(Kind::server)) {
            if (!answered[server]) {
                say(Acceptable::no_return, place_of(server), "clients get no answer from", server);
            } else if (nat && around[server] && s_.servers[graph_[server].index].gateways.empty()) {
                // Who names its gateways has been held to them by check_servers.
                say(Acceptable::asymmetric_return, place_of(server),
                    "answers would pass NAT by from", server);
            }
        }
    }

    void check_data_servers() {
        for (const auto data : all(Kind::data)) {
            const auto reached = reached_from(graph_, data, true);
            bool used = false;
            for (const auto server : all(Kind::server)) {
                const auto& need = s_.servers[graph_[server].index].data;
                if (!need || need->data_server != graph_[data].index) {
                    continue;
                }
                used = true;
                if (!reached[server]) {
                    d_.error(place_of(server), fmt::format("{} does not reach data server {}",
                                                           graph_[server].name, graph_[data].name));
                }
            }
            if (!used) {
                d_.error(s_.data[graph_[data].index].location,
                         fmt::format("no server uses data server {}", graph_[data].name));
            }
        }
    }

    std::vector<Vertex> all(Kind kind) const {
        std::vector<Vertex> found;
        for (Vertex v = 0; v < boost::num_vertices(graph_); ++v) {
            if (graph_[v].kind == kind) {
                found.push_back(v);
            }
        }
        return found;
    }

    const SourceLocation& place_of(Vertex server) const {
        return s_.servers[graph_[server].index].location;
    }

    void say(Acceptable mistake, const SourceLocation& where, std::string_view what, Vertex whom) {
        accept_.report(mistake, where, fmt::format("{} {}", what, graph_[whom].name));
    }

    const Scenario& s_;
    Topology graph_;
    Acceptance& accept_;
    Diagnostics& d_;
};

}  // namespace

Topology topology_of(const Scenario& scenario) {
    return Builder(scenario, true).build();
}

bool is_gateways_own(const Scenario& scenario, const Address& address) {
    if (scenario.config.nat_router == address) {
        return false;
    }
    return std::ranges::none_of(scenario.routers, [&](const auto& r) {
        return r.public_interface.address == address ||
               (r.private_interface && r.private_interface->address == address);
    });
}

void check_topology(const Scenario& scenario, Acceptance& accept, Diagnostics& d) {
    TopologyCheck(scenario, accept, d).run();
}

Diagnostics check_topology(const Scenario& scenario) {
    Diagnostics d;
    Acceptance accept(scenario.accepted, d);
    check_topology(scenario, accept, d);
    return d;
}

}  // namespace lvslab::scenario
