// SPDX-License-Identifier: GPL-2.0-only
// Rule: 256 buckets, max(1, weight) in a row for each server in turn; hash of the client.
// Kernel: ip_vs_sh_schedule, ip_vs_sh_get_fallback, ip_vs_sh_reassign (ip_vs_sh.c).
// Cost: O(1); O(256) at the first decision after a change; O(256) at worst with fallback.
#include "core/ipvs/hash.hpp"
#include "core/ipvs/table_scheduler.hpp"

namespace lvslab::ipvs {
namespace {

constexpr unsigned table_bits = 8;
constexpr std::uint32_t table_size = 1U << table_bits;

class SourceHashing final : public TableScheduler {
public:
    explicit SourceHashing(const SchedulerContext& context) : TableScheduler(context) {}

    Destination* schedule(const ScheduleRequest& request) override {
        const auto port = request.flag_2 ? request.client_port.value() : 0U;
        const auto bucket = hash_32(folded(request.client) + port, table_bits);
        auto* d = table()[bucket];
        if (d == nullptr || d->eligible()) {
            return d;
        }
        return request.flag_1 ? fallback(bucket) : nullptr;
    }

private:
    /// On from twice the bucket's number, one by one, to the first usable server.
    Destination* fallback(std::uint32_t bucket) {
        for (std::uint32_t i = 0; i < table_size; ++i) {
            auto* d = table()[(2 * bucket + i) % table_size];
            if (d == nullptr || d->eligible()) {
                return d;
            }
        }
        return nullptr;
    }

    std::vector<Destination*> fill() const override {
        std::vector<Destination*> order;
        servers_.for_each([&](Destination& d) {
            if (order.size() < table_size) {
                order.push_back(&d);
            }
        });
        std::vector<Destination*> buckets;
        if (order.empty()) {
            buckets.assign(table_size, nullptr);
            return buckets;
        }
        for (std::size_t turn = 0; buckets.size() < table_size; ++turn) {
            auto* d = order[turn % order.size()];
            std::int32_t given = 0;
            do {
                buckets.push_back(d);
            } while (++given < d->weight && buckets.size() < table_size);
        }
        return buckets;
    }
};

}  // namespace

std::unique_ptr<Scheduler> make_sh(const SchedulerContext& context) {
    return std::make_unique<SourceHashing>(context);
}

}  // namespace lvslab::ipvs
