// SPDX-License-Identifier: GPL-2.0-only
#include "sim/packet/prober.hpp"

#include <utility>

namespace lvslab::packet_world {

Prober::Prober(ns3::Ptr<ns3::Node> node, const scenario::Scenario& scenario, ports::Timers& timers)
    : node_(std::move(node)), scenario_(scenario), timers_(timers) {}

Prober::~Prober() {
    *alive_ = false;
}

void Prober::drop() {
    for (const auto& [id, run] : runs_) {
        run.probe->drop();
    }
}

ports::ProbeId Prober::start(const health::Probe& probe, std::function<void(bool up)> ended) {
    const auto id = ++last_;
    auto& run = runs_[id];
    run.probe = make_probe_run(*this, id, probe, node_, scenario_);
    run.ended = std::move(ended);
    run.probe->begin();
    return ports::ProbeId{id};
}

void Prober::cancel(ports::ProbeId probe) {
    runs_.erase(probe.value());
}

ports::TimerId Prober::at(std::uint64_t probe, Time when, std::function<void()> call) {
    return timers_.at(when, [this, alive = alive_, probe, call = std::move(call)] {
        if (*alive && runs_.contains(probe)) {
            call();
        }
    });
}

void Prober::finished(std::uint64_t probe, bool up) {
    // Not from here: the probe is in the middle of a call of its own.
    at(probe, timers_.now(), [this, probe, up] {
        const auto run = runs_.extract(probe);
        run.mapped().ended(up);
    });
}

}  // namespace lvslab::packet_world
