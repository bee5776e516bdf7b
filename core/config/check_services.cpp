// SPDX-License-Identifier: GPL-2.0-only
#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "core/config/check_rules.hpp"
#include "core/config/errors.hpp"
#include "core/config/places.hpp"

namespace lvslab::config {
namespace {

template <std::size_t N>
bool is_one_of(std::string_view word, const std::array<std::string_view, N>& words) {
    return std::ranges::find(words, word) != words.end();
}

/// Schedulers that send where connections are few.
constexpr std::array<std::string_view, 6> counting{"lc", "wlc", "lblc", "lblcr", "sed", "nq"};
/// Schedulers to which every weight above 0 is the same.
constexpr std::array<std::string_view, 3> weightless{"rr", "lc", "dh"};

class ServiceCheck {
public:
    ServiceCheck(const LvsConfig& config, const VirtualServer& service, Diagnostics& found)
        : config_(config), service_(service), found_(found) {}

    void run() {
        check_address();
        check_persistence();
        check_scheduler();
        check_load_monitor();
        check_servers();
        check_sorry_server();
    }

private:
    bool marked() const { return service_.fwmark != Fwmark{}; }
    bool monitors_load() const { return service_.load_monitor.value_or("none") != "none"; }

    void error(std::string_view directive, const std::string& message) {
        found_.error(place_of(service_, directive), title(service_) + ": " + message);
    }
    void warning(std::string_view directive, const std::string& message) {
        found_.warning(place_of(service_, directive), title(service_) + ": " + message);
    }
    std::string title_of(const RealServer& server) const {
        return fmt::format("server {} of {}", shown(server.name), title(service_));
    }

    void check_address() {
        if (service_.address.is_unspecified()) {
            error("address", marked() ? "no address: packets are marked, but no router takes them"
                                      : "no address");
            return;
        }
        const auto is = [&](const std::optional<Address>& other) {
            return other && *other == service_.address;
        };
        if (is(config_.primary) || is(config_.backup)) {
            error("address", fmt::format("{} is a router's own address; it is to float between "
                                         "the routers",
                                         service_.address.to_string()));
        }
        if (config_.network == NetworkType::nat && is(config_.nat_router)) {
            error("address", fmt::format("{} is nat_router too", service_.address.to_string()));
        }
        if (!marked() && service_.port == Port{0} && service_.persistent == Duration::zero()) {
            error("port", "port 0 (every port) needs persistent, or IPVS refuses it");
        }
    }

    void check_persistence() {
        if (service_.persistent < Duration::zero()) {
            error("persistent", fmt::format("persistent is {}s, expected 0 or a time above it",
                                            to_seconds(service_.persistent)));
        } else if (service_.pmask && service_.persistent == Duration::zero()) {
            warning("pmask", "pmask has no effect without persistent");
        }
    }

    void check_scheduler() {
        const auto& scheduler = service_.scheduler;
        if (service_.sched_flags && scheduler != "sh" && scheduler != "mh") {
            warning("sched_flags", fmt::format("sched_flags has no effect on {}", scheduler));
        }
        if (!is_one_of(scheduler, weightless)) {
            return;
        }
        const RealServer* first = nullptr;
        for (const auto& server : service_.servers) {
            if (!server.active || server.weight.value() <= 0) {
                continue;
            }
            first = first == nullptr ? &server : first;
            if (server.weight != first->weight) {
                warning("scheduler", fmt::format("servers have different weights, which {} does "
                                                 "not look at",
                                                 scheduler));
                return;
            }
        }
    }

    void check_load_monitor() {
        if (!monitors_load()) {
            return;
        }
        if (is_one_of(service_.scheduler, weightless)) {
            warning("load_monitor",
                    fmt::format("load_monitor has no effect: it changes weights, which {} does "
                                "not look at",
                                service_.scheduler));
        } else if (is_one_of(service_.scheduler, counting)) {
            warning("load_monitor",
                    fmt::format("load_monitor on top of {}: both follow the load, one over the "
                                "other, and the weights swing",
                                service_.scheduler));
        }
    }

    void check_servers() {
        if (std::ranges::none_of(service_.servers, &RealServer::active)) {
            found_.warning(service_.location,
                           fmt::format("{}: no server is active", title(service_)));
        }
        std::map<std::pair<Address, Port>, const RealServer*> seen;
        for (const auto& server : service_.servers) {
            if (!server.active) {
                continue;
            }
            check_server(server);
            // Only NAT changes a port: without it, servers that differ by theirs are one.
            const auto port = rewrites_ports() ? server.port : Port{0};
            const auto [other, is_new] = seen.try_emplace({server.address, port}, &server);
            if (!is_new && !server.address.is_unspecified()) {
                found_.error(
                    server.location,
                    fmt::format("{} is the same destination as server {} in {}", title_of(server),
                                shown(other->second->name), other->second->location.to_string()));
            }
        }
    }

    bool rewrites_ports() const { return config_.network == NetworkType::nat && !marked(); }

    /// Why IPVS takes no destination of this address: of another family than the service's it can
    /// be reached through a tunnel alone, and connection sync does not know such ones (ip_vs_ctl.c,
    /// ip_vs_genl_set_cmd).
    std::optional<std::string> other_family(const Address& server) const {
        const bool same = server.family() == service_.address.family();
        if (same || server.is_unspecified() || service_.address.is_unspecified()) {
            return std::nullopt;
        }
        const auto families = fmt::format("{}, but the service's is {}", server.to_string(),
                                          service_.address.to_string());
        if (config_.network != NetworkType::tunnel) {
            return families + ": IPVS reaches one of the other family by network = tunnel alone";
        }
        if (config_.syncdaemon) {
            return families + ": IPVS takes no such pair beside a syncdaemon";
        }
        return std::nullopt;
    }

    void check_server(const RealServer& server) {
        if (server.address.is_unspecified()) {
            found_.error(server.location, title_of(server) + " has no address");
        } else if (server.address == service_.address) {
            found_.error(
                place_of(server, "address"),
                fmt::format("{} has the address of its virtual service", title_of(server)));
        } else if (const auto why = other_family(server.address)) {
            found_.error(place_of(server, "address"),
                         fmt::format("{} has the address {}", title_of(server), *why));
        }
        if (server.weight < Weight{0}) {
            found_.error(place_of(server, "weight"),
                         fmt::format("{} has weight {}; IPVS takes none below 0", title_of(server),
                                     server.weight.value()));
        }
        if (server.l_threshold > server.u_threshold) {
            found_.error(place_of(server, "l_threshold"),
                         fmt::format("{} has l_threshold {} above u_threshold {}", title_of(server),
                                     server.l_threshold, server.u_threshold));
        }
        if (!rewrites_ports() && server.port != service_.port) {
            found_.warning(place_of(server, "port"),
                           fmt::format("{} has port {}, which only its checks use: packets keep "
                                       "the port that clients sent them to",
                                       title_of(server), server.port.value()));
        }
    }

    void check_sorry_server() {
        if (!service_.sorry_server) {
            return;
        }
        if (*service_.sorry_server == service_.address) {
            error("sorry_server", "sorry_server is the address of the service itself");
        } else if (const auto why = other_family(*service_.sorry_server)) {
            error("sorry_server", "sorry_server is " + *why);
        }
        for (const auto& server : service_.servers) {
            if (server.active && server.address == *service_.sorry_server) {
                warning("sorry_server",
                        fmt::format("sorry_server {} is server {} too: it is dead when it is "
                                    "needed",
                                    service_.sorry_server->to_string(), shown(server.name)));
            }
        }
    }

    const LvsConfig& config_;
    const VirtualServer& service_;
    Diagnostics& found_;
};

}  // namespace

void check_services(const LvsConfig& config, Diagnostics& found) {
    for (const auto& service : config.virtual_servers) {
        if (service.active) {
            ServiceCheck(config, service, found).run();
        }
    }
}

}  // namespace lvslab::config
