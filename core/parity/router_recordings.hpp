// SPDX-License-Identifier: GPL-2.0-only
/// What each router's IPVS met in a run, as recordings that core/conformance replays: is every
/// choice of a world the one that core::Ipvs makes of the same packets in the same order?
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/journal/event.hpp"
#include "core/router/desired_services.hpp"
#include "core/scenario/scenario.hpp"

namespace lvslab::parity {

/// One life of a router's IPVS table: from its start, or its last reboot, to its end.
struct RouterRecording {
    std::string name;            ///< "lvs1", after a reboot "lvs1-2"
    std::string text;            ///< JSON lines, as tests/data/kernel-traces/README.md has them
    std::uint64_t segments = 0;  ///< packets in it
    /// Why it cannot be replayed: its table knew connections that no packet of it tells of.
    std::optional<std::string> not_replayable;
};

/// Follows a run that tells SegmentSeen (journal level `all`).
class RouterRecordings : public journal::Sink {
public:
    /// The scenario must outlive it. `scheduler` takes the place of every service's own.
    RouterRecordings(const scenario::Scenario& scenario,
                     const std::optional<std::string>& scheduler);

    void take(const journal::Event& event) override;
    /// Those that met a packet, by router and time. The object is empty from then on.
    std::vector<RouterRecording> finish();

private:
    struct Life {
        RouterRecording recording;  ///< without its first line
        Time begun;
        std::uint64_t lines = 1;
        std::set<std::uint32_t> services;
    };

    void on(Time now, const journal::RunStarted& event);
    void on(Time now, const journal::NodeChanged& event);
    void on(Time now, const journal::ServiceSet& event);
    void on(Time now, const journal::ServiceRemoved& event);
    void on(Time now, const journal::DestinationAdded& event);
    void on(Time now, const journal::DestinationEdited& event);
    void on(Time now, const journal::DestinationRemoved& event);
    void on(Time now, const journal::SegmentSeen& event);
    void on(Time now, const journal::KernelTick& event);
    template <class Other>
    void on(Time, const Other&) {}

    template <class Change>
    void destination(Time now, const char* op, const Change& event);
    void begin_life(std::uint32_t router, Time now);
    void end_life(std::uint32_t router);
    void line(Life& life, Time now, const std::string& rest);
    std::string first_line(const Life& life) const;
    const router::DesiredDestination* find(std::uint32_t service, std::uint32_t server) const;

    const scenario::Scenario& scenario_;
    bool exact_timers_ = false;  ///< entries go at their time; else by a kernel's wheel
    std::optional<std::pair<Time, journal::KernelTick>> tick_;
    std::vector<router::DesiredService> services_;
    std::map<std::uint32_t, Life> lives_;
    std::map<std::uint32_t, unsigned> lives_ended_;
    std::vector<RouterRecording> finished_;
};

}  // namespace lvslab::parity
