// SPDX-License-Identifier: GPL-2.0-only
#include "core/health/told_loads.hpp"

namespace lvslab::health {

std::optional<double> ToldLoads::load_of(const Address& host, Time now) {
    const auto& told = told_[host];
    const bool fresh = told && now - told->when < stale_;
    return fresh ? std::optional{told->load} : std::nullopt;
}

void ToldLoads::hear(const Address& host, double load, Time now) {
    if (const auto asked = told_.find(host); asked != told_.end()) {
        asked->second = Told{now, load};
    }
}

}  // namespace lvslab::health
