// SPDX-License-Identifier: GPL-2.0-only
#include "sim/cli/parity_summary.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>

#include <fmt/format.h>

namespace lvslab::cli {
namespace {

using State = ParityOfScenario::State;
using nlohmann::json;

std::string_view name_of(State state) {
    switch (state) {
        case State::same:
            return "same";
        case State::differs:
            return "DIFFERS";
        case State::refused:
            return "refused";
        case State::no_run:
            return "NO RUN";
    }
    return "?";
}

bool compared(const ParityOfScenario& one) {
    return one.state == State::same || one.state == State::differs;
}

std::uint64_t sum_of(const ParityOfScenario& one, const char* what) {
    std::uint64_t sum = 0;
    for (const auto& world : one.numbers.at("replays")) {
        for (const auto& router : world) {
            // One that cannot be replayed has packets, and nothing compared.
            sum += router.contains("events") ? router.value(what, std::uint64_t{0}) : 0;
        }
    }
    return sum;
}

bool story_is_same(const ParityOfScenario& one) {
    const auto& threads = one.numbers.at("threads");
    return std::ranges::all_of(threads, [](const json& thread) {
        return thread.at("same").get<bool>() && thread.at("in_order").get<bool>();
    });
}

std::optional<double> number(const ParityOfScenario& one, const char* what) {
    return one.numbers.contains(what) ? std::optional(one.numbers.at(what).get<double>())
                                      : std::nullopt;
}

/// Shares that chance decides are no difference between the worlds.
std::optional<double> share(const ParityOfScenario& one) {
    return one.numbers.contains("chance") ? std::nullopt : number(one, "largest_share_difference");
}

struct Largest {
    std::optional<double> value;
    std::string path;
    std::size_t scenarios = 0;  ///< that have such a value

    void look_at(std::optional<double> candidate, const std::string& of) {
        scenarios += candidate ? 1U : 0U;
        if (candidate && (!value || *candidate > *value)) {
            value = candidate;
            path = of;
        }
    }
    json as_json() const {
        return value ? json{{"value", *value}, {"scenario", path}, {"scenarios", scenarios}}
                     : json(nullptr);
    }
};

struct Summary {
    std::size_t compared = 0, same = 0, refused = 0, no_run = 0, stories = 0;
    std::uint64_t packets = 0, events = 0, mismatches = 0, granule = 0;
    Largest takeover, removal, share_difference, weight_difference, response_time_ks,
        response_time_shift;
};

Summary summary_of(const std::vector<ParityOfScenario>& all) {
    Summary s;
    for (const auto& one : all) {
        s.refused += one.state == State::refused ? 1U : 0U;
        s.no_run += one.state == State::no_run ? 1U : 0U;
        if (!compared(one)) {
            continue;
        }
        ++s.compared;
        s.same += one.state == State::same ? 1U : 0U;
        s.stories += story_is_same(one) ? 1U : 0U;
        s.packets += sum_of(one, "packets");
        s.events += sum_of(one, "events");
        s.mismatches += sum_of(one, "mismatches");
        s.granule += sum_of(one, "timer_granule");
        s.takeover.look_at(number(one, "takeover_difference"), one.path);
        s.removal.look_at(number(one, "removal_difference"), one.path);
        s.share_difference.look_at(share(one), one.path);
        s.weight_difference.look_at(number(one, "largest_weight_difference"), one.path);
        s.response_time_ks.look_at(number(one, "response_time_ks"), one.path);
        s.response_time_shift.look_at(number(one, "response_time_shift"), one.path);
    }
    return s;
}

std::string largest_line(const char* of, const Largest& largest, double factor, const char* unit) {
    return largest.value
               ? fmt::format("  {:32} {:.6f} {} ({}; {} scenarios have one)\n", of,
                             factor * *largest.value, unit, largest.path, largest.scenarios)
               : fmt::format("  {:32} no scenario has one\n", of);
}

}  // namespace

std::string parity_line(const ParityOfScenario& one) {
    const auto head = fmt::format("{:8} {}", name_of(one.state), one.path);
    if (!compared(one)) {
        return fmt::format("{}: {}\n", head, one.reason);
    }
    auto line =
        fmt::format("{}: {} packets, {} mismatches, {}", head, sum_of(one, "packets"),
                    sum_of(one, "mismatches"), story_is_same(one) ? "one story" : "stories differ");
    for (const auto& [what, name] :
         {std::pair{"takeover_difference", "takeover"}, {"removal_difference", "removal"}}) {
        if (const auto value = number(one, what)) {
            line += fmt::format(", {} {:.6f} s", name, *value);
        }
    }
    const auto largest_share = share(one);
    line += largest_share ? fmt::format(", share {:.3f} %", 100 * *largest_share)
                          : std::string(", shares by chance");
    if (const auto weight = number(one, "largest_weight_difference")) {
        line += fmt::format(", weights by load {:.1f} %", 100 * *weight);
    }
    if (const auto ks = number(one, "response_time_ks")) {
        line += fmt::format(", response times KS {:.4f} ({:.9f} s)", *ks,
                            one.numbers.value("response_time_shift", 0.0));
    }
    return line + "\n";
}

std::string parity_summary(const std::vector<ParityOfScenario>& all) {
    const auto s = summary_of(all);
    auto text = fmt::format(
        "\n{} scenarios: {} compared, of which {} are at parity; {} refused; {} without a run\n"
        "  {} packets replayed, {} events compared, {} mismatches, {} within a timer granule\n"
        "  stories the same in {} of {}\n"
        "Largest difference between the worlds\n",
        all.size(), s.compared, s.same, s.refused, s.no_run, s.packets, s.events, s.mismatches,
        s.granule, s.stories, s.compared);
    text += largest_line("of a takeover's time", s.takeover, 1, "s");
    text += largest_line("of a server's removal", s.removal, 1, "s");
    text += largest_line("of a server's share", s.share_difference, 100, "%");
    text += largest_line("of a mean weight by load", s.weight_difference, 100, "%");
    text += largest_line("of response times, KS distance", s.response_time_ks, 1, "of 1");
    return text + largest_line("of response times, on average", s.response_time_shift, 1, "s");
}

std::string parity_summary_json(const std::vector<ParityOfScenario>& all) {
    const auto s = summary_of(all);
    auto list = json::array();
    for (const auto& one : all) {
        json entry{{"path", one.path}, {"state", name_of(one.state)}};
        if (compared(one)) {
            entry["parity"] = one.numbers;
        } else {
            entry["reason"] = one.reason;
        }
        list.push_back(std::move(entry));
    }
    return json{{"scenarios", list},
                {"summary",
                 {{"compared", s.compared},
                  {"at_parity", s.same},
                  {"refused", s.refused},
                  {"without_a_run", s.no_run},
                  {"packets", s.packets},
                  {"events", s.events},
                  {"mismatches", s.mismatches},
                  {"timer_granule", s.granule},
                  {"stories_the_same", s.stories},
                  {"takeover_difference", s.takeover.as_json()},
                  {"removal_difference", s.removal.as_json()},
                  {"share_difference", s.share_difference.as_json()},
                  {"weight_difference", s.weight_difference.as_json()},
                  {"response_time_ks", s.response_time_ks.as_json()},
                  {"response_time_shift", s.response_time_shift.as_json()}}}}
               .dump(2) +
           "\n";
}

}  // namespace lvslab::cli
