// SPDX-License-Identifier: GPL-2.0-only
// Rule: 256 buckets dealt out in list order, weight 0 and overloaded included; hash of the VIP.
// Kernel: ip_vs_dh_schedule, ip_vs_dh_reassign (ip_vs_dh.c); edits do not deal anew.
// Cost: O(1); O(256) at the first decision after a server came or went.
#include "core/ipvs/hash.hpp"
#include "core/ipvs/table_scheduler.hpp"

namespace lvslab::ipvs {
namespace {

constexpr unsigned table_bits = 8;

class DestinationHashing final : public TableScheduler {
public:
    explicit DestinationHashing(const SchedulerContext& context) : TableScheduler(context) {}

    Destination* schedule(const ScheduleRequest& request) override {
        auto* d = table()[hash_32(folded(request.virtual_address), table_bits)];
        return d != nullptr && d->eligible() ? d : nullptr;
    }
    void edited(Destination&) override {}

private:
    std::vector<Destination*> fill() const override {
        std::vector<Destination*> order;
        servers_.for_each([&](Destination& d) {
            if (order.size() < 1U << table_bits) {
                order.push_back(&d);
            }
        });
        std::vector<Destination*> buckets(1U << table_bits, nullptr);
        for (std::size_t i = 0; i < buckets.size() && !order.empty(); ++i) {
            buckets[i] = order[i % order.size()];
        }
        return buckets;
    }
};

}  // namespace

std::unique_ptr<Scheduler> make_dh(const SchedulerContext& context) {
    return std::make_unique<DestinationHashing>(context);
}

}  // namespace lvslab::ipvs
