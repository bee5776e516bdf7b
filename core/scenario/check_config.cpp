// SPDX-License-Identifier: GPL-2.0-only
#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "core/base/spelling.hpp"
#include "core/scenario/checks.hpp"

namespace lvslab::scenario {
namespace {

// The first word of a command.
std::string_view program_of(std::string_view command) {
    while (!command.empty() && (command.front() == ' ' || command.front() == '\'')) {
        command.remove_prefix(1);
    }
    return command.substr(0, command.find_first_of(" '"));
}

std::string_view name_of(config::NetworkType t) {
    switch (t) {
        case config::NetworkType::nat:
            return "nat";
        case config::NetworkType::direct:
            return "direct";
        case config::NetworkType::tunnel:
            return "tunnel";
    }
    return "?";
}

// An lvs.cf and who runs it.
struct ConfigFile {
    const config::LvsConfig& config;
    std::string path;
    SourceLocation place;            ///< where the scenario names it
    std::vector<std::size_t> users;  ///< routers
};

class ConfigCheck {
public:
    ConfigCheck(const Scenario& s, const ConfigFile& file, const Places& places, Acceptance& accept,
                Diagnostics& d)
        : s_(s),
          file_(file),
          config_(file.config),
          path_(file.path),
          place_(file.place),
          places_(places),
          accept_(accept),
          d_(d) {
        for (std::size_t i = 0; i < s.routers.size(); ++i) {
            all_routers_read_ &= known(places.routers[i].public_interface);
        }
        for (const auto& place : places.servers) {
            all_servers_read_ &= known(place);
        }
    }

    void run() {
        if (config_.service == config::ServiceType::fos) {
            d_.error(place_,
                     fmt::format("{} has service = fos, failover services without IPVS, which "
                                 "lvslab does not run; it runs service = lvs",
                                 path_));
            return;
        }
        check_routers();
        check_nat();
        check_server_networks();
        check_virtual_servers();
        check_real_servers();
        check_programs();
    }

private:
    // Without routers that were read there is nothing to hold against the lvs.cf.
    const Router* first_router() const {
        return all_routers_read_ && !file_.users.empty() ? &s_.routers[file_.users.front()]
                                                         : nullptr;
    }

    void check_routers() {
        if (config_.primary.is_unspecified() || first_router() == nullptr) {
            return;
        }
        bool has_primary = false;
        for (const auto i : file_.users) {
            const auto& r = s_.routers[i];
            const auto& place = places_.routers[i];
            const bool is_primary = r.public_interface.address == config_.primary;
            const bool is_backup = r.public_interface.address == config_.backup;
            has_primary |= is_primary;
            if (!is_primary && !is_backup) {
                accept_.report(
                    Acceptable::wrong_roles, place.public_interface,
                    fmt::format("{} ({}) is neither primary ({}) nor backup ({}) of {}", r.name,
                                r.public_interface.address.to_string(), config_.primary.to_string(),
                                config_.backup.to_string(), path_));
                continue;
            }
            const auto& expected = is_primary ? config_.primary_private : config_.backup_private;
            const auto& public_address = is_primary ? config_.primary : config_.backup;
            // An lvs.cf that names no private address has the public one in its place.
            if (r.private_interface && known(place.private_interface) &&
                !expected.is_unspecified() && expected != public_address &&
                expected != r.private_interface->address) {
                accept_.report(Acceptable::wrong_roles, place.private_interface,
                               fmt::format("{} has the private address {}, but {} has {} as its {}",
                                           r.name, r.private_interface->address.to_string(), path_,
                                           expected.to_string(),
                                           is_primary ? "primary_private" : "backup_private"));
            }
        }
        if (!has_primary && s_.routers.size() == 1 &&
            s_.routers.front().public_interface.address == config_.backup) {
            d_.error(places_.routers.front().public_interface,
                     fmt::format("no router has the address of the primary, {}",
                                 config_.primary.to_string()));
        }
    }

    void check_nat() {
        if (config_.network != config::NetworkType::nat) {
            return;
        }
        const auto* router = first_router();
        for (const auto i : file_.users) {
            const auto& r = s_.routers[i];
            if (!r.private_interface && router != nullptr) {
                d_.error(r.location,
                         fmt::format("{} has no \"private\" address, which NAT needs (network = "
                                     "nat in {})",
                                     r.name, path_));
                router = nullptr;
            }
        }
        if (!config_.nat_router) {
            d_.error(place_,
                     fmt::format("{} has network = nat but no nat_router, the real servers' "
                                 "default gateway",
                                 path_));
        } else if (router != nullptr && !router->private_interface->contains(*config_.nat_router)) {
            accept_.report(
                Acceptable::other_networks, place_,
                fmt::format("nat_router {} of {} is not in the routers' private network {}",
                            config_.nat_router->to_string(), path_,
                            network_of(*router->private_interface).to_string()));
        }
    }

    // NAT: behind the routers. Direct routing: on a link with them, for it changes the
    // destination's MAC alone. A tunnel reaches everywhere.
    void check_server_networks() {
        const auto* router = first_router();
        const bool nat = config_.network == config::NetworkType::nat;
        if (router == nullptr || config_.network == config::NetworkType::tunnel ||
            (nat && !router->private_interface)) {
            return;
        }
        const auto fits = [](const Network& wanted, const Network& have) {
            return network_of(wanted) == network_of(have);
        };
        for (std::size_t i = 0; i < s_.servers.size(); ++i) {
            const auto& have = s_.servers[i].interface;
            const bool in_private =
                router->private_interface && fits(*router->private_interface, have);
            if (!known(places_.servers[i]) || in_private ||
                (!nat && fits(router->public_interface, have))) {
                continue;
            }
            const auto wanted =
                nat ? fmt::format("private network {}",
                                  network_of(*router->private_interface).to_string())
                : router->private_interface
                    ? fmt::format("networks {} and {}",
                                  network_of(router->public_interface).to_string(),
                                  network_of(*router->private_interface).to_string())
                    : fmt::format("public network {}",
                                  network_of(router->public_interface).to_string());
            accept_.report(
                Acceptable::unreachable_server, places_.servers[i],
                fmt::format("{} of {} is not in the routers' {}, where network = {} needs it",
                            have.to_string(), s_.servers[i].name, wanted,
                            name_of(config_.network)));
        }
    }

    void check_virtual_servers() {
        for (const auto& v : config_.virtual_servers) {
            if (!v.active) {
                continue;
            }
            check_virtual_address(v);
            if (v.protocol != Protocol::tcp && v.protocol != Protocol::udp) {
                d_.error(v.location,
                         fmt::format("virtual service {}: no world runs protocol {} yet", v.name,
                                     to_string(v.protocol)));
            }
        }
    }

    // A fwmark service has an address too: marked packets are routed to it.
    void check_virtual_address(const config::VirtualServer& v) {
        const auto* router = first_router();
        if (router != nullptr && !v.address.is_unspecified() &&
            !router->public_interface.contains(v.address)) {
            accept_.report(
                Acceptable::other_networks, v.location,
                fmt::format("address {} of virtual service {} is not in the routers' public "
                            "network {}",
                            v.address.to_string(), v.name,
                            network_of(router->public_interface).to_string()));
        }
    }

    void check_real_servers() {
        if (!all_servers_read_ || s_.servers.empty()) {
            return;
        }
        for (const auto& v : config_.virtual_servers) {
            for (const auto& r : v.servers) {
                if (!v.active || !r.active) {
                    continue;
                }
                if (!r.address.is_unspecified() && !is_server(r.address)) {
                    d_.error(r.location,
                             fmt::format("real server {} ({}) of virtual service {} has no entry "
                                         "under \"servers\" of the scenario",
                                         r.name, r.address.to_string(), v.name));
                }
            }
            check_sorry_server(v);
        }
    }

    void check_sorry_server(const config::VirtualServer& v) {
        if (v.active && v.sorry_server && !is_server(*v.sorry_server)) {
            d_.error(v.location, fmt::format("sorry_server {} of virtual service {} has no entry "
                                             "under \"servers\" of the scenario",
                                             v.sorry_server->to_string(), v.name));
        }
    }

    bool is_server(const Address& address) const {
        return std::ranges::any_of(
            s_.servers, [&](const auto& server) { return server.interface.address == address; });
    }

    // The command that nanny runs is a program with arguments.
    void check_programs() {
        for (const auto& v : config_.virtual_servers) {
            if (!v.active || !v.send_program || !s_.daemons) {
                continue;
            }
            const auto path = program_of(*v.send_program);
            const bool exists = std::ranges::any_of(
                s_.programs, [&](const auto& program) { return program.path == path; });
            if (!exists) {
                std::vector<std::string_view> known;
                for (const auto& program : s_.programs) {
                    known.push_back(program.path);
                }
                d_.error(v.location, fmt::format("send_program {} of virtual service {} has no "
                                                 "entry under \"programs\" of the scenario{}",
                                                 path, v.name, suggestion(path, known)));
            }
        }
    }

    const Scenario& s_;
    const ConfigFile& file_;
    const config::LvsConfig& config_;
    const std::string& path_;
    const SourceLocation& place_;
    const Places& places_;
    Acceptance& accept_;
    Diagnostics& d_;
    bool all_routers_read_ = true;
    bool all_servers_read_ = true;
};

// Each lvs.cf once: those that routers begin with, then those that faults reload.
std::vector<ConfigFile> config_files(const Scenario& s, const Places& places) {
    std::vector<ConfigFile> files{{s.config, s.config_path, places.config, {}}};
    for (std::size_t i = 0; i < s.routers.size(); ++i) {
        const auto& r = s.routers[i];
        const auto same = std::ranges::find(files, r.config_path, &ConfigFile::path);
        if (same != files.end()) {
            same->users.push_back(i);
        } else {
            files.push_back({r.config, r.config_path, places.routers[i].config, {i}});
        }
    }
    for (const auto& fault : s.faults) {
        const bool is_new = fault.config && std::ranges::find(files, fault.config_path,
                                                              &ConfigFile::path) == files.end();
        if (is_new) {
            files.push_back({*fault.config, fault.config_path, fault.location, {}});
            if (fault.target.kind == FaultTarget::Kind::router) {
                files.back().users.push_back(fault.target.index);
            }
        }
    }
    return files;
}

void check_named_servers(const Scenario& s, const std::vector<ConfigFile>& files,
                         const Places& places, Diagnostics& d) {
    std::set<Address> named;
    for (const auto& file : files) {
        for (const auto& v : file.config.virtual_servers) {
            for (const auto& r : v.servers) {
                named.insert(r.address);
            }
            if (v.active && v.sorry_server) {
                named.insert(*v.sorry_server);
            }
        }
    }
    if (!std::ranges::all_of(places.servers, known)) {
        return;
    }
    for (std::size_t i = 0; i < s.servers.size(); ++i) {
        const auto& address = s.servers[i].interface.address;
        if (!named.contains(address)) {
            d.error(places.servers[i],
                    fmt::format("{} ({}) is a real server of no virtual service in {}",
                                s.servers[i].name, address.to_string(),
                                files.size() == 1 ? s.config_path : "any lvs.cf"));
        }
    }
}

void check_used_programs(const Scenario& s, const std::vector<ConfigFile>& files, Diagnostics& d) {
    for (const auto& program : s.programs) {
        const bool used = std::ranges::any_of(files, [&](const auto& file) {
            return std::ranges::any_of(file.config.virtual_servers, [&](const auto& v) {
                return v.send_program && program_of(*v.send_program) == program.path;
            });
        });
        if (!used) {
            d.error(program.location,
                    fmt::format("no virtual service has the send_program {}", program.path));
        }
    }
}

}  // namespace

void check_config(const Scenario& s, const Places& places, Acceptance& accept, Diagnostics& d) {
    const auto files = config_files(s, places);
    for (const auto& file : files) {
        ConfigCheck(s, file, places, accept, d).run();
    }
    if (s.config.service == config::ServiceType::lvs) {
        check_named_servers(s, files, places, d);
        check_used_programs(s, files, d);
    }
}

}  // namespace lvslab::scenario
