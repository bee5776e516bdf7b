// SPDX-License-Identifier: GPL-2.0-only
// Rule: the least loaded of the set cached for the destination address; wlc's choice joins if
// needed. Kernel: ip_vs_lblcr_schedule, ip_vs_dest_set_min, ip_vs_dest_set_max (ip_vs_lblcr.c).
// Cost: O(members of the set); O(log servers) for each change of a counter.
#include <algorithm>

#include "core/ipvs/locality.hpp"

namespace lvslab::ipvs {
namespace {

class LocalityBasedReplicated final : public LocalityScheduler {
public:
    explicit LocalityBasedReplicated(const SchedulerContext& context)
        : LocalityScheduler(context), cache_(context.now) {
        renumbered();
    }

    Destination* schedule(const ScheduleRequest& request) override {
        auto* entry = cache_.find(request.virtual_address);
        if (entry != nullptr) {
            entry->last_use = request.now;
            auto* d = least(*entry);
            if (entry->members.size() > 1 &&
                request.now > entry->last_change + options_.lblcr_expiration) {
                drop_most(*entry, request.now);
            }
            if (d != nullptr && !overloaded(*d)) {
                return d;
            }
        }
        auto* d = best();
        if (d == nullptr) {
            return nullptr;
        }
        if (entry != nullptr) {
            join(*entry, *d, request.now);
        } else if (!cache_.full()) {
            Entry fresh{request.virtual_address, {}, request.now, request.now};
            join(fresh, *d, request.now);
            cache_.insert(std::move(fresh));
        }
        return d;
    }

    Time next_sweep() const override { return cache_.next_sweep(); }
    void sweep(Time now) override { cache_.sweep(now, options_.lblcr_expiration, drop); }
    void unbind() override { cache_.clear(drop); }

private:
    struct Entry {
        Address address;
        std::vector<Destination*> members;  ///< the last to join is the back, and stands first
        Time last_use;
        Time last_change;
    };

    static void drop(Entry& entry) {
        for (auto* d : entry.members) {
            --d->references;
        }
    }

    static void join(Entry& entry, Destination& d, Time now) {
        if (std::ranges::find(entry.members, &d) == entry.members.end()) {
            ++d.references;
            entry.members.push_back(&d);
            entry.last_change = now;
        }
    }

    /// The member with the least overhead/weight that is listed and can be chosen.
    Destination* least(const Entry& entry) const {
        Destination* found = nullptr;
        for (auto m = entry.members.rbegin(); m != entry.members.rend(); ++m) {
            auto* d = *m;
            if (d->eligible() && d->available && (found == nullptr || lighter(*d, *found))) {
                found = d;
            }
        }
        return found;
    }

    /// Takes the member with the highest overhead/weight out of the set.
    void drop_most(Entry& entry, Time now) const {
        Destination* most = nullptr;
        for (auto m = entry.members.rbegin(); m != entry.members.rend(); ++m) {
            auto* d = *m;
            if (d->weight > 0 && (most == nullptr || lighter(*most, *d))) {
                most = d;
            }
        }
        if (most != nullptr) {
            --most->references;
            std::erase(entry.members, most);
            entry.last_change = now;
        }
    }

    bool lighter(const Destination& a, const Destination& b) const {
        return std::int64_t{a.overhead(options_.profile)} * b.weight <
               std::int64_t{b.overhead(options_.profile)} * a.weight;
    }

    LocalityCache<Entry> cache_;
};

}  // namespace

std::unique_ptr<Scheduler> make_lblcr(const SchedulerContext& context) {
    return std::make_unique<LocalityBasedReplicated>(context);
}

}  // namespace lvslab::ipvs
