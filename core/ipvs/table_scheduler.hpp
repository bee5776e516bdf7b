// SPDX-License-Identifier: GPL-2.0-only
/// The schedulers that look a hash up in a table of servers.
#pragma once

#include <vector>

#include "core/ipvs/schedulers.hpp"

namespace lvslab::ipvs {

/// Keeps a table of servers and fills it anew when the rule says so, at the next decision: a
/// service that is set up with many servers pays for one filling.
class TableScheduler : public Scheduler {
public:
    void added(Destination&) override { stale_ = true; }
    void removed(Destination&) override { stale_ = true; }
    void edited(Destination&) override { stale_ = true; }
    void load_changed(const Destination&) override {}
    void renumbered() override {}

protected:
    explicit TableScheduler(const SchedulerContext& context)
        : Scheduler(context, Heeds::eligibility) {}

    /// The table for the list as it is.
    virtual std::vector<Destination*> fill() const = 0;
    const std::vector<Destination*>& table() {
        if (stale_) {
            table_ = fill();
            stale_ = false;
        }
        return table_;
    }

private:
    std::vector<Destination*> table_;
    bool stale_ = true;
};

}  // namespace lvslab::ipvs
