// SPDX-License-Identifier: GPL-2.0-only
// one_active and vip_answered: what docs/pulse.md promises of two routers that can hear each other.
#include <algorithm>
#include <array>
#include <deque>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "core/journal/invariant_checker.hpp"

namespace lvslab::journal {
namespace {

/// What a word may wait in queues, beyond the delay that is told of its path.
constexpr Duration queueing = std::chrono::milliseconds(10);

/// One direction of one path between the routers.
struct Direction {
    bool open = false;
    Time whole_since{};              ///< every word since then has arrived, or is under way
    std::optional<Time> first_word;  ///< since the sender runs
    Duration delay{};
    std::deque<Time> under_way;  ///< when the words left that have not arrived
};

struct Router {
    NodeState state = NodeState::up;
    bool active = false;
    bool died = false;        ///< its router process did, and the partner has not run since
    bool links_down = false;  ///< it gave up the service for a dead link
    std::set<Address> addresses;

    bool answers() const {
        return state == NodeState::up || state == NodeState::service_stopped ||
               state == NodeState::daemons_suspended;
    }
};

/// Something that should not be: since when, and whether it was told.
struct Wrong {
    std::optional<Time> since;
    bool told = false;

    void set(Time now, bool wrong) {
        if (!wrong) {
            *this = {};
        } else if (!since) {
            since = now;
        }
    }
    /// From when on it breaks a promise that is due, if it does and was not told.
    std::optional<Time> broken(Time due, Time now) {
        if (!since || told || now <= std::max(due, *since)) {
            return std::nullopt;
        }
        told = true;
        return std::max(due, *since);
    }
};

class RoleChecker final : public InvariantChecker {
public:
    RoleChecker(const RunStarted& run, ReportViolation report)
        : run_(run), report_(std::move(report)), judged_(run.routers.size() == 2) {
        if (run.keepalive.size() != 2 || run.deadtime.size() != 2) {
            judged_ = false;
            return;
        }
        keepalive_ = std::max(run.keepalive[0], run.keepalive[1]);
        deadtime_ = std::min(run.deadtime[0], run.deadtime[1]);
        roles_wrong_.set(Time{}, true);
    }

    void pass(Time now) override {
        if (!judged_) {
            return;
        }
        notice_lost_words(now);
        if (!roles_wrong_.since && !addresses_wrong_.since) {
            return;  // before nearly every event: nothing is wrong that a promise could forbid
        }
        const auto whole = whole_since();
        if (!whole || keepalive_ + delay() >= deadtime_) {
            return;
        }
        check_roles(*whole, now);
        check_addresses(*whole, now);
    }

    void take(const Event& event) override {
        if (judged_) {
            dispatch(*this, event);
        }
    }

    void on(Time now, const NodeChanged& event) {
        const auto found = std::find(run_.routers.begin(), run_.routers.end(), event.node);
        if (found == run_.routers.end()) {
            return;
        }
        const auto index = static_cast<std::size_t>(found - run_.routers.begin());
        if (event.state == NodeState::crashed) {
            routers_[index] = {};
        }
        routers_[index].state = event.state;
        forget_words_of(index);
        look(now);
    }

    /// Nothing tells which times and addresses a new lvs.cf has.
    void on(Time, const FaultInjected& event) {
        judged_ = judged_ && !event.what.starts_with("reload");
    }

    /// Reasons are worded by core/pulse.
    void on(Time now, const RoleChanged& event) {
        if (event.router >= routers_.size()) {
            return;
        }
        auto& router = routers_[event.router];
        router.active = event.active;
        router.died = event.reason == "router died";
        router.links_down = event.reason == "local link failure";
        if (router.died || router.links_down || event.reason.starts_with("failback")) {
            excuse_until(now + delay());
        } else if (event.reason == "released") {
            excuse_until(now + delay() + deadtime_);
        } else if (event.reason == "terminated") {
            forget_words_of(event.router);
        }
        look(now);
    }

    void on(Time now, const HeartbeatSent& event) {
        if (event.router >= routers_.size() || event.path >= paths) {
            return;
        }
        auto& direction = directions_[event.path][event.router];
        direction.first_word = direction.first_word.value_or(now);
        if (direction.open) {
            direction.under_way.push_back(now);
        }
    }

    void on(Time, const HeartbeatHeard& event) {
        if (event.router >= routers_.size() || event.path >= paths) {
            return;
        }
        auto& words = directions_[event.path][1 - event.router].under_way;
        if (!words.empty()) {
            words.pop_front();
        }
        routers_[event.router].died = routers_[event.router].died && !event.running;
    }

    void on(Time now, const HeartbeatPath& event) {
        if (event.from >= routers_.size() || event.to != 1 - event.from || event.path >= paths) {
            return;
        }
        auto& direction = directions_[event.path][event.from];
        // Words that left before the change take as long as they would have.
        if (event.delay != direction.delay) {
            direction.whole_since = now + std::max(event.delay, direction.delay);
        } else if (event.open != direction.open) {
            direction.whole_since = now;
        }
        direction.open = event.open;
        direction.delay = event.delay;
        if (!event.open) {
            direction.under_way.clear();
        }
    }

    void on(Time now, const AddressRaised& event) {
        if (event.router < routers_.size()) {
            routers_[event.router].addresses.insert(event.address);
            known_.insert(event.address);
            look(now);
        }
    }

    void on(Time now, const AddressLowered& event) {
        if (event.router < routers_.size()) {
            routers_[event.router].addresses.erase(event.address);
            look(now);
        }
    }

private:
    static constexpr std::size_t paths = 2;

    void excuse_until(Time time) { excused_until_ = std::max(excused_until_, time); }

    void forget_words_of(std::size_t router) {
        for (auto& path : directions_) {
            path[router].first_word.reset();
        }
    }

    /// D of the promise.
    Duration delay() const {
        Duration longest{};
        for (const auto& path : directions_) {
            longest = std::max({longest, path[0].delay, path[1].delay});
        }
        return longest + queueing;
    }

    void look(Time now) {
        roles_wrong_.set(now, routers_[0].active == routers_[1].active);
        addresses_wrong_.set(now, missing_address().has_value());
    }

    std::optional<Address> missing_address() const {
        for (const auto& address : known_) {
            if (std::none_of(routers_.begin(), routers_.end(), [&](const Router& r) {
                    return r.answers() && r.addresses.contains(address);
                })) {
                return address;
            }
        }
        return std::nullopt;
    }

    /// A word that did not arrive in time is lost: the promise begins anew after it.
    void notice_lost_words(Time now) {
        for (auto& path : directions_) {
            for (auto& direction : path) {
                auto& words = direction.under_way;
                while (!words.empty() && words.front() + direction.delay + queueing < now) {
                    direction.whole_since = std::max(direction.whole_since, words.front());
                    words.pop_front();
                }
            }
        }
    }

    /// T of the promise; nothing if it is not given.
    std::optional<Time> whole_since() const {
        std::optional<Time> since;
        bool all_open = true;
        for (const auto& path : directions_) {
            const bool open = path[0].open && path[1].open;
            all_open = all_open && open;
            if (open && path[0].first_word && path[1].first_word) {
                const auto whole =
                    std::max({path[0].whole_since, path[1].whole_since,
                              *path[0].first_word + delay(), *path[1].first_word + delay()});
                since = since ? std::min(*since, whole) : whole;
            }
        }
        const auto ready = [&](const Router& r) {
            // A dead link may be a reason for not taking over, which nothing tells of a standby.
            return r.state == NodeState::up && (!r.links_down || all_open);
        };
        const bool both_faulty = (routers_[0].died || routers_[0].links_down) &&
                                 (routers_[1].died || routers_[1].links_down);
        if (!since || both_faulty || !ready(routers_[0]) || !ready(routers_[1])) {
            return std::nullopt;
        }
        return std::max(*since, excused_until_);
    }

    void check_roles(Time whole, Time now) {
        const auto due = whole + 2 * (keepalive_ + delay()) + delay();
        if (const auto from = roles_wrong_.broken(due, now)) {
            report_("one_active", *from,
                    fmt::format("{} active; every heartbeat has been heard since {} s, so exactly "
                                "one router should be from {} s on",
                                routers_[0].active
                                    ? run_.routers[0] + " and " + run_.routers[1] + " are"
                                    : std::string("no router is"),
                                to_seconds(whole), to_seconds(due)));
        }
    }

    void check_addresses(Time whole, Time now) {
        const auto due = whole + keepalive_ + delay();
        if (const auto from = addresses_wrong_.broken(due, now)) {
            report_(
                "vip_answered", *from,
                fmt::format("no router has {}; every heartbeat has been heard since {} s, so "
                            "one router should from {} s on",
                            missing_address()->to_string(), to_seconds(whole), to_seconds(due)));
        }
    }

    const RunStarted& run_;
    ReportViolation report_;
    bool judged_;
    Duration keepalive_{}, deadtime_{};
    std::array<Router, 2> routers_;
    std::array<std::array<Direction, 2>, paths> directions_;  ///< by path, then by sender
    std::set<Address> known_;                                 ///< floating addresses
    Time excused_until_{};
    Wrong roles_wrong_, addresses_wrong_;
};

class DeadRouterChecker final : public InvariantChecker {
public:
    DeadRouterChecker(const RunStarted& run, ReportViolation report)
        : run_(run), report_(std::move(report)), routers_(run.routers.size()) {}

    void take(const Event& event) override { dispatch(*this, event); }

    void on(Time, const NodeChanged& event) {
        const auto found = std::find(run_.routers.begin(), run_.routers.end(), event.node);
        if (found != run_.routers.end()) {
            auto& router = routers_[static_cast<std::size_t>(found - run_.routers.begin())];
            router.state = event.state;
            if (event.state == NodeState::crashed) {
                router.addresses.clear();
            }
        }
    }

    void on(Time now, const RoleChanged& event) {
        if (event.active && dead(event.router)) {
            tell(now, event.router, "became active");
        }
    }
    void on(Time now, const HeartbeatSent& event) {
        if (dead(event.router)) {
            tell(now, event.router, "sent a heartbeat");
        }
    }
    void on(Time now, const SyncSent& event) {
        if (dead(event.router)) {
            tell(now, event.router, "sent connections to the other router");
        }
    }
    void on(Time now, const Decision& event) {
        if (dead(event.router)) {
            tell(now, event.router,
                 fmt::format("decided on connection {} to {}", event.client.to_string(),
                             event.virtual_endpoint.to_string()));
        }
    }
    void on(Time now, const AddressRaised& event) {
        if (dead(event.router)) {
            tell(now, event.router, "raised " + event.address.to_string());
        }
        if (event.router < routers_.size()) {
            routers_[event.router].addresses.insert(event.address);
        }
    }
    void on(Time, const AddressLowered& event) {
        if (event.router < routers_.size()) {
            routers_[event.router].addresses.erase(event.address);
        }
    }
    void on(Time now, const AddressAnnounced& event) {
        if (dead(event.router)) {
            tell(now, event.router, "announced " + event.address.to_string());
        } else if (event.router < routers_.size() &&
                   !routers_[event.router].addresses.contains(event.address)) {
            report_("dead_router_silent", now,
                    fmt::format("{} announced {}, which it has not raised or has lowered",
                                run_.routers[event.router], event.address.to_string()));
        }
    }

private:
    bool dead(std::uint32_t index) const {
        return index < routers_.size() && (routers_[index].state == NodeState::crashed ||
                                           routers_[index].state == NodeState::hung);
    }

    void tell(Time now, std::uint32_t index, const std::string& what) {
        report_("dead_router_silent", now,
                fmt::format("{} {}, though it is {}", run_.routers[index], what,
                            routers_[index].state == NodeState::hung ? "hung" : "crashed"));
    }

    const RunStarted& run_;
    ReportViolation report_;
    std::vector<Router> routers_;
};

}  // namespace

std::unique_ptr<InvariantChecker> watch_roles(const RunStarted& run, ReportViolation report) {
    return std::make_unique<RoleChecker>(run, std::move(report));
}

std::unique_ptr<InvariantChecker> watch_dead_routers(const RunStarted& run,
                                                     ReportViolation report) {
    return std::make_unique<DeadRouterChecker>(run, std::move(report));
}

}  // namespace lvslab::journal
