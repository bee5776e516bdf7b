// SPDX-License-Identifier: GPL-2.0-only
// Rule: the first server from the head without active connections, else as sed.
// Kernel: ip_vs_nq_schedule (ip_vs_nq.c).
// Cost: O(1); O(log servers) for each change of a counter.
#include "core/ipvs/tree_scheduler.hpp"

namespace lvslab::ipvs {
namespace {

class NeverQueue final : public TreeScheduler {
public:
    explicit NeverQueue(const SchedulerContext& context) : TreeScheduler(context) { renumbered(); }

private:
    Share share(const Destination& d) const override {
        if (!d.eligible()) {
            return {};
        }
        // All idle servers are alike and below every busy one.
        return d.active == 0 ? Share{0, 1}
                             : Share{static_cast<std::uint32_t>(d.active) + 1,
                                     static_cast<std::uint32_t>(d.weight)};
    }
};

}  // namespace

std::unique_ptr<Scheduler> make_nq(const SchedulerContext& context) {
    return std::make_unique<NeverQueue>(context);
}

}  // namespace lvslab::ipvs
