// SPDX-License-Identifier: GPL-2.0-only
// Rule: the least overhead/weight; a tie goes to the server nearer the head.
// Kernel: ip_vs_wlc_schedule (ip_vs_wlc.c).
// Cost: O(1); O(log servers) for each change of a counter.
#include "core/ipvs/tree_scheduler.hpp"

namespace lvslab::ipvs {
namespace {

class WeightedLeastConnection final : public TreeScheduler {
public:
    explicit WeightedLeastConnection(const SchedulerContext& context) : TreeScheduler(context) {
        renumbered();
    }

private:
    Share share(const Destination& d) const override {
        return weighted_overhead(d, options_.profile);
    }
};

}  // namespace

std::unique_ptr<Scheduler> make_wlc(const SchedulerContext& context) {
    return std::make_unique<WeightedLeastConnection>(context);
}

}  // namespace lvslab::ipvs
