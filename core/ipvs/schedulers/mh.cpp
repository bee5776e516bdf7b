// SPDX-License-Identifier: GPL-2.0-only
// Rule: Maglev's table of 4093 slots by each server's last weight that was not 0; hash of the
// client. Kernel: ip_vs_mh_schedule, ip_vs_mh_get_fallback, ip_vs_mh_populate (ip_vs_mh.c). Cost:
// O(1); O(4093 + servers) at the first decision after a change; with fallback O(4093) at worst.
#include <algorithm>
#include <bit>
#include <numeric>

#include "core/ipvs/hash.hpp"
#include "core/ipvs/maglev.hpp"
#include "core/ipvs/table_scheduler.hpp"

namespace lvslab::ipvs {
namespace {

/// Bits that a server's turns may have: half of the table's index (IP_VS_MH_TAB_BITS).
constexpr int turn_bits = 6;

class MaglevHashing final : public Scheduler {
public:
    explicit MaglevHashing(const SchedulerContext& context)
        : Scheduler(context, Heeds::eligibility), table_(kernel_maglev_size, nullptr) {}

    Destination* schedule(const ScheduleRequest& request) override {
        const auto port = request.flag_2 ? request.client_port.value() : 0U;
        const auto sum = folded(request.client) + port;
        fill_if_stale();
        const auto slot = hsiphash(sum, maglev_key_1) % kernel_maglev_size;
        auto* d = table_[slot];
        if (d == nullptr || d->eligible()) {
            return d;
        }
        return request.flag_1 ? fallback(sum, slot) : nullptr;
    }

    void added(Destination& d) override {
        if (servers_.size() == kernel_maglev_size + 1) {
            freeze(d);
        }
        changed();
    }
    void removed(Destination&) override { changed(); }
    void edited(Destination&) override { changed(); }
    void load_changed(const Destination&) override {}
    void renumbered() override {}
    void unbind() override { release(); }

private:
    Destination* fallback(std::uint32_t sum, std::uint32_t slot) const {
        for (std::uint32_t i = 0; i < kernel_maglev_size; ++i) {
            const auto offset = (i + slot) % kernel_maglev_size;
            auto* d = table_[hsiphash(sum + offset, maglev_key_1) % kernel_maglev_size];
            if (d == nullptr || d->eligible()) {
                return d;
            }
        }
        return nullptr;
    }

    /// With more servers than slots the kernel keeps the table it has (ip_vs_mh_reassign).
    void changed() { stale_ = servers_.size() <= kernel_maglev_size; }
    void fill_if_stale() {
        if (stale_) {
            release();
            fill(nullptr);
            stale_ = false;
        }
    }
    void fill(const Destination* left_out);
    /// Brings the table to what it was before `newest` came, and keeps its servers alive in it.
    void freeze(const Destination& newest) {
        if (stale_) {
            fill(&newest);
        }
        held_ = table_;
        std::ranges::sort(held_);
        held_.erase(std::unique(held_.begin(), held_.end()), held_.end());  // clang 14: no ranges
        std::erase(held_, nullptr);
        std::ranges::for_each(held_, [](auto* d) { ++d->references; });
    }
    void release() {
        std::ranges::for_each(held_, [](auto* d) { --d->references; });
        held_.clear();
    }

    std::vector<Destination*> table_;
    std::vector<Destination*> held_;  ///< whom a frozen table refers to
    bool stale_ = true;
};

void MaglevHashing::fill(const Destination* left_out) {
    std::vector<Destination*> order;
    std::int32_t divisor = 0;
    std::int32_t largest = 0;
    servers_.for_each([&](Destination& d) {
        if (&d != left_out) {
            order.push_back(&d);
            divisor = std::gcd(divisor, std::max(d.last_weight, 0));
            largest = std::max(largest, d.last_weight);
        }
    });
    table_.assign(kernel_maglev_size, nullptr);
    if (divisor == 0) {
        return;
    }
    const auto bits = std::bit_width(static_cast<std::uint32_t>(largest / divisor));
    const auto shift = std::max(0, static_cast<int>(bits) - turn_bits);
    std::vector<MaglevBackend> backends;
    for (const auto* d : order) {
        const auto sum = folded(d->endpoint.address) + d->endpoint.port.value();
        const auto turns = static_cast<std::uint32_t>(d->last_weight / divisor) >> shift;
        backends.push_back({hsiphash(sum, maglev_key_1) % kernel_maglev_size,
                            hsiphash(sum, maglev_key_2) % (kernel_maglev_size - 1) + 1,
                            d->last_weight > 0 ? std::max(turns, 1U) : 0});
    }
    const auto owners = build_maglev_table(backends, kernel_maglev_size);
    std::ranges::transform(owners, table_.begin(), [&](auto owner) { return order[owner]; });
}

}  // namespace

std::unique_ptr<Scheduler> make_mh(const SchedulerContext& context) {
    return std::make_unique<MaglevHashing>(context);
}

}  // namespace lvslab::ipvs
