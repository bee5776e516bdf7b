// SPDX-License-Identifier: GPL-2.0-only
#include "core/ipvs/locality.hpp"

#include <algorithm>

namespace lvslab::ipvs {

void LocalityScheduler::note(const Destination& d, bool listed) {
    if (d.slot >= is_half_used_.size()) {
        is_half_used_.resize(std::max<std::size_t>(d.slot + 1, 2 * is_half_used_.size()));
    }
    const bool now = listed && std::int64_t{d.active} * 2 < d.weight;
    if (is_half_used_[d.slot] != now) {
        is_half_used_[d.slot] = now;
        half_used_ += now ? 1U : ~0U;
    }
}

void LocalityScheduler::added(Destination& d) {
    TreeScheduler::added(d);
    note(d, true);
}

void LocalityScheduler::removed(Destination& d) {
    TreeScheduler::removed(d);
    note(d, false);
}

void LocalityScheduler::edited(Destination& d) {
    TreeScheduler::edited(d);
    note(d, true);
}

void LocalityScheduler::load_changed(const Destination& d) {
    TreeScheduler::load_changed(d);
    note(d, true);
}

void LocalityScheduler::renumbered() {
    TreeScheduler::renumbered();
    is_half_used_.clear();
    half_used_ = 0;
    servers_.for_each([this](const Destination& d) { note(d, true); });
}

}  // namespace lvslab::ipvs
