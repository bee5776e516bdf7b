// SPDX-License-Identifier: GPL-2.0-only
#include "core/conformance/replay.hpp"

#include <algorithm>
#include <optional>
#include <vector>

#include "core/conformance/player.hpp"
#include "core/ipvs/kernel_timer.hpp"

namespace lvslab::conformance {
namespace {

/// Counters tell how many templates of a server are gone, not which. If a choice is followed by a
/// mismatch, others are tried: a recording is met if any of them explains all of it.
constexpr unsigned attempts = 400;
/// Where the wheel's phase is known few are left open.
constexpr unsigned attempts_with_phase = 40;
/// Of the level at which the timers of closing connections hang: one to two minutes ahead. Longer
/// timers hang further out, at a phase that this one leaves open.
constexpr Duration searched_granule =
    ipvs::wheel_granule(ipvs::wheel_level(std::chrono::minutes(2)));

/// A recording without counters does not tell when timers fired, and a scheduler that counts
/// connections chooses by that. Then one rule must explain all of it: timers that fire at their
/// time, or on a wheel of some phase (the wheel's, in steps of its ticks). The decisions that the
/// rule explains hang on a timer.
Checked<Report> by_one_rule(const Recording& recording, ipvs::Options options,
                            Checked<Report> told) {
    auto best = told;
    const auto explains = [&] {
        auto found = Player(recording, options).play(best->mismatches);
        if (found && found->mismatches < best->mismatches) {
            best = std::move(found);
        }
        return best->mismatches == 0;
    };
    const auto known = options.wheel_phase;
    options.expiry = ipvs::Expiry::exact;
    bool explained = explains();
    options.expiry = ipvs::Expiry::wheel;
    if (known) {
        explained = explained || explains();
    } else {
        for (Duration phase{}; !explained && phase < searched_granule; phase += ipvs::jiffy) {
            options.wheel_phase = phase;
            explained = explains();
        }
    }
    best->timer_granule += told->mismatches - best->mismatches;
    return best;
}

/// A tick that was handled late has the kernel's count behind by one for a while, and that of a
/// recording may be such a one.
std::vector<std::optional<Duration>> phases_near(const std::optional<Duration>& phase) {
    if (!phase) {
        return {std::nullopt};
    }
    return {*phase, *phase - ipvs::jiffy, *phase + ipvs::jiffy};
}

Report best_of_attempts(const Recording& recording, const ipvs::Options& options, Report best) {
    const auto count = options.wheel_phase ? attempts_with_phase : attempts;
    for (unsigned n = 0; n < count && best.mismatches > 0; ++n) {
        Player player(recording, options, n);
        auto found = player.play(best.mismatches);
        if (found && found->mismatches < best.mismatches) {
            best = std::move(*found);
        }
        if (!player.chose()) {
            break;  // another attempt would do the same
        }
    }
    return best;
}

}  // namespace

Checked<Report> replay(const Recording& recording, ipvs::Profile profile) {
    ipvs::Options options{.profile = profile, .wheel_phase = recording.wheel_phase};
    options.expiry = recording.exact_timers ? ipvs::Expiry::exact : ipvs::Expiry::told;
    Player player(recording, options);
    auto result = player.play();
    if (recording.exact_timers || !result || result->mismatches == 0) {
        return result;
    }
    const bool counted = std::ranges::any_of(
        recording.events, [](const Event& event) { return event.counters.has_value(); });
    if (!counted) {
        return by_one_rule(recording, options, std::move(result));
    }
    auto best = std::move(*result);
    for (const auto& phase : phases_near(recording.wheel_phase)) {
        options.wheel_phase = phase;
        best = best_of_attempts(recording, options, std::move(best));
    }
    return {std::move(best), std::move(result.diagnostics)};
}

}  // namespace lvslab::conformance
