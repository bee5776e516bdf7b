// SPDX-License-Identifier: GPL-2.0-only
#include "core/scenario/topology.hpp"

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
    explicit Builder(const Scenario& s) : s_(s) {}

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
            if (s_.config.network != config::NetworkType::nat) {
                attach(gateway, lan);
            }
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

    void attach(Vertex node, Vertex lan) {
        if (lan != none && !boost::edge(node, lan, graph_).second) {
            boost::add_edge(node, lan, graph_);
        }
    }

    const Scenario& s_;
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
    explicit TopologyCheck(const Scenario& s) : s_(s), graph_(topology_of(s)) {}

    Diagnostics run() {
        const auto gateway = all(Kind::gateway).front();
        for (const auto router : all(Kind::router)) {
            const auto reached = reached_from(graph_, router, false);
            if (!reached[gateway]) {
                say(s_.routers[graph_[router].index].location, "clients do not reach", router);
            }
            for (const auto server : all(Kind::server)) {
                if (!reached[server]) {
                    say(place_of(server), graph_[router].name + " does not reach", server);
                }
            }
        }
        const bool nat = s_.config.network == config::NetworkType::nat;
        const auto around = reached_from(graph_, gateway, false);
        const auto answered = nat ? reached_from(graph_, gateway, true) : around;
        for (const auto server : all(Kind::server)) {
            if (!answered[server]) {
                say(place_of(server), "clients get no answer from", server);
            } else if (nat && around[server]) {
                say(place_of(server), "answers would pass NAT by from", server);
            }
        }
        return std::move(d_);
    }

private:
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

    void say(const SourceLocation& where, std::string_view what, Vertex whom) {
        d_.error(where, fmt::format("{} {}", what, graph_[whom].name));
    }

    const Scenario& s_;
    Topology graph_;
    Diagnostics d_;
};

}  // namespace

Topology topology_of(const Scenario& scenario) {
    return Builder(scenario).build();
}

Diagnostics check_topology(const Scenario& scenario) {
    return TopologyCheck(scenario).run();
}

}  // namespace lvslab::scenario
