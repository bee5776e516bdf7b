// SPDX-License-Identifier: GPL-2.0-only
// Rule: the least overhead, whatever the weight; a tie goes to the server nearer the head.
// Kernel: ip_vs_lc_schedule (ip_vs_lc.c).
// Cost: O(1); O(log servers) for each change of a counter.
#include "core/ipvs/tree_scheduler.hpp"

namespace lvslab::ipvs {
namespace {

class LeastConnection final : public TreeScheduler {
public:
    explicit LeastConnection(const SchedulerContext& context) : TreeScheduler(context) {
        renumbered();
    }

private:
    Share share(const Destination& d) const override {
        return d.eligible() ? Share{d.overhead(options_.profile), 1} : Share{};
    }
};

}  // namespace

std::unique_ptr<Scheduler> make_lc(const SchedulerContext& context) {
    return std::make_unique<LeastConnection>(context);
}

}  // namespace lvslab::ipvs
