// SPDX-License-Identifier: GPL-2.0-only
#include "core/trace/shaping.hpp"

#include <algorithm>
#include <cmath>

namespace lvslab::trace {
namespace {

Duration scaled(Duration d, double speed) {
    constexpr double longest = 366.0 * 24 * 3600 * 1e9;  // as everywhere in a scenario
    if (speed == 1) {
        return d;
    }
    return Duration{std::llround(std::min(static_cast<double>(d.count()) / speed, longest))};
}

}  // namespace

std::optional<TracedConnection> shaped(TracedConnection connection, const Shaping& shaping) {
    const auto after = connection.at - shaping.from;
    if (after < Duration::zero() || (shaping.length && after >= *shaping.length)) {
        return std::nullopt;
    }
    connection.at = scaled(after, shaping.speed);
    for (auto& turn : connection.turns) {
        turn.think = scaled(turn.think, shaping.speed);
        if (!shaping.service) {
            turn.service.reset();
        }
    }
    if (shaping.anonymise) {
        connection.client = shaping.anonymise(connection.client);
    }
    return connection;
}

}  // namespace lvslab::trace
