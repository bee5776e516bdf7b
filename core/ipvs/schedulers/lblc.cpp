// SPDX-License-Identifier: GPL-2.0-only
// Rule: the server cached for the destination address unless gone, weight 0 or overloaded; else
// wlc. Kernel: ip_vs_lblc_schedule, ip_vs_lblc_new, ip_vs_lblc_check_expire (ip_vs_lblc.c). Cost:
// O(1) and the few entries of a cache bucket; O(log servers) for each change of a counter.
#include "core/ipvs/locality.hpp"

namespace lvslab::ipvs {
namespace {

class LocalityBased final : public LocalityScheduler {
public:
    explicit LocalityBased(const SchedulerContext& context)
        : LocalityScheduler(context), cache_(context.now) {
        renumbered();
    }

    Destination* schedule(const ScheduleRequest& request) override {
        auto* entry = cache_.find(request.virtual_address);
        if (entry != nullptr) {
            entry->last_use = request.now;
            auto* d = entry->server;
            // The threshold's flag does not count here.
            if (d->available && d->weight > 0 && !overloaded(*d)) {
                return d;
            }
        }
        auto* d = best();
        if (d != nullptr && (entry == nullptr || entry->server != d)) {
            replace(entry, request, *d);
        }
        return d;
    }

    Time next_sweep() const override { return cache_.next_sweep(); }
    void sweep(Time now) override { cache_.sweep(now, options_.lblc_expiration, drop); }
    void unbind() override { cache_.clear(drop); }

private:
    struct Entry {
        Address address;
        Destination* server;
        Time last_use;
    };

    static void drop(Entry& entry) { --entry.server->references; }

    void replace(Entry* old, const ScheduleRequest& request, Destination& d) {
        if (old != nullptr) {
            drop(*old);
            cache_.erase(*old);
        }
        if (!cache_.full()) {
            ++d.references;
            cache_.insert({request.virtual_address, &d, request.now});
        }
    }

    LocalityCache<Entry> cache_;
};

}  // namespace

std::unique_ptr<Scheduler> make_lblc(const SchedulerContext& context) {
    return std::make_unique<LocalityBased>(context);
}

}  // namespace lvslab::ipvs
