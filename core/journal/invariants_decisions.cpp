// SPDX-License-Identifier: GPL-2.0-only
// taken_out and persistence: where a director sends connections.
#include <algorithm>
#include <map>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "core/journal/invariant_checker.hpp"

namespace lvslab::journal {
namespace {

/// ipvs::Origin, which this room does not know.
constexpr std::uint8_t scheduled = 2, by_template = 3;

/// (router, service, server)
using Destination = std::tuple<std::uint32_t, std::uint32_t, std::uint32_t>;
using Service = std::pair<std::uint32_t, std::uint32_t>;

std::string connection_of(const Decision& d) {
    return fmt::format("connection {} to {}", d.client.to_string(), d.virtual_endpoint.to_string());
}

/// Which of the run's routers a machine is; no_index = none.
std::uint32_t router_named(const RunStarted& run, const std::string& node) {
    const auto found = std::find(run.routers.begin(), run.routers.end(), node);
    return found == run.routers.end() ? no_index
                                      : static_cast<std::uint32_t>(found - run.routers.begin());
}

class DestinationChecker final : public InvariantChecker {
public:
    DestinationChecker(const RunStarted& run, ReportViolation report)
        : run_(run), report_(std::move(report)) {}

    void take(const Event& event) override { dispatch(*this, event); }

    void on(Time now, const DestinationAdded& e) {
        weights_[{e.router, e.service, e.server}] = {now, e.weight};
    }
    void on(Time now, const DestinationEdited& e) {
        weights_[{e.router, e.service, e.server}] = {now, e.weight};
    }
    void on(Time now, const DestinationRemoved& e) {
        weights_[{e.router, e.service, e.server}] = {now, removed};
    }
    void on(Time now, const ServiceRemoved& e) {
        for (auto& [key, state] : weights_) {
            if (std::get<0>(key) == e.router && std::get<1>(key) == e.service) {
                state = {now, removed};
            }
        }
    }
    void on(Time now, const NodeChanged& e) {
        if (e.state != NodeState::crashed) {
            return;
        }
        for (auto& [key, state] : weights_) {
            if (std::get<0>(key) == router_named(run_, e.node)) {
                state = {now, removed};
            }
        }
    }

    void on(Time now, const Decision& e) {
        // The sorry server has no index.
        if (e.origin != scheduled || e.server == no_index || e.service == no_index) {
            return;
        }
        const auto known = weights_.find({e.router, e.service, e.server});
        if (known != weights_.end() && known->second.weight > 0) {
            return;
        }
        report_("taken_out", now,
                fmt::format("{} was scheduled to {}, which {} {}", connection_of(e),
                            name_in(run_.servers, e.server), name_in(run_.routers, e.router),
                            known == weights_.end()
                                ? "never put into " + name_in(run_.services, e.service)
                                : how_taken_out(known->second, e)));
    }

private:
    static constexpr std::int32_t removed = -1;
    struct State {
        Time since;
        std::int32_t weight;
    };

    std::string how_taken_out(const State& state, const Decision& e) const {
        return fmt::format("{} {} at {} s",
                           state.weight == removed ? "took out of" : "set to weight 0 in",
                           name_in(run_.services, e.service), to_seconds(state.since));
    }

    const RunStarted& run_;
    ReportViolation report_;
    std::map<Destination, State> weights_;
};

/// A client as a service's persistence sees it, on one router.
struct TemplateKey {
    std::uint32_t router, service;
    Address client;
    friend bool operator==(const TemplateKey&, const TemplateKey&) = default;
};
struct TemplateKeyHash {
    std::size_t operator()(const TemplateKey& key) const {
        return std::hash<Address>{}(key.client) * 31 + key.router * 7 + key.service;
    }
};

/// The address under the mask; an unspecified mask, or one of the other family, is all ones.
Address masked(const Address& client, const Address& mask) {
    if (mask.is_unspecified() || mask.family() != client.family()) {
        return client;
    }
    if (client.is_v4()) {
        return Address::v4(client.v4_host_order() & mask.v4_host_order());
    }
    auto bytes = client.bytes();
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        bytes[i] &= mask.bytes()[i];
    }
    return Address::v6(bytes);
}

/// Keeps the last decision for each of at most `most_templates` clients; the oldest is forgotten
/// first, and nothing is held against whoever was forgotten.
class TemplateChecker final : public InvariantChecker {
public:
    TemplateChecker(const RunStarted& run, ReportViolation report)
        : run_(run), report_(std::move(report)) {}

    void take(const Event& event) override { dispatch(*this, event); }

    void on(Time now, const ServiceSet& e) {
        auto& service = services_[{e.router, e.service}];
        if (service.persistent != e.persistent || service.mask != e.persistence_mask) {
            service = {e.persistent, e.persistence_mask, now};
        }
    }
    void on(Time, const ServiceRemoved& e) { services_.erase({e.router, e.service}); }
    void on(Time now, const DestinationRemoved& e) { gone_[{e.router, e.service, e.server}] = now; }
    void on(Time now, const DestinationEdited& e) {
        if (e.weight == 0) {
            gone_[{e.router, e.service, e.server}] = now;
        }
    }
    /// What a backup is sent may replace what it has.
    void on(Time now, const SyncReceived& e) { anew_[e.router] = now; }
    void on(Time now, const NodeChanged& e) {
        if (e.state == NodeState::crashed) {
            anew_[router_named(run_, e.node)] = now;
        }
    }

    void on(Time now, const Decision& e) {
        const auto service = services_.find({e.router, e.service});
        if (service == services_.end() || service->second.persistent <= Duration::zero() ||
            e.server == no_index || (e.origin != scheduled && e.origin != by_template)) {
            return;
        }
        const TemplateKey key{e.router, e.service, masked(e.client.address, service->second.mask)};
        const auto known = templates_.find(key);
        const auto persistent = service->second.persistent;
        if (known == templates_.end()) {
            remember(key, {e.server, now, life_after(e.origin, persistent, Duration::zero())});
            return;
        }
        const auto last = known->second;
        const bool fired = now - last.used >= last.life;
        known->second = {e.server, now,
                         life_after(e.origin, persistent, fired ? Duration::zero() : last.life)};
        if (last.server != e.server && !fired && holds(key, last, service->second)) {
            report_("persistence", now,
                    fmt::format("{} went to {}; the template of {} names {}, {} s ago, and lives "
                                "for {} s",
                                connection_of(e), name_in(run_.servers, e.server),
                                key.client.to_string(), name_in(run_.servers, last.server),
                                to_seconds(now - last.used), to_seconds(last.life)));
        }
    }

private:
    static constexpr std::size_t most_templates = 65536;
    struct Persistence {
        Duration persistent{};
        Address mask;
        Time since{};
    };
    struct Template {
        std::uint32_t server;
        Time used;
        Duration life;  ///< from then on, at the least
    };

    /// The kernel starts a template's time again at each use. Once it has fired while connections
    /// held the template, that time is 60 s (ip_vs_conn.c, ip_vs_conn_expire); `life`: zero if it
    /// has fired, or may have.
    static Duration life_after(std::uint8_t origin, Duration persistent, Duration life) {
        constexpr Duration held = std::chrono::seconds(60);
        return origin == scheduled        ? persistent
               : life == Duration::zero() ? std::min(persistent, held)
                                          : life;
    }

    bool holds(const TemplateKey& key, const Template& last, const Persistence& service) const {
        const auto gone = gone_.find({key.router, key.service, last.server});
        const auto anew = anew_.find(key.router);
        return last.used >= service.since && (gone == gone_.end() || gone->second < last.used) &&
               (anew == anew_.end() || anew->second < last.used);
    }

    void remember(const TemplateKey& key, const Template& value) {
        if (order_.size() < most_templates) {
            order_.push_back(key);
        } else {
            templates_.erase(std::exchange(order_[next_], key));
            next_ = (next_ + 1) % most_templates;
        }
        templates_.emplace(key, value);
    }

    const RunStarted& run_;
    ReportViolation report_;
    std::map<Service, Persistence> services_;
    std::map<Destination, Time> gone_;    ///< when a server was taken out last
    std::map<std::uint32_t, Time> anew_;  ///< since when a router's templates are not known
    std::unordered_map<TemplateKey, Template, TemplateKeyHash> templates_;  ///< never iterated
    std::vector<TemplateKey> order_;  ///< a ring, the oldest at next_ once it is full
    std::size_t next_ = 0;
};

}  // namespace

std::unique_ptr<InvariantChecker> watch_destinations(const RunStarted& run,
                                                     ReportViolation report) {
    return std::make_unique<DestinationChecker>(run, std::move(report));
}

std::unique_ptr<InvariantChecker> watch_templates(const RunStarted& run, ReportViolation report) {
    return std::make_unique<TemplateChecker>(run, std::move(report));
}

}  // namespace lvslab::journal
