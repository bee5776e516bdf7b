// SPDX-License-Identifier: GPL-2.0-only
// What entries count for at their real server, and the overload flag that follows from it.
#include "core/ipvs/model.hpp"

namespace lvslab::ipvs {

/// A counter of the server changed, or perhaps its overload flag. Its scheduler is told once
/// before it decides, however much changes until then, and only if it goes by what changed.
void Ipvs::Model::counted(Destination& d, bool was_overloaded) {
    const bool concerns =
        d.scheduler != nullptr && (d.scheduler->heeds_counts() || d.overloaded != was_overloaded);
    if (concerns && changed_ != &d) {
        tell_scheduler();
        changed_ = &d;
    }
}

void Ipvs::Model::tell_scheduler() {
    if (changed_ != nullptr && changed_->scheduler != nullptr) {
        changed_->scheduler->load_changed(*changed_);
    }
    changed_ = nullptr;
}

/// ip_vs_bind_dest (ip_vs_conn.c): a fresh entry of our own is inactive.
void Ipvs::Model::bind(Connection& c, Destination& d) {
    c.destination = d.id;
    ++d.references;
    if (c.is_template == 0) {
        d.active += c.counted_active;  // known active from the start: told of by another director
        entry_counted(d);
        return;
    }
    ++d.persistent;
    const bool set = options_.profile == Profile::classic && d.upper_threshold != 0 &&
                     static_cast<std::uint32_t>(d.total) >= d.upper_threshold;
    if (set && !d.overloaded) {
        d.overloaded = true;
        counted(d, false);
    }
}

/// One more entry. The recent rule looks at the count only as it reaches the upper threshold.
void Ipvs::Model::entry_counted(Destination& d) {
    ++d.total;
    const auto total = static_cast<std::uint32_t>(d.total);
    const auto upper = d.upper_threshold;
    const bool was_overloaded = d.overloaded;
    if (upper != 0 && (options_.profile == Profile::recent ? total == upper : total >= upper)) {
        d.overloaded = true;
    }
    counted(d, was_overloaded);
}

/// ip_vs_unbind_dest (ip_vs_conn.c).
void Ipvs::Model::unbind(const Connection& c) {
    auto& d = *destinations_[c.destination];
    --d.references;
    if (c.is_template == 0) {
        d.active -= c.counted_active;
        entry_uncounted(d);
    } else {
        --d.persistent;
        if (options_.profile == Profile::classic) {
            ++d.total;  // the classic rule looks at the count after every entry, templates too
            entry_uncounted(d);
        }
    }
    if (!d.bound && d.references == 0) {
        free_destinations_.push_back(d.id);
        changed_ = changed_ == &d ? nullptr : changed_;
        destinations_[d.id].reset();
    }
}

/// One entry less. Recent: cleared as the count falls below the lower threshold, or three
/// quarters of the upper one. Classic: whenever it is below.
void Ipvs::Model::entry_uncounted(Destination& d) {
    --d.total;
    const auto total = static_cast<std::uint32_t>(d.total);
    const auto upper = d.upper_threshold;
    const auto lower = d.lower_threshold;
    const bool was_overloaded = d.overloaded;
    if (options_.profile == Profile::recent) {
        const auto edge = lower != 0 ? lower : upper - (upper >> 2);
        if (total + 1 == edge && total < upper) {
            d.overloaded = false;
        }
    } else if (lower != 0) {
        d.overloaded = d.overloaded && total >= lower;
    } else {
        d.overloaded =
            d.overloaded && std::uint64_t{total} * 4 >= std::uint64_t{upper} * 3 && upper != 0;
    }
    counted(d, was_overloaded);
}

/// An edit of the thresholds (__ip_vs_update_dest, ip_vs_ctl.c).
void Ipvs::Model::set_thresholds(Destination& d, std::uint32_t upper, std::uint32_t lower) {
    const bool raised = upper == 0 || upper > d.upper_threshold;
    const bool changed = upper != d.upper_threshold || lower != d.lower_threshold;
    d.upper_threshold = upper;
    d.lower_threshold = lower;
    if (options_.profile == Profile::classic) {
        d.overloaded = d.overloaded && !raised;
        return;
    }
    if (!changed) {
        return;
    }
    const auto edge = lower != 0 ? lower : upper - (upper >> 2);
    const auto total = static_cast<std::uint32_t>(d.total);
    if (upper == 0 || total < edge) {
        d.overloaded = false;
    } else if (total >= upper) {
        d.overloaded = true;
    }
}

void Ipvs::Model::set_active(Connection& c, bool active) {
    if (active == (c.counted_active != 0)) {
        return;
    }
    auto& d = *destinations_[c.destination];
    if (!d.bound) {
        return;  // a state is followed, but activity only where a server counts it
    }
    count_active(c, d, active);
}

void Ipvs::Model::count_active(Connection& c, Destination& d, bool active) {
    c.counted_active = active ? 1 : 0;
    d.active += active ? 1 : -1;
    counted(d, d.overloaded);
}

}  // namespace lvslab::ipvs
