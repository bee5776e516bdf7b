// SPDX-License-Identifier: GPL-2.0-only
// Rule: the least (active + 1)/weight; a tie goes to the server nearer the head.
// Kernel: ip_vs_sed_schedule (ip_vs_sed.c).
// Cost: O(1); O(log servers) for each change of a counter.
#include "core/ipvs/tree_scheduler.hpp"

namespace lvslab::ipvs {
namespace {

class ShortestExpectedDelay final : public TreeScheduler {
public:
    explicit ShortestExpectedDelay(const SchedulerContext& context) : TreeScheduler(context) {
        renumbered();
    }

private:
    Share share(const Destination& d) const override {
        return d.eligible() ? Share{static_cast<std::uint32_t>(d.active) + 1,
                                    static_cast<std::uint32_t>(d.weight)}
                            : Share{};
    }
};

}  // namespace

std::unique_ptr<Scheduler> make_sed(const SchedulerContext& context) {
    return std::make_unique<ShortestExpectedDelay>(context);
}

}  // namespace lvslab::ipvs
