// SPDX-License-Identifier: GPL-2.0-only
#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/scenario/checks.hpp"

namespace lvslab::scenario {
namespace {

using journal::Moment;

/// Whether `words` begin with `beginning`, as words.
bool begins(std::string_view words, std::string_view beginning) {
    return words.starts_with(beginning) &&
           (words.size() == beginning.size() || words[beginning.size()] == ' ');
}

class FaultCheck {
public:
    FaultCheck(const Scenario& s, const Places& places, Diagnostics& d)
        : s_(s), places_(places), d_(d) {}

    void run() {
        const bool all_workloads_read = !s_.workloads.empty() && !d_.has_errors();
        for (std::size_t i = 0; i < s_.faults.size(); ++i) {
            if (all_workloads_read && known(places_.faults[i].at)) {
                check_time(s_.faults[i], places_.faults[i].at);
            }
        }
        for (const auto& fault : s_.faults) {
            if (fault.what.empty()) {
                return;  // one was not read: what others wait for is not known
            }
        }
        check_moments();
        check_loops();
        for (const auto& e : s_.expectations) {
            for (const auto& moment : {e.first, e.second, e.from ? e.from->after : std::nullopt,
                                       e.until ? e.until->after : std::nullopt}) {
                check_moment(moment, e.location);
            }
        }
    }

private:
    void check_time(const Fault& fault, const SourceLocation& where) {
        const auto end = s_.last_arrival() + s_.drain;
        const auto at = *fault.at;
        if (at > end) {
            d_.error(where, fmt::format("at {} the run is over: it ends at {}",
                                        to_string(at.time_since_epoch()),
                                        to_string(end.time_since_epoch())));
        } else if (fault.every && fault.times && (end - at) / *fault.every + 1 < *fault.times) {
            d_.error(where, fmt::format("of {} times that {} comes, {} fit in before the run ends "
                                        "at {}",
                                        *fault.times, fault.what, (end - at) / *fault.every + 1,
                                        to_string(end.time_since_epoch())));
        }
    }

    bool meets(const Fault& fault, FaultKind kind, const Moment& moment) const {
        if (moment.fault != name_of(kind)) {
            return false;
        }
        const auto target = std::string_view(fault.what).substr(fault.what.find(' ') + 1);
        if (moment.subject.empty() || begins(target, moment.subject)) {
            return true;
        }
        // "crash of lvs1" comes also by "crash active router".
        const bool some_router = fault.target.kind == FaultTarget::Kind::active_router ||
                                 fault.target.kind == FaultTarget::Kind::standby_router;
        return some_router && !fault.target.side &&
               std::ranges::any_of(s_.routers,
                                   [&](const auto& r) { return r.name == moment.subject; });
    }

    /// The faults that bring a moment about, which then comes in no other way; nothing if it may
    /// come by itself.
    std::optional<std::vector<std::size_t>> causes_of(const Moment& moment) const {
        std::vector<std::size_t> causes;
        if (moment.kind == Moment::Kind::fault_number) {
            if (moment.number <= s_.faults.size()) {
                causes.push_back(moment.number - 1);
            }
            return causes;
        }
        if (moment.kind != Moment::Kind::fault) {
            return std::nullopt;
        }
        for (std::size_t i = 0; i < s_.faults.size(); ++i) {
            const auto& fault = s_.faults[i];
            const auto undo = fault.length ? undone_by(fault.kind) : std::nullopt;
            if (meets(fault, fault.kind, moment) || (undo && meets(fault, *undo, moment))) {
                causes.push_back(i);
            }
        }
        return causes;
    }

    /// Why a moment never comes; empty if it may.
    std::string impossible(const Moment& moment) const {
        const auto never = [&](std::string_view why) {
            return fmt::format("\"{}\" never comes: {}", moment.text, why);
        };
        switch (moment.kind) {
            case Moment::Kind::fault_number:
                return moment.number > s_.faults.size()
                           ? never(fmt::format("there are {} faults", s_.faults.size()))
                           : "";
            case Moment::Kind::fault:
                return causes_of(moment).value_or(std::vector<std::size_t>{}).empty()
                           ? never("no fault brings it about")
                           : "";
            case Moment::Kind::takeover:
                if (s_.routers.size() == 1) {
                    return never("there is one router");
                }
                [[fallthrough]];
            case Moment::Kind::becomes_active:
            case Moment::Kind::becomes_inactive:
            case Moment::Kind::announced:
                return s_.daemons ? "" : never("daemons are off");
            case Moment::Kind::taken_out:
            case Moment::Kind::put_back:
                return s_.daemons || !s_.changes.empty() ? "" : never("daemons are off");
        }
        return "";
    }

    void check_moment(const std::optional<Moment>& moment, const SourceLocation& where) {
        if (!moment) {
            return;
        }
        if (const auto why = impossible(*moment); !why.empty()) {
            d_.error(where, why);
        }
    }

    void check_moments() {
        for (std::size_t i = 0; i < s_.faults.size(); ++i) {
            if (known(places_.faults[i].moment)) {
                check_moment(s_.faults[i].after, places_.faults[i].moment);
            }
        }
    }

    // A fault comes if its moment may come by itself or by a fault that comes.
    void check_loops() {
        std::vector<bool> comes(s_.faults.size());
        for (bool changed = true; changed;) {
            changed = false;
            for (std::size_t i = 0; i < comes.size(); ++i) {
                if (!comes[i] && may_come(s_.faults[i], comes)) {
                    comes[i] = changed = true;
                }
            }
        }
        for (std::size_t i = 0; i < comes.size(); ++i) {
            const auto& fault = s_.faults[i];
            if (!comes[i] && known(places_.faults[i].moment) && impossible(*fault.after).empty()) {
                report_loop(i, places_.faults[i].moment);
            }
        }
    }

    bool may_come(const Fault& fault, const std::vector<bool>& comes) const {
        if (!fault.after) {
            return true;
        }
        const auto causes = causes_of(*fault.after);
        return !causes || std::ranges::any_of(*causes, [&](std::size_t i) { return comes[i]; });
    }

    void report_loop(std::size_t fault, const SourceLocation& where) {
        const auto causes = causes_of(*s_.faults[fault].after).value_or(std::vector<std::size_t>{});
        std::vector<std::string> waits;
        for (const auto cause : causes) {
            waits.push_back(fmt::format("\"{}\" (fault {})", s_.faults[cause].what, cause + 1));
        }
        d_.error(where, fmt::format("\"{}\" (fault {}) never comes: it waits for {}, which never "
                                    "comes or waits for it",
                                    s_.faults[fault].what, fault + 1, fmt::join(waits, ", ")));
    }

    const Scenario& s_;
    const Places& places_;
    Diagnostics& d_;
};

}  // namespace

void check_faults(const Scenario& s, const Places& places, Diagnostics& d) {
    FaultCheck(s, places, d).run();
}

}  // namespace lvslab::scenario
