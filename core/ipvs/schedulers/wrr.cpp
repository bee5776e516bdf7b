// SPDX-License-Identifier: GPL-2.0-only
// Rule: passes over the list at falling levels; the next server whose weight reaches the level.
// Kernel: ip_vs_wrr_schedule, ip_vs_wrr_dest_changed (ip_vs_wrr.c).
// Cost: O(log servers) at worst, O(1) where the next server is near; levels nobody reaches are
// free.
#include <algorithm>
#include <numeric>

#include "core/ipvs/indexes.hpp"
#include "core/ipvs/schedulers.hpp"

namespace lvslab::ipvs {
namespace {

class WeightedRoundRobin final : public Scheduler {
public:
    explicit WeightedRoundRobin(const SchedulerContext& context)
        : Scheduler(context, Heeds::eligibility) {
        renumbered();
        measure();
        level_ = top_;
    }

    Destination* schedule(const ScheduleRequest&) override;

    void added(Destination& d) override {
        weights_.set(d.slot, usable(d));
        changed();
    }
    void removed(Destination& d) override {
        weights_.set(d.slot, 0);
        changed();
    }
    void edited(Destination& d) override {
        weights_.set(d.slot, usable(d));
        changed();
    }
    void load_changed(const Destination& d) override { weights_.set(d.slot, usable(d)); }
    void renumbered() override {
        weights_.reset();
        servers_.for_each([this](const Destination& d) { weights_.set(d.slot, usable(d)); });
    }

private:
    static std::uint32_t usable(const Destination& d) {
        return d.eligible() ? static_cast<std::uint32_t>(d.weight) : 0;
    }

    /// Step and top level from all weights, overloaded servers' too.
    void measure() {
        int step = 0;
        int largest = 0;
        servers_.for_each([&](const Destination& d) {
            if (d.weight > 0) {
                step = std::gcd(step, d.weight);
                largest = std::max(largest, d.weight);
            }
        });
        step_ = std::max(step, 1);
        top_ = largest - (step_ - 1);
    }

    void changed() {
        last_ = nullptr;
        measure();
        if (level_ > top_ || level_ == 0) {
            level_ = top_;
        } else if (step_ > 1) {
            level_ = level_ / step_ * step_ + 1;
        }
    }

    /// Passes over levels above every usable weight, down to the last pass, find nothing and
    /// change nothing but the level.
    void skip_empty_passes() {
        const auto reachable = std::max(static_cast<int>(weights_.largest()), step_);
        if (level_ > reachable) {
            level_ -= (level_ - reachable + step_ - 1) / step_ * step_;
        }
    }

    WeightTree weights_;
    Destination* last_ = nullptr;  ///< the last choice; nullptr = before the head
    int level_ = 0;                ///< cw
    int top_ = 0;                  ///< mw
    int step_ = 1;                 ///< di
};

Destination* WeightedRoundRobin::schedule(const ScheduleRequest&) {
    if (top_ == 0) {
        return nullptr;
    }
    Destination* const start = last_;
    auto from = start == nullptr ? DestinationList::head : start->slot;
    bool last_pass = false;
    bool wrapped = false;
    while (true) {
        const auto slot = weights_.below(from, static_cast<std::uint32_t>(level_));
        // On its way the walk may meet the server it has to stop at.
        const bool stops = last_pass && wrapped && start != nullptr;
        if (slot >= 0 && (!stops || static_cast<std::uint32_t>(slot) >= start->slot)) {
            last_ = servers_.at(static_cast<std::uint32_t>(slot));
            return last_;
        }
        if (stops) {
            last_ = start;
            return nullptr;
        }
        from = DestinationList::head;
        level_ -= step_;
        if (level_ <= 0) {
            level_ = top_;
            if (last_pass || start == nullptr) {
                last_ = nullptr;
                return nullptr;
            }
            wrapped = true;
        }
        skip_empty_passes();
        last_pass = level_ <= step_;
    }
}

}  // namespace

std::unique_ptr<Scheduler> make_wrr(const SchedulerContext& context) {
    return std::make_unique<WeightedRoundRobin>(context);
}

}  // namespace lvslab::ipvs
