// SPDX-License-Identifier: GPL-2.0-only
// Rule: two servers drawn by weight, with replacement; the second wins with a lower
// overhead/weight. Kernel: ip_vs_twos_schedule (ip_vs_twos.c); it draws from 0 to the sum of
// weights inclusive. Cost: O(log servers).
#include <string>

#include "core/ipvs/indexes.hpp"
#include "core/ipvs/schedulers.hpp"

namespace lvslab::ipvs {
namespace {

class PowerOfTwo final : public Scheduler {
public:
    explicit PowerOfTwo(const SchedulerContext& context)
        : Scheduler(context, Heeds::eligibility),
          random_(context.options.seed, "ipvs/twos/" + std::string(context.stream_name)) {
        renumbered();
    }

    Destination* schedule(const ScheduleRequest&) override {
        if (sums_.total() == 0) {
            return nullptr;
        }
        auto* first = draw();
        auto* second = draw();
        const auto first_load = std::int64_t{first->overhead(options_.profile)} * second->weight;
        const auto second_load = std::int64_t{second->overhead(options_.profile)} * first->weight;
        return first_load > second_load ? second : first;
    }

    void added(Destination& d) override { sums_.set(d.slot, usable(d)); }
    void removed(Destination& d) override { sums_.set(d.slot, 0); }
    void edited(Destination& d) override { sums_.set(d.slot, usable(d)); }
    void load_changed(const Destination& d) override { sums_.set(d.slot, usable(d)); }
    void renumbered() override {
        sums_.reset();
        servers_.for_each([this](const Destination& d) { sums_.set(d.slot, usable(d)); });
    }

private:
    static std::uint32_t usable(const Destination& d) {
        return d.eligible() ? static_cast<std::uint32_t>(d.weight) : 0;
    }
    Destination* draw() {
        // 0 falls to the first server, as 1 does.
        const auto point = random_.below(sums_.total() + 1);
        return servers_.at(sums_.covering(point == 0 ? 1 : point));
    }

    WeightSums sums_;
    RandomStream random_;
};

}  // namespace

std::unique_ptr<Scheduler> make_twos(const SchedulerContext& context) {
    return std::make_unique<PowerOfTwo>(context);
}

}  // namespace lvslab::ipvs
