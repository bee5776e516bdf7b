// SPDX-License-Identifier: GPL-2.0-only
/// Runs told event by event to the invariants, for their tests.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "core/journal/invariants.hpp"

namespace lvslab::journal::test {

using namespace std::chrono_literals;

inline constexpr bool active = true, inactive = false;
inline const Address vip = Address::v4(0x0A000001);
inline const Endpoint web{vip, Port{80}};

inline RunStarted a_pair() {
    RunStarted run;
    run.servers = {"web1", "web2"};
    run.weights = {1, 1};
    run.workers = {1, 1};
    run.workloads = {"shop"};
    run.services = {"http", "https"};
    run.routers = {"lvs1", "lvs2"};
    run.keepalive = {2s, 2s};
    run.deadtime = {5s, 5s};
    return run;
}

/// A run told event by event, each at its time.
class Story {
public:
    explicit Story(const RunStarted& run = a_pair(), Level level = Level::all)
        : invariants_(level) {
        invariants_.take({Time{}, run});
    }
    template <class Payload>
    Story& at(Duration time, Payload payload) {
        invariants_.take({Time{time}, std::move(payload)});
        return *this;
    }
    const std::vector<Violation>& violations() const { return invariants_.violations(); }
    std::uint64_t count() const { return invariants_.count(); }
    std::vector<std::string> names() const {
        std::vector<std::string> names;
        for (const auto& violation : violations()) {
            names.emplace_back(violation.name);
        }
        return names;
    }
    /// Of the only violation there is.
    std::string message() const {
        EXPECT_EQ(violations().size(), 1U);
        return violations().empty() ? "" : violations()[0].message;
    }

private:
    Invariants invariants_;
};

using Names = std::vector<std::string>;
inline const Names none;

/// Two routers that both have a word on the way every 2 s.
class Pair : public Story {
public:
    /// Paths open and daemons running from 0 s on; the first words at 1 s.
    explicit Pair(const RunStarted& run = a_pair()) : Story(run) { open(0s, true); }

    template <class Payload>
    Pair& at(Duration time, Payload payload) {
        Story::at(time, std::move(payload));
        return *this;
    }
    Pair& open(Duration time, bool is_open, std::uint8_t path = 0, Duration delay = 1ms) {
        at(time, HeartbeatPath{0, 1, path, is_open, delay});
        at(time, HeartbeatPath{1, 0, path, is_open, delay});
        return *this;
    }
    /// Words from `from` on and before `to`; heard 1 ms later unless they are lost.
    Pair& beat(Duration from, Duration to, bool heard = true, std::uint8_t path = 0) {
        for (auto time = from; time < to; time += 2s) {
            at(time, HeartbeatSent{0, path, false}).at(time, HeartbeatSent{1, path, false});
            if (heard) {
                at(time + 1ms, HeartbeatHeard{0, path, false});
                at(time + 1ms, HeartbeatHeard{1, path, false});
            }
        }
        return *this;
    }
    /// lvs1 is active with the address from 0 s on.
    Pair& settled() {
        at(0s, RoleChanged{0, active, "active when the run begins"}).at(0s, AddressRaised{0, vip});
        return *this;
    }
};

inline RoleChanged role(std::uint32_t router, bool is_active, std::string reason = "partner dead") {
    return {router, is_active, std::move(reason)};
}

inline Decision decision(std::uint32_t server, const char* client = "172.16.0.9:40000",
                         std::uint8_t origin = 2, std::uint32_t router = 0,
                         std::uint32_t service = 0) {
    return {router, service, server, origin, *Endpoint::parse(client), web};
}

inline constexpr std::uint8_t by_template = 3;

inline NodeChanged node(const char* name, NodeState state) {
    return {name, state};
}

inline ConnectionOpened opened(std::uint64_t connection) {
    return {connection, 0, *Endpoint::parse("172.16.0.9:40000"), web};
}

inline ConnectionClosed closed(std::uint64_t connection) {
    return {connection, 0, 0, Outcome::served, 1s};
}

}  // namespace lvslab::journal::test
