// SPDX-License-Identifier: GPL-2.0-only
/// The schedulers as a walk over the list, server by server, as the kernel does it: what the
/// indexed ones must agree with, and are measured against.
#pragma once

#include <functional>
#include <memory>
#include <numeric>
#include <string_view>
#include <vector>

#include "core/ipvs/hash.hpp"
#include "core/ipvs/schedulers.hpp"

namespace lvslab::ipvs {

/// Base: remembers nothing but what its rule remembers.
class PlainScheduler : public Scheduler {
public:
    explicit PlainScheduler(const SchedulerContext& context) : Scheduler(context) {}
    void added(Destination& d) override {
        list_.insert(list_.begin(), &d);
        changed();
    }
    void removed(Destination& d) override {
        const auto at = std::find(list_.begin(), list_.end(), &d);
        leaving(static_cast<std::size_t>(at - list_.begin()));
        list_.erase(at);
        changed();
    }
    void edited(Destination&) override { changed(); }
    void load_changed(const Destination&) override {}
    void renumbered() override {}

protected:
    virtual void changed() {}
    virtual void leaving(std::size_t) {}
    std::vector<Destination*> list_;  ///< from the head
};

/// The first of the best: `better(a, b)` = a is strictly better than b, which stands before it.
class PlainBest final : public PlainScheduler {
public:
    using Better = std::function<bool(const Destination&, const Destination&, Profile)>;
    using Able = std::function<bool(const Destination&)>;
    PlainBest(const SchedulerContext& context, Better better, Able able)
        : PlainScheduler(context), better_(std::move(better)), able_(std::move(able)) {}
    Destination* schedule(const ScheduleRequest&) override {
        Destination* best = nullptr;
        for (auto* d : list_) {
            if (d->eligible() && able_(*d) &&
                (best == nullptr || better_(*d, *best, options_.profile))) {
                best = d;
            }
        }
        return best;
    }

private:
    Better better_;
    Able able_;
};

/// nq: stops at the first idle server.
class PlainNeverQueue final : public PlainScheduler {
public:
    using PlainScheduler::PlainScheduler;
    Destination* schedule(const ScheduleRequest&) override {
        Destination* best = nullptr;
        for (auto* d : list_) {
            if (!d->eligible()) {
                continue;
            }
            if (d->active == 0) {
                return d;
            }
            if (best == nullptr || (std::int64_t{best->active} + 1) * d->weight >
                                       (std::int64_t{d->active} + 1) * best->weight) {
                best = d;
            }
        }
        return best;
    }
};

class PlainRoundRobin final : public PlainScheduler {
public:
    using PlainScheduler::PlainScheduler;
    Destination* schedule(const ScheduleRequest&) override {
        const auto start = last_;
        auto at = start;
        for (int pass = 0; pass < 2; ++pass) {
            for (++at; at < static_cast<std::ptrdiff_t>(list_.size()); ++at) {
                auto* d = list_[static_cast<std::size_t>(at)];
                if (d->eligible()) {
                    last_ = at;
                    return d;
                }
                if (at == start) {
                    return nullptr;
                }
            }
            at = -1;
            if (start < 0) {
                return nullptr;
            }
        }
        return nullptr;
    }
    void added(Destination& d) override {
        last_ += last_ >= 0 ? 1 : 0;
        PlainScheduler::added(d);
    }

private:
    void leaving(std::size_t place) override {
        last_ -= static_cast<std::ptrdiff_t>(place) <= last_ ? 1 : 0;
    }
    std::ptrdiff_t last_ = -1;
};

/// wrr with the kernel's loop, pass by pass.
class PlainWeightedRoundRobin final : public PlainScheduler {
public:
    explicit PlainWeightedRoundRobin(const SchedulerContext& context) : PlainScheduler(context) {
        changed();
        cw_ = mw_;
    }
    Destination* schedule(const ScheduleRequest&) override {
        if (mw_ == 0) {
            return nullptr;
        }
        const auto last = cl_;
        auto at = cl_;
        std::ptrdiff_t stop = -2;
        bool last_pass = false;
        bool restarted = false;
        while (true) {
            for (++at; at < static_cast<std::ptrdiff_t>(list_.size()); ++at) {
                auto* d = list_[static_cast<std::size_t>(at)];
                if (!d->overloaded && d->weight >= cw_) {
                    cl_ = at;
                    return d;
                }
                if (at == stop) {
                    cl_ = at;
                    return nullptr;
                }
            }
            at = -1;
            cw_ -= di_;
            if (cw_ <= 0) {
                cw_ = mw_;
                if (last_pass || last < 0) {
                    cl_ = -1;
                    return nullptr;
                }
                restarted = true;
            }
            last_pass = cw_ <= di_;
            if (last_pass && restarted && last >= 0) {
                stop = last;
            }
        }
    }

private:
    void changed() override {
        cl_ = -1;
        int g = 0;
        int most = 0;
        for (const auto* d : list_) {
            g = d->weight > 0 ? std::gcd(g, d->weight) : g;
            most = std::max(most, d->weight);
        }
        di_ = g > 0 ? g : 1;
        mw_ = most - (di_ - 1);
        if (cw_ > mw_ || cw_ == 0) {
            cw_ = mw_;
        } else if (di_ > 1) {
            cw_ = cw_ / di_ * di_ + 1;
        }
    }
    std::ptrdiff_t cl_ = -1;
    int cw_ = 0;
    int mw_ = 0;
    int di_ = 1;
};

/// dh and sh: their table filled at once, at every change that the kernel fills it at.
class PlainHash final : public PlainScheduler {
public:
    PlainHash(const SchedulerContext& context, bool by_source)
        : PlainScheduler(context), by_source_(by_source), table_(256, nullptr) {}
    Destination* schedule(const ScheduleRequest& r) override {
        const auto& key = by_source_ ? r.client : r.virtual_address;
        auto* d = table_[(folded(key) * 0x61C88647U) >> 24];
        return d != nullptr && d->eligible() ? d : nullptr;
    }
    void edited(Destination&) override {
        if (by_source_) {
            changed();
        }
    }

private:
    void changed() override {
        std::size_t at = 0;
        int given = 0;
        for (auto& bucket : table_) {
            bucket = list_.empty() ? nullptr : list_[at];
            if (!list_.empty() && (!by_source_ || ++given >= list_[at]->weight)) {
                given = 0;
                at = (at + 1) % list_.size();
            }
        }
    }
    bool by_source_;
    std::vector<Destination*> table_;
};

/// lblc and lblcr: their caches as lists, their looks at all servers as walks.
class PlainLocality final : public PlainScheduler {
public:
    PlainLocality(const SchedulerContext& context, bool sets)
        : PlainScheduler(context), sets_(sets) {}
    Destination* schedule(const ScheduleRequest& r) override {
        Entry* entry = nullptr;
        for (auto& e : cache_) {
            entry = e.address == r.virtual_address ? &e : entry;
        }
        if (entry != nullptr) {
            auto* d = sets_ ? least(entry->members, true) : entry->members.front();
            const bool good = d != nullptr && (sets_ || (d->available && d->weight > 0));
            if (good && !overloaded(*d)) {
                return d;
            }
        }
        auto* d = least(list_, false);
        if (d == nullptr) {
            return nullptr;
        }
        if (entry == nullptr) {
            cache_.push_back({r.virtual_address, {}});
            entry = &cache_.back();
        }
        auto& members = entry->members;
        if (!sets_) {
            members = {d};
        } else if (std::find(members.begin(), members.end(), d) == members.end()) {
            members.insert(members.begin(), d);
        }
        return d;
    }

private:
    struct Entry {
        Address address;
        std::vector<Destination*> members;
    };
    Destination* least(const std::vector<Destination*>& from, bool listed) const {
        Destination* best = nullptr;
        for (auto* d : from) {
            const bool able = d->eligible() && (!listed || d->available);
            if (able && (best == nullptr ||
                         std::int64_t{best->overhead(options_.profile)} * d->weight >
                             std::int64_t{d->overhead(options_.profile)} * best->weight)) {
                best = d;
            }
        }
        return best;
    }
    bool overloaded(const Destination& d) const {
        if (d.active <= d.weight) {
            return false;
        }
        for (const auto* other : list_) {
            if (other->active * 2 < other->weight) {
                return true;
            }
        }
        return false;
    }
    bool sets_;
    std::vector<Entry> cache_;
};

/// The plain version of a scheduler of the table; nullptr where there is none (mh, twos).
inline std::unique_ptr<Scheduler> make_plain(std::string_view name,
                                             const SchedulerContext& context) {
    const auto always = [](const Destination&) { return true; };
    const auto lighter = [](auto load) {
        return [load](const Destination& a, const Destination& b, Profile p) {
            return std::int64_t{load(b, p)} * a.weight > std::int64_t{load(a, p)} * b.weight;
        };
    };
    const auto overhead = [](const Destination& d, Profile p) { return d.overhead(p); };
    const auto delay = [](const Destination& d, Profile) { return d.active + 1; };
    const auto heavier = [](const Destination& a, const Destination& b, Profile) {
        return a.weight > b.weight;
    };
    if (name == "lc") {
        return std::make_unique<PlainBest>(
            context,
            [](const Destination& a, const Destination& b, Profile p) {
                return a.overhead(p) < b.overhead(p);
            },
            always);
    }
    if (name == "wlc") {
        return std::make_unique<PlainBest>(context, lighter(overhead), always);
    }
    if (name == "sed") {
        return std::make_unique<PlainBest>(context, lighter(delay), always);
    }
    if (name == "fo") {
        return std::make_unique<PlainBest>(context, heavier, always);
    }
    if (name == "ovf") {
        return std::make_unique<PlainBest>(
            context, heavier, [](const Destination& d) { return d.active <= d.weight; });
    }
    if (name == "nq") {
        return std::make_unique<PlainNeverQueue>(context);
    }
    if (name == "rr") {
        return std::make_unique<PlainRoundRobin>(context);
    }
    if (name == "wrr") {
        return std::make_unique<PlainWeightedRoundRobin>(context);
    }
    if (name == "sh" || name == "dh") {
        return std::make_unique<PlainHash>(context, name == "sh");
    }
    if (name == "lblc" || name == "lblcr") {
        return std::make_unique<PlainLocality>(context, name == "lblcr");
    }
    return nullptr;
}

}  // namespace lvslab::ipvs
