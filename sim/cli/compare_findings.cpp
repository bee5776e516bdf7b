// SPDX-License-Identifier: GPL-2.0-only
#include "sim/cli/compare_findings.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace lvslab::cli {
namespace {

constexpr std::string_view p95 = "response_time_p95";

std::string list(const std::vector<std::string>& names) {
    std::string text;
    for (std::size_t i = 0; i < names.size(); ++i) {
        text += i == 0 ? "" : i + 1 == names.size() ? " and " : ", ";
        text += names[i];
    }
    return text;
}

std::string percent(double share) {
    // Three digits where the share is close to an end, so that 99.96 % does not read as all.
    const double of_100 = 100 * share;
    return fmt::format("{:.{}f} %", of_100, of_100 > 99 || of_100 < 1 ? 2 : 1);
}

class Judge {
public:
    explicit Judge(const Comparison& c) : c_(c) {
        for (const auto& scheduler : c_.schedulers) {
            repetitions_ = std::max(repetitions_, scheduler.runs.size());
        }
    }

    std::vector<Finding> all() {
        if (!c_.schedulers.empty()) {
            find_best();
            verdict();
            losses();
            sameness();
            persistence();
            method();
        }
        incomplete();
        return std::move(found_);
    }

private:
    using Kind = Finding::Kind;

    void add(Kind kind, std::vector<std::string> about, std::string text) {
        found_.push_back({kind, std::move(about), std::move(text)});
    }
    const SchedulerResult& at(std::size_t i) const { return c_.schedulers[i]; }
    double time(std::size_t i) const {
        const auto e = at(i).estimate(p95);
        return e ? e->mean : 1e300;
    }

    /// Of those that serve as many connections as any other, the one with the lowest p95.
    void find_best() {
        std::size_t most = 0;
        for (std::size_t i = 1; i < c_.schedulers.size(); ++i) {
            if (at(i).served_share().mean > at(most).served_share().mean) {
                most = i;
            }
        }
        best_ = most;
        for (std::size_t i = 0; i < c_.schedulers.size(); ++i) {
            if (serves_like(i, most) && time(i) < time(best_)) {
                best_ = i;
            }
        }
    }

    bool serves_like(std::size_t a, std::size_t b) const {
        const double gap = at(b).served_share().mean - at(a).served_share().mean;
        const auto* d = c_.between(a, b);
        // Less than one connection in a thousand is no reason to call an algorithm worse.
        return gap < 0.001 || (d != nullptr && d->p_served && !d->serves_differently());
    }

    std::string time_text(std::size_t i) const {
        const auto e = at(i).estimate(p95);
        return e ? readable_seconds(e->mean) : "no response";
    }

    void verdict() {
        std::vector<std::string> same{at(best_).name}, close, all;
        std::size_t last = best_;
        for (std::size_t i = 0; i < c_.schedulers.size(); ++i) {
            if (i == best_) {
                continue;
            }
            const auto* d = c_.between(best_, i);
            if (d->identical) {
                same.push_back(at(i).name);
            } else if (repetitions_ >= 2 && !d->significant()) {
                close.push_back(fmt::format("{} ({})", at(i).name, time_text(i)));
            }
            const double lead = at(i).served_share().mean - at(last).served_share().mean;
            if (lead < -0.001 || (lead < 0.001 && time(i) > time(last))) {
                last = i;
            }
        }
        // Where none is better, none is marked as the best.
        const bool none_better =
            !close.empty() && close.size() + same.size() == c_.schedulers.size();
        add(Kind::verdict, none_better ? std::vector<std::string>{} : same,
            sentence(same, close, last));
    }

    std::string sentence(const std::vector<std::string>& same,
                         const std::vector<std::string>& close, std::size_t last) const {
        const auto e = at(best_).estimate(p95);
        if (!e) {
            return "No response arrived in any run.";
        }
        const auto others = c_.schedulers.size() - same.size();
        if (others == 0) {
            return fmt::format("{}: 95 of 100 responses within {}{}.",
                               same.size() == 1 ? same[0] : list(same) + " behaved identically",
                               readable_seconds(e->mean), interval(*e));
        }
        std::string text;
        if (close.size() == others) {
            text = fmt::format(
                "No algorithm serves this load significantly better than the others; "
                "{} had the lowest p95: {}{}.",
                list(same), readable_seconds(e->mean), interval(*e));
        } else {
            text = fmt::format("{} serve{} this load best: 95 of 100 responses within {}{}.",
                               list(same), same.size() == 1 ? "s" : "", readable_seconds(e->mean),
                               interval(*e));
            text += repetitions_ < 2 ? ""
                    : close.empty()  ? " Every other algorithm is significantly worse."
                                    : fmt::format(" Not significantly different: {}.", list(close));
        }
        return close.size() == others ? text : text + last_sentence(last);
    }

    std::string interval(const journal::Estimate& e) const {
        return e.half_width ? fmt::format(" (± {:.2g} %, {} repetitions)",
                                          100 * *e.half_width / e.mean, repetitions_)
                            : " (one repetition)";
    }

    std::string last_sentence(std::size_t last) const {
        if (last == best_) {
            return {};
        }
        const double share = at(last).served_share().mean;
        const double best_share = at(best_).served_share().mean;
        std::string text = fmt::format(" Last comes {} with {}", at(last).name, time_text(last));
        const auto* d = c_.between(best_, last);
        if (d->ratio) {
            const double times = d->a == best_ ? *d->ratio : 1 / *d->ratio;
            text += times >= 1.05
                        ? fmt::format(", {:.{}f} times as long", times, times < 10 ? 1 : 0)
                        : "";
        }
        if (best_share - share > 0.001) {
            text += fmt::format(", serving {} of the connections against {}", percent(share),
                                percent(best_share));
        }
        return text + ".";
    }

    /// Algorithms that lost alike are told together.
    void losses() {
        std::vector<Finding> told;
        for (const auto& s : c_.schedulers) {
            const double lost = 1 - s.served_share().mean;
            if (lost <= 0) {
                continue;
            }
            const auto text =
                fmt::format("did not serve {} of the connections ({})", percent(lost), how_lost(s));
            const auto same = std::find_if(told.begin(), told.end(),
                                           [&](const auto& other) { return other.text == text; });
            if (same == told.end()) {
                told.push_back({Kind::loss, {s.name}, text});
            } else {
                same->schedulers.push_back(s.name);
            }
        }
        for (auto& finding : told) {
            finding.text = fmt::format("{} {}. Response times count only what was answered.",
                                       list(finding.schedulers), finding.text);
            found_.push_back(std::move(finding));
        }
    }

    static std::string how_lost(const SchedulerResult& s) {
        std::string how;
        const auto connections = s.estimate("connections");
        for (const auto& [name, title] :
             {std::pair{"refused", "refused"}, std::pair{"reset", "reset"},
              std::pair{"timed_out", "timed out"}, std::pair{"unfinished", "unfinished"}}) {
            const auto e = s.estimate(name);
            if (e && e->mean > 0 && connections && connections->mean > 0) {
                how += fmt::format("{}{} {}", how.empty() ? "" : ", ",
                                   percent(e->mean / connections->mean), title);
            }
        }
        return how;
    }

    void sameness() {
        identical_groups();
        std::vector<std::string> pairs, about;
        for (const auto& d : c_.differences) {
            if (!d.identical && d.p_time && !d.significant()) {
                pairs.push_back(fmt::format("{} and {} (p = {:.2f})", at(d.a).name, at(d.b).name,
                                            std::min(*d.p_time, d.p_served.value_or(1))));
            }
        }
        if (!pairs.empty()) {
            std::string text;
            for (const auto& pair : pairs) {
                text += (text.empty() ? "" : "; ") + pair;
            }
            add(Kind::same, {}, "No significant difference between " + text + ".");
        }
    }

    void identical_groups() {
        std::vector<bool> told(c_.schedulers.size());
        for (std::size_t a = 0; a < c_.schedulers.size(); ++a) {
            std::vector<std::string> group{at(a).name};
            for (std::size_t b = a + 1; b < c_.schedulers.size() && !told[a]; ++b) {
                if (c_.between(a, b)->identical) {
                    group.push_back(at(b).name);
                    told[b] = true;
                }
            }
            if (group.size() > 1) {
                add(Kind::same, group,
                    list(group) +
                        " behaved identically in every repetition: every number of their "
                        "runs is the same.");
            }
        }
    }

    void persistence() {
        double most = 0;
        for (const auto& s : c_.schedulers) {
            for (const auto& run : s.runs) {
                most = std::max(most, run.persistent_share);
            }
        }
        if (most > 0) {
            add(Kind::scenario, {},
                fmt::format(
                    "Up to {} of a run's connections followed a persistence template instead "
                    "of the scheduler.",
                    percent(most)));
        }
    }

    void method() {
        if (repetitions_ < 2) {
            add(Kind::method, {},
                "One repetition: there are no confidence intervals, and a difference between two "
                "algorithms may be chance. Ask for more with `seeds`.");
            return;
        }
        add(Kind::method, {},
            fmt::format(
                "{} repetitions; in each, every algorithm met the same arrivals, sizes and work "
                "(the "
                "same seed). Intervals are 95 % confidence over repetitions (Student's t). Two "
                "algorithms differ significantly if a paired t-test over the seeds says so at 5 %, "
                "on the logarithm of p95 or on the share of connections served, corrected for all "
                "{} pairs (Holm).{}",
                repetitions_, c_.differences.size(),
                repetitions_ < 5 ? " So few repetitions see only large differences." : ""));
    }

    void incomplete() {
        if (c_.complete()) {
            return;
        }
        add(Kind::incomplete, {},
            fmt::format("Incomplete: {} of {} runs finished{}.{}", c_.finished, c_.planned,
                        c_.interrupted ? " before it was interrupted" : "",
                        c_.failures.empty() ? "" : fmt::format(" {} failed.", c_.failures.size())));
    }

    const Comparison& c_;
    std::size_t repetitions_ = 0;
    std::size_t best_ = 0;
    std::vector<Finding> found_;
};

}  // namespace

std::string_view to_string(Finding::Kind kind) {
    switch (kind) {
        case Finding::Kind::verdict:
            return "verdict";
        case Finding::Kind::same:
            return "same";
        case Finding::Kind::loss:
            return "loss";
        case Finding::Kind::limit:
            return "limit";
        case Finding::Kind::scenario:
            return "scenario";
        case Finding::Kind::method:
            return "method";
        case Finding::Kind::incomplete:
            return "incomplete";
    }
    return "unknown";
}

std::vector<Finding> result_findings(const Comparison& comparison) {
    return Judge(comparison).all();
}

std::string readable_seconds(double seconds) {
    const auto digits = [](double v) { return v < 10 ? 2 : v < 100 ? 1 : 0; };
    if (seconds >= 0.9995) {
        return fmt::format("{:.{}f} s", seconds, digits(seconds));
    }
    if (seconds >= 0.9995e-3) {
        return fmt::format("{:.{}f} ms", seconds * 1e3, digits(seconds * 1e3));
    }
    return fmt::format("{:.{}f} us", seconds * 1e6, digits(seconds * 1e6));
}

}  // namespace lvslab::cli
