// SPDX-License-Identifier: GPL-2.0-only
/// An entry of the model as the kernel's list of connections would show it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "core/ipvs/ipvs.hpp"
#include "core/ipvs/kernel_timer.hpp"

namespace lvslab::conformance {

/// A recorded number of seconds left is cut to whole seconds, in ticks of the kernel. The model's
/// clock is off by as much as the kernel handles a tick late.
inline constexpr Duration tick_tolerance = ipvs::tick_lateness;

/// An entry by what tells it from others.
inline std::string entry_name(const ipvs::ConnectionStatus& c) {
    std::string protocol(to_string(c.protocol));
    std::ranges::transform(protocol, protocol.begin(),
                           [](char l) { return static_cast<char>(l - ('a' <= l ? 32 : 0)); });
    return fmt::format("{} {} {} {} {}", protocol, c.client.to_string(),
                       c.virtual_endpoint.to_string(), c.server.to_string(), c.state);
}

/// An entry of the model with the times that it may expire at.
struct Listed {
    std::uint32_t handle;
    bool server_listed;
    std::vector<ipvs::ExpirySpan> expiries;

    static std::int64_t seconds(Duration left) {
        return std::max<std::int64_t>(
            0, std::chrono::duration_cast<std::chrono::seconds>(left).count());
    }
    /// The table is read from `begun` to `ended`.
    bool may_have_left(std::int64_t recorded, Time begun, Time ended) const {
        return std::ranges::any_of(expiries, [&](const ipvs::ExpirySpan& span) {
            return seconds(span.earliest - ended - tick_tolerance) <= recorded &&
                   recorded <= seconds(span.latest - begun + tick_tolerance);
        });
    }
    std::string left(Time now) const {
        std::vector<std::string> texts;
        for (const auto& span : expiries) {
            const auto from = to_seconds(span.earliest - now);
            const auto to = to_seconds(span.latest - now);
            texts.push_back(from < to ? fmt::format("{:.3f} ... {:.3f}", from, to)
                                      : fmt::format("{:.3f}", from));
        }
        return fmt::format("{}", fmt::join(texts, " or "));
    }
};

}  // namespace lvslab::conformance
