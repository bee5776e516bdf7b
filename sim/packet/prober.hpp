// SPDX-License-Identifier: GPL-2.0-only
/// A router's health checks as real connections and datagrams in ns-3.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "core/ports/prober.hpp"
#include "core/ports/timers.hpp"
#include "core/scenario/scenario.hpp"
#include "sim/packet/ns3.hpp"
#include "sim/packet/probe_run.hpp"

namespace lvslab::packet_world {

/// Carries out probes from one router's node. What its sockets hear is looked at by the node's
/// alarms, so a daemon that is held up finds it when it goes on, before the limit that has passed.
class Prober final : public ports::Prober, private ProbeOwner {
public:
    /// All must outlive the prober; the scenario says what its programs do.
    Prober(ns3::Ptr<ns3::Node> node, const scenario::Scenario& scenario, ports::Timers& timers);
    /// Nobody hears of those under way.
    ~Prober() override;
    Prober(const Prober&) = delete;
    Prober& operator=(const Prober&) = delete;

    ports::ProbeId start(const health::Probe& probe, std::function<void(bool up)> ended) override;
    void cancel(ports::ProbeId probe) override;

    /// The machine has died: its connections are gone without a word.
    void drop();
    std::size_t under_way() const { return runs_.size(); }

private:
    struct Run {
        std::unique_ptr<ProbeRun> probe;
        std::function<void(bool up)> ended;
    };

    ports::TimerId at(std::uint64_t probe, Time when, std::function<void()> call) override;
    void cancel(ports::TimerId timer) override { timers_.cancel(timer); }
    Time now() const override { return timers_.now(); }
    void finished(std::uint64_t probe, bool up) override;

    ns3::Ptr<ns3::Node> node_;
    const scenario::Scenario& scenario_;
    ports::Timers& timers_;
    std::map<std::uint64_t, Run> runs_;
    std::uint64_t last_ = 0;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace lvslab::packet_world
