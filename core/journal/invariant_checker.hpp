// SPDX-License-Identifier: GPL-2.0-only
/// What watches a group of invariants, and how it tells.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "core/journal/event.hpp"

namespace lvslab::journal {

/// Takes a violation: the invariant's name, from when on it did not hold, what is wrong.
using ReportViolation = std::function<void(std::string_view name, Time time, std::string message)>;

class InvariantChecker {
public:
    virtual ~InvariantChecker() = default;
    /// Time has come to `now`: nothing happened since the event before.
    virtual void pass(Time) {}
    virtual void take(const Event& event) = 0;
};

/// What the events of a kind that a checker does not care for meet.
template <class Checker>
void dispatch(Checker& checker, const Event& event) {
    std::visit(
        [&](const auto& payload) {
            if constexpr (requires { checker.on(event.time, payload); }) {
                checker.on(event.time, payload);
            }
        },
        event.payload);
}

/// The names of a run, for messages.
inline std::string name_in(const std::vector<std::string>& names, std::uint32_t index) {
    return index < names.size() ? names[index] : "(none)";
}

/// one_active, vip_answered. Both last as long as `run`.
std::unique_ptr<InvariantChecker> watch_roles(const RunStarted& run, ReportViolation report);
/// dead_router_silent
std::unique_ptr<InvariantChecker> watch_dead_routers(const RunStarted& run, ReportViolation report);
/// taken_out
std::unique_ptr<InvariantChecker> watch_destinations(const RunStarted& run, ReportViolation report);
/// persistence
std::unique_ptr<InvariantChecker> watch_templates(const RunStarted& run, ReportViolation report);
/// connections_accounted
std::unique_ptr<InvariantChecker> watch_connections(bool openings_told, ReportViolation report);
/// counters_grow, packets_conserved
std::unique_ptr<InvariantChecker> watch_counters(const RunStarted& run, ReportViolation report);

}  // namespace lvslab::journal
