// SPDX-License-Identifier: GPL-2.0-only
// Rule: the next server after the last choice that has weight and is not overloaded.
// Kernel: ip_vs_rr_schedule, ip_vs_rr_del_dest (ip_vs_rr.c).
// Cost: O(1) (a step up a 64-ary tree), however many servers cannot be chosen.
#include "core/ipvs/indexes.hpp"
#include "core/ipvs/schedulers.hpp"

namespace lvslab::ipvs {
namespace {

class RoundRobin final : public Scheduler {
public:
    explicit RoundRobin(const SchedulerContext& context) : Scheduler(context, Heeds::eligibility) {
        renumbered();
    }

    Destination* schedule(const ScheduleRequest&) override {
        const auto last = last_ == nullptr ? DestinationList::head : last_->slot;
        auto slot = eligible_.below(last);
        if (slot < 0 && last_ != nullptr) {
            // Once more from the head, the last choice included.
            slot = eligible_.below(DestinationList::head);
        }
        if (slot < 0) {
            return nullptr;
        }
        last_ = servers_.at(static_cast<std::uint32_t>(slot));
        return last_;
    }

    void added(Destination& d) override { eligible_.set(d.slot, d.eligible()); }
    void removed(Destination& d) override {
        eligible_.set(d.slot, false);
        if (last_ == &d) {
            const auto slot = servers_.before(d.slot);
            last_ = slot == DestinationList::head ? nullptr : servers_.at(slot);
        }
    }
    void edited(Destination& d) override { eligible_.set(d.slot, d.eligible()); }
    void load_changed(const Destination& d) override { eligible_.set(d.slot, d.eligible()); }
    void renumbered() override {
        eligible_.reset();
        servers_.for_each([this](Destination& d) { eligible_.set(d.slot, d.eligible()); });
    }

private:
    SlotSet eligible_;
    Destination* last_ = nullptr;  ///< nullptr = before the head
};

}  // namespace

std::unique_ptr<Scheduler> make_rr(const SchedulerContext& context) {
    return std::make_unique<RoundRobin>(context);
}

}  // namespace lvslab::ipvs
