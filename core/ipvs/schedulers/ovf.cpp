// SPDX-License-Identifier: GPL-2.0-only
// Rule: the highest weight among those with active <= weight; a tie goes to the server nearer the
// head. Kernel: ip_vs_ovf_schedule (ip_vs_ovf.c). Cost: O(1); O(log servers) for each change of a
// counter.
#include "core/ipvs/tree_scheduler.hpp"

namespace lvslab::ipvs {
namespace {

class Overflow final : public TreeScheduler {
public:
    explicit Overflow(const SchedulerContext& context) : TreeScheduler(context) { renumbered(); }

private:
    Share share(const Destination& d) const override {
        return d.eligible() && d.active <= d.weight ? Share{1, static_cast<std::uint32_t>(d.weight)}
                                                    : Share{};
    }
};

}  // namespace

std::unique_ptr<Scheduler> make_ovf(const SchedulerContext& context) {
    return std::make_unique<Overflow>(context);
}

}  // namespace lvslab::ipvs
