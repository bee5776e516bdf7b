// SPDX-License-Identifier: GPL-2.0-only
#include <algorithm>
#include <map>
#include <numeric>
#include <string>

#include <fmt/format.h>

#include "core/scenario/checks.hpp"

namespace lvslab::scenario {
namespace {

class AddressCheck {
public:
    AddressCheck(Scenario& s, const Places& places, Acceptance& accept, Diagnostics& d)
        : s_(s), places_(places), accept_(accept), d_(d) {}

    void run() {
        check_router_networks();
        choose_gateway();
        check_clients();
        check_overlaps();
        check_duplicates();
    }

private:
    struct Named {
        std::string name;
        Network network;
        SourceLocation place;
        bool is_routers = false;
    };

    // Remembers the first router's network of a kind and holds the others to it.
    void share_network(std::optional<Named>& first, const Router& r, const Network& n,
                       const SourceLocation& place, std::string_view kind) {
        if (!known(place)) {
            return;
        }
        if (!first) {
            first = Named{fmt::format("the {} network of {}", kind, r.name), n, place, true};
        } else if (network_of(first->network) != network_of(n)) {
            accept_.report(
                Acceptable::other_networks, place,
                fmt::format("{} address {} of {} is not in {}, {}/{}", kind, n.to_string(), r.name,
                            first->name, first->network.base().to_string(),
                            first->network.prefix_length));
            others_.push_back(
                Named{fmt::format("the {} network of {}", kind, r.name), n, place, true});
        }
    }

    void check_router_networks() {
        for (std::size_t i = 0; i < s_.routers.size(); ++i) {
            const auto& r = s_.routers[i];
            share_network(public_, r, r.public_interface, places_.routers[i].public_interface,
                          "public");
            if (r.private_interface) {
                share_network(private_, r, *r.private_interface,
                              places_.routers[i].private_interface, "private");
            }
        }
    }

    void choose_gateway() {
        if (!public_) {
            return;
        }
        const auto& network = public_->network;
        if (!known(places_.gateway)) {
            if (s_.gateway.is_unspecified() && host_count(network) > 0) {
                s_.gateway = host_address(network, host_count(network) - 1);
            }
        } else if (!network.contains(s_.gateway)) {
            d_.error(places_.gateway,
                     fmt::format("gateway {} is not in {}, {}", s_.gateway.to_string(),
                                 public_->name, network_of(network).to_string()));
        }
        if (known(places_.gateway_standby) &&
            !network.contains(s_.gateway_standby->interface.address)) {
            d_.error(places_.gateway_standby,
                     fmt::format("standby {} of the gateway is not in {}, {}",
                                 s_.gateway_standby->interface.address.to_string(), public_->name,
                                 network_of(network).to_string()));
        }
    }

    void check_clients() {
        for (std::size_t i = 0; i < s_.clients.size(); ++i) {
            const auto& group = s_.clients[i];
            if (!known(places_.clients[i])) {
                continue;
            }
            const auto hosts = host_count(group.network);
            const auto room = hosts > 0 ? hosts - 1 : 0;  // one is the gateway's
            if (group.count > room) {
                d_.error(places_.clients[i],
                         fmt::format("{} clients do not fit into {}, which has room for {} besides "
                                     "their gateway",
                                     group.count, group.network.to_string(), room));
            }
        }
    }

    void check_overlaps() {
        std::vector<Named> networks;
        for (const auto& n : {public_, private_}) {
            if (n) {
                networks.push_back(*n);
            }
        }
        networks.insert(networks.end(), others_.begin(), others_.end());
        for (std::size_t i = 0; i < s_.clients.size(); ++i) {
            if (known(places_.clients[i])) {
                networks.push_back({fmt::format("the network of {}", s_.clients[i].name),
                                    s_.clients[i].network, places_.clients[i], false});
            }
        }
        add_remote_networks(networks);
        for (std::size_t i = 0; i < s_.workloads.size(); ++i) {
            const auto& w = s_.workloads[i];
            if (w.destinations && known(places_.workloads[i].to)) {
                add_destinations(networks,
                                 {fmt::format("the destinations of {}", w.name),
                                  w.destinations->network, places_.workloads[i].to, false});
            }
        }
        refuse_overlaps(networks);
    }

    // Workloads may share their destinations.
    static void add_destinations(std::vector<Named>& networks, Named destinations) {
        const bool shared = std::ranges::any_of(networks, [&](const auto& n) {
            return n.network == destinations.network && n.name.starts_with("the destinations");
        });
        if (!shared) {
            networks.push_back(std::move(destinations));
        }
    }

    // Networks contain each other or have nothing in common, so in the order of their first
    // addresses each need only be held against the one that encloses its predecessors.
    void refuse_overlaps(std::vector<Named>& networks) {
        std::vector<std::size_t> order(networks.size());
        std::iota(order.begin(), order.end(), std::size_t{0});
        std::ranges::stable_sort(order, {}, [&](std::size_t i) {
            return std::pair(networks[i].network.base(), networks[i].network.prefix_length);
        });
        std::optional<std::size_t> enclosing;
        for (const auto i : order) {
            if (!enclosing || !networks[i].network.overlaps(networks[*enclosing].network)) {
                enclosing = i;
                continue;
            }
            const auto& later = networks[std::max(i, *enclosing)];
            const auto& earlier = networks[std::min(i, *enclosing)];
            d_.error(later.place, fmt::format("{}, {}, overlaps {}, {}", later.name,
                                              network_of(later.network).to_string(), earlier.name,
                                              network_of(earlier.network).to_string()));
        }
    }

    // Networks of servers that are not on a link with the routers, each once.
    void add_remote_networks(std::vector<Named>& networks) {
        for (std::size_t i = 0; i < s_.servers.size(); ++i) {
            add_remote_network(networks, s_.servers[i].name, s_.servers[i].interface,
                               places_.servers[i]);
        }
        for (std::size_t i = 0; i < s_.data.size(); ++i) {
            add_remote_network(networks, s_.data[i].name, s_.data[i].interface, places_.data[i]);
        }
    }

    static void add_remote_network(std::vector<Named>& networks, const std::string& name,
                                   const Network& n, const SourceLocation& place) {
        const bool is_known = std::ranges::any_of(networks, [&](const auto& other) {
            const bool same = network_of(other.network) == network_of(n);
            return same || (other.is_routers && other.network.contains(n.address));
        });
        if (known(place) && !is_known) {
            networks.push_back({fmt::format("the network of {}", name), n, place});
        }
    }

    void use(const Address& a, const std::string& who, const SourceLocation& place) {
        if (a.is_unspecified() || place.file.empty()) {
            return;
        }
        const auto [at, is_new] = used_.emplace(a, who);
        if (!is_new) {
            d_.error(place, fmt::format("address {} of {} is already that of {}", a.to_string(),
                                        who, at->second));
        }
    }

    void check_duplicates() {
        for (std::size_t i = 0; i < s_.routers.size(); ++i) {
            const auto& r = s_.routers[i];
            if (known(places_.routers[i].public_interface)) {
                use(r.public_interface.address, r.name, places_.routers[i].public_interface);
            }
            if (r.private_interface && known(places_.routers[i].private_interface)) {
                use(r.private_interface->address, r.name, places_.routers[i].private_interface);
            }
        }
        for (std::size_t i = 0; i < s_.servers.size(); ++i) {
            if (known(places_.servers[i])) {
                use(s_.servers[i].interface.address, s_.servers[i].name, places_.servers[i]);
            }
        }
        use_data_servers();
        use(s_.gateway,
            known(places_.gateway) ? "gateway"
                                   : "the gateway (the default, for want "
                                     "of \"gateway\")",
            known(places_.gateway) ? places_.gateway
            : public_              ? public_->place
                                   : SourceLocation{});
        if (known(places_.gateway_standby)) {
            use(s_.gateway_standby->interface.address, "the gateway's standby",
                places_.gateway_standby);
        }
        use_config_addresses();
    }

    void use_data_servers() {
        for (std::size_t i = 0; i < s_.data.size(); ++i) {
            const auto& data = s_.data[i];
            if (known(places_.data[i])) {
                use(data.interface.address, data.name, places_.data[i]);
            }
            if (data.standby && known(places_.standbys[i])) {
                use(data.standby->interface.address, "the standby of " + data.name,
                    places_.standbys[i]);
            }
        }
    }

    // Services may share a virtual address, and routers both.
    void use_config_addresses() {
        use_config_addresses(s_.config, places_.config);
        for (std::size_t i = 1; i < s_.routers.size(); ++i) {
            if (s_.routers[i].config_path != s_.config_path) {
                use_config_addresses(s_.routers[i].config, places_.routers[i].config);
            }
        }
    }

    void use_config_addresses(const config::LvsConfig& config, const SourceLocation& place) {
        if (config.network == config::NetworkType::nat && config.nat_router &&
            floating_.emplace(*config.nat_router, true).second) {
            use(*config.nat_router, "nat_router", place);
        }
        for (const auto& v : config.virtual_servers) {
            if (v.active && floating_.emplace(v.address, true).second) {
                use(v.address, fmt::format("virtual service {}", v.name), v.location);
            }
        }
    }

    Scenario& s_;
    const Places& places_;
    Acceptance& accept_;
    Diagnostics& d_;
    std::optional<Named> public_, private_;
    std::vector<Named> others_;         ///< networks of routers that are not the first one's
    std::map<Address, bool> floating_;  ///< addresses of an lvs.cf
    std::map<Address, std::string> used_;
};

}  // namespace

void check_addresses(Scenario& s, const Places& places, Acceptance& accept, Diagnostics& d) {
    AddressCheck(s, places, accept, d).run();
}

}  // namespace lvslab::scenario
