// SPDX-License-Identifier: GPL-2.0-only
#include "sim/cli/parity_report.hpp"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace lvslab::cli {
namespace {

using parity::Moment;
using parity::ThreadDifference;

/// A world that told of no packet was not replayed, which is no agreement, unless the packets may
/// have passed its routers by.
bool replays_hold(const FollowedWorld& world, bool may_pass_by) {
    return (may_pass_by || !world.routers.empty() || world.story.opened() == 0) &&
           std::ranges::all_of(world.routers, [](const ReplayedRouter& router) {
               return router.recording.not_replayable ||
                      (router.report && router.report->mismatches == 0);
           });
}

std::string moments_text(const std::vector<Moment>& moments) {
    std::string text;
    for (const auto& moment : moments) {
        text += fmt::format("{}{:.6f} s {}", text.empty() ? "" : "; ", to_seconds(moment.time),
                            moment.text());
    }
    return text.empty() ? "nothing" : text;
}

std::string replay_text(const FollowedWorld& world) {
    std::string text;
    for (const auto& router : world.routers) {
        const auto head =
            fmt::format("  {:7} {:8} ", world.story.run().world, router.recording.name);
        if (router.recording.not_replayable) {
            text += fmt::format("{}not replayed: {}\n", head, *router.recording.not_replayable);
        } else if (!router.report) {
            text += fmt::format("{}cannot be replayed: {}", head, router.diagnostics.to_string());
        } else {
            const auto& report = *router.report;
            text += fmt::format(
                "{}{} packets, {} events compared, {} mismatches, {} within a "
                "timer granule\n",
                head, router.recording.segments, report.events, report.mismatches,
                report.timer_granule);
            if (report.first) {
                text +=
                    fmt::format("    line {}: {}\n      {} had: {}\n      core::Ipvs: {}\n",
                                report.first->line, report.first->event, world.story.run().world,
                                report.first->expected, report.first->found);
            }
        }
    }
    return text.empty() ? fmt::format("  {:7} no packet met IPVS\n", world.story.run().world)
                        : text;
}

std::string shares_text(const ParityResult& result) {
    auto text =
        fmt::format("  {:16} {:>12} {:>12} {:>10}\n", "real server", result.first.story.run().world,
                    result.second.story.run().world, "difference");
    for (const auto& share : result.comparison.shares) {
        text += fmt::format("  {:16} {:>11.3f}% {:>11.3f}% {:>+9.3f}%\n", share.server,
                            100 * share.first_share, 100 * share.second_share,
                            100 * (share.second_share - share.first_share));
    }
    return text;
}

std::string thread_text(const ParityResult& result, const ThreadDifference& thread) {
    if (thread.same) {
        return fmt::format("  {:8} {} moments, the same{}; largest difference {:.6f} s{}\n",
                           to_string(thread.thread), thread.moments,
                           thread.in_order ? ", in the same order" : ", but not in the same order",
                           to_seconds(thread.largest),
                           thread.moments == 0 ? "" : " (" + thread.largest_subject + ")");
    }
    auto text = fmt::format("  {:8} NOT the same\n", to_string(thread.thread));
    for (const auto& subject : thread.subjects) {
        if (!subject.same) {
            text += fmt::format("    {}\n      {:7} {}\n      {:7} {}\n", subject.subject,
                                result.first.story.run().world, moments_text(subject.first),
                                result.second.story.run().world, moments_text(subject.second));
        }
    }
    return text;
}

nlohmann::json replay_json(const FollowedWorld& world) {
    auto list = nlohmann::json::array();
    for (const auto& router : world.routers) {
        nlohmann::json one{{"router", router.recording.name},
                           {"packets", router.recording.segments}};
        if (router.recording.not_replayable) {
            one["not_replayed"] = *router.recording.not_replayable;
        } else if (router.report) {
            one["events"] = router.report->events;
            one["mismatches"] = router.report->mismatches;
            one["timer_granule"] = router.report->timer_granule;
        }
        list.push_back(std::move(one));
    }
    return list;
}

}  // namespace

bool ParityResult::holds() const {
    return replays_hold(first, chance.has_value()) && replays_hold(second, chance.has_value()) &&
           std::ranges::all_of(comparison.threads,
                               [](const ThreadDifference& t) { return t.same && t.in_order; });
}

std::string parity_text(const ParityResult& result) {
    const auto& a = result.first.story;
    const auto& b = result.second.story;
    auto text = fmt::format("{}, seed {}: {} world beside {} world\n\n", result.scenario,
                            result.seed, a.run().world, b.run().world);
    text += "Each world's own order of packets, played on core::Ipvs\n";
    text += replay_text(result.first) + replay_text(result.second);
    text += "\nConnections given to each real server\n" + shares_text(result);
    text += fmt::format("  largest difference of a share: {:.3f}%\n",
                        100 * result.comparison.largest_share);
    if (result.chance) {
        text += fmt::format("  by chance: {}\n", *result.chance);
    }
    text += fmt::format("\nConnections served: {} of {} and {} of {}\n", a.served(), a.opened(),
                        b.served(), b.opened());
    if (result.comparison.response_time_distance) {
        text += fmt::format(
            "Response times: {} and {}, Kolmogorov-Smirnov distance {:.4f} (chance "
            "alone passes {:.4f} once in a thousand); apart by {:.6f} s on average\n",
            a.response_times().size(), b.response_times().size(),
            *result.comparison.response_time_distance, result.comparison.response_time_limit,
            *result.comparison.response_time_shift);
    }
    text += "\nWhat happened, and when\n";
    for (const auto& thread : result.comparison.threads) {
        text += thread_text(result, thread);
    }
    for (const auto& weight : result.comparison.weights) {
        text += fmt::format("  weight   of {} follows its load: {:.2f} and {:.2f} in the mean\n",
                            weight.subject, weight.first, weight.second);
    }
    if (result.comparison.takeover_difference) {
        text += fmt::format("  largest difference of a takeover's time: {:.6f} s\n",
                            to_seconds(*result.comparison.takeover_difference));
    }
    return text + fmt::format("\nparity {}\n", result.holds() ? "holds" : "does NOT hold");
}

std::string parity_json(const ParityResult& result) {
    const auto& c = result.comparison;
    nlohmann::json out{
        {"scenario", result.scenario},
        {"seed", result.seed},
        {"worlds", {result.first.story.run().world, result.second.story.run().world}},
        {"holds", result.holds()},
        {"replays", {replay_json(result.first), replay_json(result.second)}},
        {"largest_share_difference", c.largest_share}};
    if (c.response_time_distance) {
        out["response_time_ks"] = *c.response_time_distance;
        out["response_time_ks_limit"] = c.response_time_limit;
        out["response_time_shift"] = *c.response_time_shift;
    }
    if (c.takeover_difference) {
        out["takeover_difference"] = to_seconds(*c.takeover_difference);
    }
    if (c.removal_difference) {
        out["removal_difference"] = to_seconds(*c.removal_difference);
    }
    if (result.chance) {
        out["chance"] = *result.chance;
    }
    if (!c.weights.empty()) {
        out["largest_weight_difference"] = c.largest_weight;
    }
    for (const auto& thread : c.threads) {
        out["threads"][std::string(to_string(thread.thread))] = {
            {"moments", thread.moments},
            {"same", thread.same},
            {"in_order", thread.in_order},
            {"largest_difference", to_seconds(thread.largest)}};
    }
    return out.dump(2) + "\n";
}

}  // namespace lvslab::cli
