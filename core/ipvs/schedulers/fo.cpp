// SPDX-License-Identifier: GPL-2.0-only
// Rule: the highest weight; a tie goes to the server nearer the head.
// Kernel: ip_vs_fo_schedule (ip_vs_fo.c).
// Cost: O(1); O(log servers) for each change of the overload flag.
#include "core/ipvs/tree_scheduler.hpp"

namespace lvslab::ipvs {
namespace {

class Failover final : public TreeScheduler {
public:
    explicit Failover(const SchedulerContext& context)
        : TreeScheduler(context, Heeds::eligibility) {
        renumbered();
    }

private:
    Share share(const Destination& d) const override {
        return d.eligible() ? Share{1, static_cast<std::uint32_t>(d.weight)} : Share{};
    }
};

}  // namespace

std::unique_ptr<Scheduler> make_fo(const SchedulerContext& context) {
    return std::make_unique<Failover>(context);
}

}  // namespace lvslab::ipvs
