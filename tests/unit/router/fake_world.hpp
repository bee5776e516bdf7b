// SPDX-License-Identifier: GPL-2.0-only
/// A world without a network: virtual time, two routers, real servers that answer or do not.
#pragma once

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include <gtest/gtest.h>

#include "core/config/parse.hpp"
#include "core/ipvs/ipvs.hpp"
#include "core/router/lvs_router.hpp"

namespace lvslab::router {

using namespace std::chrono_literals;

inline Address address(std::string_view text) {
    return Address::parse(text).value();
}
inline Endpoint endpoint(std::string_view text) {
    return Endpoint::parse(text).value();
}

inline config::LvsConfig read_config(const std::string& text) {
    const auto read = config::parse(text, "lvs.cf", {});
    EXPECT_TRUE(read) << read.diagnostics.to_string();
    return read.value.value_or(config::LvsConfig{});
}

/// Calls in the order of their times; those of one time in the order of asking.
class VirtualTime {
public:
    Time now() const { return now_; }
    std::uint64_t at(Time when, std::function<void()> call) {
        const auto id = ++last_;
        calls_.emplace(std::pair{std::max(when, now_), id}, std::move(call));
        return id;
    }
    void cancel(std::uint64_t id) {
        std::erase_if(calls_, [&](const auto& c) { return c.first.second == id; });
    }
    /// Runs what is due up to `end`, included.
    void run_until(Time end) {
        while (!calls_.empty() && calls_.begin()->first.first <= end) {
            auto call = calls_.extract(calls_.begin());
            now_ = call.key().first;
            call.mapped()();
        }
        now_ = end;
    }
    std::size_t waiting() const { return calls_.size(); }

private:
    Time now_{};
    std::uint64_t last_ = 0;
    std::map<std::pair<Time, std::uint64_t>, std::function<void()>> calls_;
};

/// What happens to the probes of a server: they take this long and end so.
struct ServerState {
    bool up = true;
    Duration takes = 1ms;
    std::optional<double> load;
};

struct Told {
    Time at{};
    ports::RouterEvent event;
};

/// One machine: every port, played by the simplest thing that can.
class FakeMachine final : public ports::Timers,
                          public ports::Dataplane,
                          public ports::SyncChannel,
                          public ports::Prober,
                          public ports::HeartbeatLink,
                          public ports::LinkState,
                          public ports::AddressOwner,
                          public ports::LoadSource,
                          public ports::RoleScripts,
                          public ports::RouterLog {
public:
    FakeMachine(VirtualTime& time, std::map<Address, ServerState>& servers, Address own)
        : time_(time), servers_(servers), own_(own) {}

    ports::Ports ports() {
        return {*this, *this, *this, *this, *this, *this, *this, *this, *this, *this};
    }

    Time now() const override { return time_.now(); }
    ports::TimerId at(Time when, std::function<void()> call) override {
        return ports::TimerId{time_.at(when, std::move(call))};
    }
    void cancel(ports::TimerId timer) override { time_.cancel(timer.value()); }

    ipvs::ControlResult add_service(const ipvs::ServiceKey& key,
                                    const ipvs::ServiceSettings& settings) override {
        return counted(table.add_service(key, settings, now()));
    }
    ipvs::ControlResult edit_service(const ipvs::ServiceKey& key,
                                     const ipvs::ServiceSettings& settings) override {
        return counted(table.edit_service(key, settings, now()));
    }
    ipvs::ControlResult remove_service(const ipvs::ServiceKey& key) override {
        return counted(table.remove_service(key, now()));
    }
    ipvs::ControlResult add_destination(const ipvs::ServiceKey& service, const Endpoint& server,
                                        const ipvs::DestinationSettings& settings) override {
        return counted(table.add_destination(service, server, settings, now()));
    }
    ipvs::ControlResult edit_destination(const ipvs::ServiceKey& service, const Endpoint& server,
                                         const ipvs::DestinationSettings& settings) override {
        return counted(table.edit_destination(service, server, settings, now()));
    }
    ipvs::ControlResult remove_destination(const ipvs::ServiceKey& service,
                                           const Endpoint& server) override {
        return counted(table.remove_destination(service, server, now()));
    }
    void set_timeouts(const ipvs::Timeouts& t) override { timeouts.push_back(t); }
    void clear() override { ++clears; }

    void start(pulse::SyncRole role, const std::string& interface, std::uint8_t id) override {
        sync = std::string(role == pulse::SyncRole::master ? "master" : "backup") + " " +
               interface + " " + std::to_string(id);
    }
    void stop() override { sync = "none"; }

    ports::ProbeId start(const health::Probe& probe, std::function<void(bool)> ended) override {
        const auto to = std::visit(
            [](const auto& p) {
                if constexpr (requires { p.server; }) {
                    return p.server.address;
                } else {
                    return Address{};
                }
            },
            probe);
        const auto state = servers_[to];
        return ports::ProbeId{time_.at(now() + state.takes, [ended, state] { ended(state.up); })};
    }
    void cancel(ports::ProbeId probe) override { time_.cancel(probe.value()); }

    void send(pulse::Path path, const pulse::WireWord& payload) override {
        if (on_send) {
            on_send(path, payload);
        }
    }
    bool links_up() const override { return links; }
    bool is_local(const Address& a) const override { return a == own_; }

    void raise(const ports::FloatingAddress& a) override { addresses.insert(a.address); }
    void lower(const Address& a) override { addresses.erase(a); }
    void announce(const Address& a) override { announced.emplace_back(now(), a); }

    void ask(const Address& server, const ports::LoadMethod&,
             std::function<void(std::optional<double>)> answer) override {
        time_.at(now() + 1s, [answer, load = servers_[server].load] { answer(load); });
    }
    void run(const std::string& command) override { scripts.push_back(command); }
    void tell(const ports::RouterEvent& event) override { told.push_back({now(), event}); }

    /// What was told of one kind, in order.
    template <class E>
    std::vector<std::pair<Time, E>> told_of() const {
        std::vector<std::pair<Time, E>> found;
        for (const auto& t : told) {
            if (const auto* event = std::get_if<E>(&t.event)) {
                found.emplace_back(t.at, *event);
            }
        }
        return found;
    }
    bool noted(std::string_view part) const {
        const auto notes = told_of<ports::Note>();
        return std::ranges::any_of(
            notes, [&](const auto& n) { return n.second.text.find(part) != std::string::npos; });
    }

    ipvs::Ipvs table;
    int changes = 0, clears = 0;
    std::vector<ipvs::Timeouts> timeouts;
    std::string sync = "none";
    bool links = true;
    std::set<Address> addresses;
    std::vector<std::pair<Time, Address>> announced;
    std::vector<std::string> scripts;
    std::vector<Told> told;
    std::function<void(pulse::Path, const pulse::WireWord&)> on_send;

private:
    ipvs::ControlResult counted(ipvs::ControlResult result) {
        ++changes;
        return result;
    }

    VirtualTime& time_;
    std::map<Address, ServerState>& servers_;
    Address own_;
};

/// Two machines that hear each other over a channel that can be cut.
class FakePair {
public:
    FakePair(config::LvsConfig first, config::LvsConfig second)
        : configs_{std::move(first), std::move(second)} {
        for (const std::size_t i : {0U, 1U}) {
            const auto own = i == 0 ? configs_[0].primary : configs_[0].backup;
            machines_[i] = std::make_unique<FakeMachine>(time, servers, own);
            machines_[i]->on_send = [this, i](pulse::Path path, const pulse::WireWord& payload) {
                const auto delay = channel(i, path);
                if (!delay) {
                    return;
                }
                time.at(time.now() + *delay, [this, i, path, payload] {
                    if (routers_[1 - i]) {
                        routers_[1 - i]->hear(path, payload);
                    }
                });
            };
        }
    }
    explicit FakePair(const config::LvsConfig& both) : FakePair(both, both) {}
    FakePair(const FakePair&) = delete;
    FakePair& operator=(const FakePair&) = delete;

    /// In the middle of its work: the first is active.
    void start_settled(Duration first_check = 500ms) {
        start(0, {pulse::Start::settled_active, 300ms, 1700ms,
                  [=](const auto&, const auto&) { return first_check; }});
        start(1, {pulse::Start::settled_backup, 1300ms, 700ms, {}});
    }
    void start(std::size_t i, const RouterStart& how = {}) {
        routers_[i] = std::make_unique<LvsRouter>(configs_[i], machines_[i]->ports());
        routers_[i]->start(how);
    }
    /// The machine is gone at once, with all it had.
    void crash(std::size_t i) {
        routers_[i].reset();
        machines_[i]->addresses.clear();
        machines_[i]->table = ipvs::Ipvs{};
    }
    void until(Duration when) { time.run_until(Time{} + when); }

    LvsRouter& router(std::size_t i) { return *routers_[i]; }
    FakeMachine& machine(std::size_t i) { return *machines_[i]; }
    bool active(std::size_t i) const { return routers_[i] && routers_[i]->active(); }
    int active_routers() const { return int{active(0)} + int{active(1)}; }

    VirtualTime time;
    std::map<Address, ServerState> servers;
    /// The delay of a word of machine `i`; nothing if it is lost.
    std::function<std::optional<Duration>(std::size_t i, pulse::Path)> channel =
        [](std::size_t, pulse::Path) { return std::optional<Duration>{1ms}; };

private:
    std::array<config::LvsConfig, 2> configs_;
    std::array<std::unique_ptr<FakeMachine>, 2> machines_;
    std::array<std::unique_ptr<LvsRouter>, 2> routers_;
};

}  // namespace lvslab::router
