// SPDX-License-Identifier: GPL-2.0-only
/// Loads that hosts tell by themselves, as rwhod does.
#pragma once

#include <map>
#include <optional>

#include "core/base/address.hpp"
#include "core/base/time.hpp"

namespace lvslab::health {

/// What each host told last. Hosts that nobody asked about are not listened to, so others cannot
/// fill the memory.
class ToldLoads {
public:
    /// A host not heard of for so long counts as down: ruptime(1).
    static constexpr Duration ruptime_stale = std::chrono::minutes(11);

    explicit ToldLoads(Duration stale = ruptime_stale) : stale_(stale) {}

    /// The load that the host told last; nothing if it has not for `stale`. From the first
    /// question on it is listened to.
    std::optional<double> load_of(const Address& host, Time now);
    void hear(const Address& host, double load, Time now);

private:
    struct Told {
        Time when;
        double load = 0;
    };

    Duration stale_;
    std::map<Address, std::optional<Told>> told_;
};

}  // namespace lvslab::health
