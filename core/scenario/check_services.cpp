// SPDX-License-Identifier: GPL-2.0-only
#include <algorithm>
#include <optional>
#include <set>
#include <vector>

#include <fmt/format.h>

#include "core/scenario/checks.hpp"

namespace lvslab::scenario {
namespace {

constexpr Protocol protocols[] = {Protocol::tcp, Protocol::udp};

class ServiceCheck {
public:
    ServiceCheck(Scenario& s, const Places& places, Acceptance& accept, Diagnostics& d)
        : s_(s), places_(places), accept_(accept), d_(d) {}

    void run() {
        if (!places_.marks_read) {
            return;
        }
        bool all_read = !s_.workloads.empty();
        for (std::size_t i = 0; i < s_.workloads.size(); ++i) {
            const auto& place = places_.workloads[i];
            if (known(place.from) && known(place.to)) {
                resolve(s_.workloads[i], place);
            } else {
                all_read = false;
            }
        }
        if (!all_read) {
            return;
        }
        report_unused(s_.config);
        for (const auto& r : s_.routers) {
            if (r.config_path != s_.config_path) {
                for (const auto& w : s_.workloads) {
                    use_at(r, w);
                }
                report_unused(r.config);
            }
        }
    }

private:
    void report_unused(const config::LvsConfig& config) {
        for (const auto& v : config.virtual_servers) {
            if (v.active && !used_.contains(&v)) {
                accept_.report(
                    Acceptable::unused_service, v.location,
                    fmt::format("no workload uses virtual service {} ({})", v.name, describe(v)));
            }
        }
    }

    // What a workload reaches at a router with an lvs.cf of its own: nothing, where the two differ.
    void use_at(const Router& r, const Workload& w) {
        const auto client = client_address(s_.clients[w.from], 0);
        for (const auto& to : endpoints_of(w)) {
            used_.insert(service_of(r.config, r.running.marks, w.protocol, client, to));
        }
    }

    static std::string describe(const config::VirtualServer& v) {
        return v.fwmark != Fwmark{} ? fmt::format("fwmark {}", v.fwmark.value())
                                    : fmt::format("{} {}", to_string(v.protocol),
                                                  Endpoint{v.address, v.port}.to_string());
    }

    void resolve(Workload& w, const Places::Workload& place) {
        if (known(place.protocol)) {
            if (use_all(w, w.protocol)) {
                return;
            }
        } else {
            const bool tcp = reaches(w, Protocol::tcp);
            const bool udp = reaches(w, Protocol::udp);
            if (tcp && udp && !same_service(w)) {
                d_.error(place.to, fmt::format("{} is both a TCP and a UDP service; say which with "
                                               "\"protocol\"",
                                               w.to.to_string()));
                use_all(w, Protocol::tcp);
                use_all(w, Protocol::udp);
                return;
            }
            w.protocol = udp && !tcp_of(w) ? Protocol::udp : Protocol::tcp;
            if (use_all(w, w.protocol)) {
                return;
            }
        }
        report_unreached(w, place);
    }

    // A fwmark service takes both protocols if its rules do; the lvs.cf's `protocol` then tells.
    bool same_service(const Workload& w) const {
        return service(w, Protocol::tcp, w.to) == service(w, Protocol::udp, w.to);
    }
    bool tcp_of(const Workload& w) const {
        const auto* v = service(w, Protocol::tcp, w.to);
        const bool by_mark = v != nullptr && v->fwmark != Fwmark{} && reaches(w, Protocol::udp);
        return v != nullptr && (!by_mark || v->protocol == Protocol::tcp);
    }

    const config::VirtualServer* service(const Workload& w, Protocol p, const Endpoint& to) const {
        return s_.service_for(p, client_address(s_.clients[w.from], 0), to);
    }
    bool reaches(const Workload& w, Protocol p) const { return service(w, p, w.to) != nullptr; }

    // Marks what each client and each destination reaches; false at the first that reaches nothing.
    bool use_all(const Workload& w, Protocol p) {
        const auto& group = s_.clients[w.from];
        const auto note = [&](const config::VirtualServer* v) {
            if (v != nullptr) {
                used_.insert(v);
            }
            return v != nullptr;
        };
        bool all = true;
        // Only a rule with a source tells one client from another.
        const bool by_source =
            std::ranges::any_of(s_.marks, [](const auto& rule) { return rule.source.has_value(); });
        for (const auto& to : endpoints_of(w)) {
            for (unsigned i = 0; i < (by_source ? group.count : 1) && all; ++i) {
                all = note(s_.service_for(p, client_address(group, i), to));
                unreached_ = to;
            }
        }
        const auto more = w.destinations ? host_count(w.destinations->network) : 0;
        for (unsigned rank = 1; rank < more && all; ++rank) {
            const Endpoint to{destination_address(*w.destinations, rank), w.destinations->port};
            all = note(service(w, p, to));
            unreached_ = to;
        }
        return all;
    }

    void report_unreached(const Workload& w, const Places::Workload& place) {
        const auto at = unreached_.value_or(w.to);
        unreached_.reset();
        const auto& services = s_.config.virtual_servers;
        const auto inactive = std::ranges::find_if(services, [&](const auto& v) {
            return !v.active && v.address == at.address && v.port == at.port;
        });
        if (inactive != services.end()) {
            accept_.report(Acceptable::no_service, place.to,
                           fmt::format("{} is virtual service {}, which is not active in {}",
                                       at.to_string(), inactive->name, s_.config_path));
            return;
        }
        std::string there;
        for (const auto& v : services) {
            if (v.active) {
                there += fmt::format("{}{} ({})", there.empty() ? "; there are: " : ", ",
                                     describe(v), v.name);
            }
        }
        const auto protocol =
            known(place.protocol) ? fmt::format("{} ", to_string(w.protocol)) : std::string{};
        accept_.report(Acceptable::no_service, place.to,
                       fmt::format("{}{} is no active virtual service of {}{}", protocol,
                                   at.to_string(), s_.config_path, there));
    }

    Scenario& s_;
    const Places& places_;
    Acceptance& accept_;
    Diagnostics& d_;
    std::set<const config::VirtualServer*> used_;
    std::optional<Endpoint> unreached_;
};

}  // namespace

void check_services(Scenario& s, const Places& places, Acceptance& accept, Diagnostics& d) {
    ServiceCheck(s, places, accept, d).run();
}

}  // namespace lvslab::scenario
