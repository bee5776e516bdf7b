// SPDX-License-Identifier: GPL-2.0-only
/// The schedulers that take the server with the least load/weight, as one tournament.
#pragma once

#include "core/ipvs/indexes.hpp"
#include "core/ipvs/schedulers.hpp"

namespace lvslab::ipvs {

/// Keeps every server's share in a tournament; a decision reads its root.
class TreeScheduler : public Scheduler {
public:
    Destination* schedule(const ScheduleRequest&) override { return best(); }
    void added(Destination& d) override { tree_.set(d.slot, share(d)); }
    void removed(Destination& d) override { tree_.clear(d.slot); }
    void edited(Destination& d) override { tree_.set(d.slot, share(d)); }
    void load_changed(const Destination& d) override { tree_.set(d.slot, share(d)); }
    void renumbered() override {
        tree_.reset();
        servers_.for_each([this](const Destination& d) { tree_.set(d.slot, share(d)); });
    }

protected:
    using Scheduler::Scheduler;

    /// What the rule compares; weight 0 for a server that it must not choose.
    virtual Share share(const Destination& d) const = 0;
    Destination* best() const {
        const auto slot = tree_.best();
        return slot < 0 ? nullptr : servers_.at(static_cast<std::uint32_t>(slot));
    }

private:
    LeastShareTree tree_;
};

/// The share that wlc compares, and lblc and lblcr behind their caches.
inline Share weighted_overhead(const Destination& d, Profile profile) {
    return d.eligible() ? Share{d.overhead(profile), static_cast<std::uint32_t>(d.weight)}
                        : Share{};
}

}  // namespace lvslab::ipvs
