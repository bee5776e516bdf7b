// SPDX-License-Identifier: GPL-2.0-only
#include "core/journal/expectation.hpp"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "core/base/quantities.hpp"
#include "core/base/spelling.hpp"
#include "core/journal/sentence.hpp"

namespace lvslab::journal {
namespace {

using Views = std::vector<std::string_view>;

constexpr std::pair<std::string_view, Comparison> operators[] = {
    {"<=", Comparison::at_most},      {"<", Comparison::below},  {">=", Comparison::at_least},
    {">", Comparison::above},         {"==", Comparison::equal}, {"!=", Comparison::unequal},
    {"between", Comparison::between},
};

std::optional<Comparison> comparison_of(std::string_view word) {
    for (const auto& [text, comparison] : operators) {
        if (text == word) {
            return comparison;
        }
    }
    return std::nullopt;
}

bool is_operator_like(std::string_view word) {
    return comparison_of(word) ||
           (!word.empty() && std::string_view("<>=!").find(word[0]) != std::string_view::npos);
}

/// "p99" -> 0.99, "p99.9" -> 0.999
std::optional<double> quantile_of(std::string_view word) {
    if (word.size() < 2 || word.front() != 'p') {
        return std::nullopt;
    }
    const auto number = split_number(word.substr(1));
    if (!number || !number->unit.empty() || number->number <= 0 || number->number >= 100) {
        return std::nullopt;
    }
    return number->number / 100;
}

std::optional<Aggregate> aggregate_of(std::string_view word) {
    using Kind = Aggregate::Kind;
    if (word == "max") {
        return Aggregate{Kind::maximum, 0};
    }
    if (word == "min") {
        return Aggregate{Kind::minimum, 0};
    }
    if (word == "mean") {
        return Aggregate{Kind::mean, 0};
    }
    if (word == "median") {
        return Aggregate{Kind::quantile, 0.5};
    }
    if (const auto p = quantile_of(word)) {
        return Aggregate{Kind::quantile, *p};
    }
    return std::nullopt;
}

constexpr std::string_view aggregates = "max, min, mean, median or a quantile as p99";

class ExpectationReader {
public:
    ExpectationReader(std::string_view text, const SourceLocation& where, const KnownNames& names,
                      Diagnostics& diagnostics)
        : diagnostics_(diagnostics),
          s_(text, where, diagnostics),
          end_(sentence_words(text).size()),
          names_(names) {
        e_.text = s_.text_between(0, end_);
        e_.location = where;
    }

    std::optional<Expectation> read() {
        if (end_ == 0) {
            s_.error("an expectation is empty; it reads like \"takeover <= 6.2s over all seeds\"");
            return std::nullopt;
        }
        find_operator();
        read_leading_aggregate();
        const bool measured = read_measured();
        if (!read_operator()) {
            return std::nullopt;
        }
        read_bound(measured);
        while (!s_.at_end() && read_clause()) {
        }
        if (measured) {
            check();
        }
        return diagnostics_.has_errors() ? std::nullopt : std::optional(std::move(e_));
    }

private:
    const QuantityRow& row() const { return quantity(e_.quantity); }

    /// Where the comparison stands: what is before it is measured.
    void find_operator() {
        operator_at_ = 0;
        while (operator_at_ < end_ && !is_operator_like(s_.peek(operator_at_))) {
            ++operator_at_;
        }
    }

    // --- what is measured ---

    /// `p99 over 200 seeds of`
    void read_leading_aggregate() {
        if (s_.peek(1) != "over") {
            return;
        }
        const auto begin = s_.position();
        const auto aggregate = read_aggregate(s_.next());
        s_.skip(1);
        read_repetitions();
        if (aggregate) {
            e_.of_runs = *aggregate;
            over_at_ = begin;
        }
        if (!s_.take({"of"})) {
            s_.error("expected \"of\" and a quantity, as in \"p99 over 200 seeds of takeover\"");
        }
    }

    std::optional<Aggregate> read_aggregate(std::string_view word) {
        const auto aggregate = aggregate_of(word);
        if (!aggregate) {
            s_.error_at(s_.position() - 1,
                        fmt::format("\"{}\" makes no one value of many; expected {}{}", word,
                                    aggregates, near(word, {"max", "min", "mean", "median"})));
        }
        return aggregate;
    }

    /// The suggestion only if a word is near.
    static std::string near(std::string_view word, const Views& known) {
        auto text = suggestion(word, known);
        return text.starts_with("; did you mean") ? text : "";
    }

    /// `all seeds`, `20 seeds`
    void read_repetitions() {
        const auto at = s_.position();
        if (e_.repetitions.kind != Repetitions::Kind::one) {
            s_.error("the seeds are told twice");
        }
        if (s_.take({"all", "seeds"})) {
            e_.repetitions = {Repetitions::Kind::all, 0};
            return;
        }
        const auto word = s_.next();
        const auto number = split_number(word);
        const bool whole = number && number->unit.empty() && number->number >= 1 &&
                           number->number <= 10000 && number->number == std::floor(number->number);
        if (!whole) {
            s_.error_at(at, fmt::format("\"{}\" is no number of seeds; expected \"all seeds\" or "
                                        "1 to 10000, as in \"over 20 seeds\"",
                                        word));
        } else {
            e_.repetitions = {Repetitions::Kind::number, static_cast<unsigned>(number->number)};
        }
        if (!s_.take({"seeds"}) && !s_.take({"seed"})) {
            s_.error("expected \"seeds\"");
        }
    }

    /// `p99(response time of shop)` or `takeover`, then perhaps `max over 20 seeds`.
    bool read_measured() {
        bool good = false;
        if (s_.peek(1) == "(") {
            const auto aggregate = read_aggregate(s_.next());
            s_.skip(1);
            std::size_t close = s_.position();
            while (close < operator_at_ && s_.peek(close - s_.position()) != ")") {
                ++close;
            }
            good = read_quantity(close) && aggregate;
            if (good) {
                e_.of_run = *aggregate;
            }
            s_.back_to(close);
            if (!s_.take({")"})) {
                s_.error("expected \")\" behind the quantity");
                good = false;
            }
        } else {
            good = read_quantity(end_of_quantity());
        }
        read_trailing_aggregate(good);
        s_.back_to(operator_at_);
        return good;
    }

    /// Where `max over 20 seeds` begins, or the comparison.
    std::size_t end_of_quantity() const {
        for (std::size_t at = s_.position(); at + 1 < operator_at_; ++at) {
            if (s_.peek(at + 1 - s_.position()) == "over") {
                return at;
            }
        }
        return operator_at_;
    }

    void read_trailing_aggregate(bool good) {
        if (s_.position() >= operator_at_ || !good) {
            return;
        }
        const auto begin = s_.position();
        const auto word = s_.next();
        if (s_.peek() != "over") {
            s_.error_at(begin, fmt::format("\"{}\" is not understood here; expected a comparison "
                                           "({})",
                                           word, comparisons()));
            return;
        }
        const auto aggregate = read_aggregate(word);
        s_.skip(1);
        read_repetitions();
        if (aggregate) {
            e_.of_runs = *aggregate;
            over_at_ = begin;
        }
        if (s_.position() < operator_at_) {
            s_.error(fmt::format("\"{}\" is not understood here; expected a comparison ({})",
                                 s_.peek(), comparisons()));
        }
    }

    static std::string comparisons() { return "<=, <, >=, >, ==, != or between"; }

    /// The quantity with the longest name that stands here.
    bool read_quantity(std::size_t end) {
        const auto begin = s_.position();
        const QuantityRow* found = nullptr;
        std::size_t longest = 0;
        for (const auto& candidate : quantities()) {
            for (const auto name : {candidate.name, candidate.other_name}) {
                const auto words = sentence_words(name).size();
                if (words > longest && begin + words <= end &&
                    s_.text_between(begin, begin + words) == name) {
                    found = &candidate;
                    longest = words;
                }
            }
        }
        if (found == nullptr) {
            unknown_quantity(end);
            s_.back_to(end);
            return false;
        }
        e_.quantity = found->id;
        s_.skip(longest);
        if (found->id == QuantityId::time_of || found->id == QuantityId::time_between) {
            return read_moments(end);
        }
        return read_subject(end);
    }

    void unknown_quantity(std::size_t end) {
        const auto begin = s_.position();
        std::size_t stop = begin;
        while (stop < end && s_.peek(stop - begin) != "of" && s_.peek(stop - begin) != "to") {
            ++stop;
        }
        const auto name = s_.text_between(begin, stop);
        if (name.empty()) {
            s_.error("no quantity is given; an expectation reads like \"takeover <= 6.2s\"");
            return;
        }
        Views known;
        for (const auto& candidate : quantities()) {
            known.push_back(candidate.name);
            if (!candidate.other_name.empty()) {
                known.push_back(candidate.other_name);
            }
        }
        s_.error(fmt::format("\"{}\" is no quantity{}", name, suggestion(name, known)));
    }

    /// `time of MOMENT`, `time from MOMENT to MOMENT`
    bool read_moments(std::size_t end) {
        if (e_.quantity == QuantityId::time_between) {
            auto to = s_.position();
            while (to < end && s_.peek(to - s_.position()) != "to") {
                ++to;
            }
            e_.first = read_moment(s_, to, names_, "");
            s_.back_to(to);
            if (!s_.take({"to"})) {
                s_.error("expected \"to\" and a second moment");
                return false;
            }
        }
        const auto its = e_.first ? e_.first->subject : std::string();
        e_.second = read_moment(s_, end, names_, its);
        return e_.second && (e_.first || e_.quantity == QuantityId::time_of);
    }

    // --- its subject ---

    bool read_subject(std::size_t end) {
        const auto begin = s_.position();
        if (begin == end || (s_.peek() != "of" && s_.peek() != "to")) {
            if (row().needs_subject) {
                s_.error(fmt::format("expected \"{} {}\" behind \"{}\"", row().preposition,
                                     subject_kinds(), row().name));
                return false;
            }
            return true;
        }
        const auto preposition = s_.next();
        if (row().subjects == Subjects::none) {
            s_.error_at(begin, fmt::format("\"{}\" is not measured {} something; leave \"{}\" out",
                                           row().name, preposition, s_.text_between(begin, end)));
            s_.back_to(end);
            return true;
        }
        if (preposition != row().preposition) {
            s_.error_at(begin, fmt::format("expected \"{}\" behind \"{}\", not \"{}\"",
                                           row().preposition, row().name, preposition));
        }
        return find_subject(end);
    }

    bool find_subject(std::size_t end) {
        const auto name = s_.text_between(s_.position(), end);
        for (const auto& [kind, known] : known_subjects()) {
            if (std::ranges::find(known, name) != known.end()) {
                const bool fixed = kind == Subjects::dead || kind == Subjects::removed;
                e_.subject = {kind, fixed ? "" : name};
                s_.back_to(end);
                return true;
            }
        }
        if ((row().subjects & Subjects::address) != 0) {
            if (const auto address = Address::parse(name)) {
                e_.subject = {Subjects::address, address->to_string()};
                s_.back_to(end);
                return true;
            }
        }
        Views all;
        for (const auto& [kind, known] : known_subjects()) {
            all.insert(all.end(), known.begin(), known.end());
        }
        s_.error(name.empty() ? fmt::format("expected {} here", subject_kinds())
                              : fmt::format("\"{}\" is no {}{}", name, subject_kinds(),
                                            suggestion(name, all)));
        s_.back_to(end);
        return false;
    }

    std::vector<std::pair<unsigned, Views>> known_subjects() const {
        const auto views = [](const std::vector<std::string>& names) {
            return Views(names.begin(), names.end());
        };
        std::vector<std::pair<unsigned, Views>> all{
            {Subjects::workload, views(names_.workloads)},
            {Subjects::server, views(names_.servers)},
            {Subjects::router, views(names_.routers)},
            {Subjects::data_server, views(names_.data_servers)},
            {Subjects::dead, {"dead servers"}},
            {Subjects::removed, {"removed servers"}},
        };
        std::erase_if(all, [&](const auto& one) { return (row().subjects & one.first) == 0; });
        return all;
    }

    std::string subject_kinds() const {
        constexpr std::pair<unsigned, std::string_view> kinds[] = {
            {Subjects::workload, "workload"},
            {Subjects::server, "server"},
            {Subjects::router, "router"},
            {Subjects::data_server, "data server"},
            {Subjects::address, "floating address"},
        };
        std::string text;
        for (const auto& [kind, name] : kinds) {
            if ((row().subjects & kind) != 0) {
                text += text.empty() ? "" : " or ";
                text += name;
            }
        }
        return text;
    }

    // --- the bound ---

    bool read_operator() {
        if (s_.at_end()) {
            s_.error(fmt::format("no comparison; expected {} and a value", comparisons()));
            return false;
        }
        const auto word = s_.next();
        const auto comparison = comparison_of(word);
        if (!comparison) {
            s_.error_at(s_.position() - 1,
                        fmt::format("\"{}\" is no comparison; expected {}", word, comparisons()));
        }
        e_.comparison = comparison.value_or(Comparison::equal);
        return true;
    }

    void read_bound(bool measured) {
        value_at_ = s_.position();
        const auto low = read_value(measured, false);
        auto high = low;
        if (e_.comparison == Comparison::between) {
            if (!s_.take({"and"})) {
                s_.error("expected \"and\" and a second value, as in \"between 40% and 60%\"");
                return;
            }
            high = read_value(measured, true);
        }
        if (low && high) {
            e_.low = *low;
            e_.high = *high;
            if (e_.low > e_.high) {
                s_.error_at(value_at_, "the first value is above the second");
            }
        }
    }

    std::optional<double> read_value(bool measured, bool second) {
        if (s_.at_end() || is_clause(s_.peek())) {
            s_.error(measured ? fmt::format("no value; expected {}", unit_example(row().unit))
                              : "no value");
            return std::nullopt;
        }
        const auto word = s_.next();
        if (!measured) {
            return std::nullopt;
        }
        const auto number = split_number(word);
        const bool percent = number && number->unit == "%";
        if (row().as_share && (second ? e_.as_share : percent)) {
            e_.as_share = true;
        }
        const auto value = value_of(word, e_.unit());
        if (!value) {
            s_.error_at(s_.position() - 1,
                        fmt::format("\"{}\" is no value of {}; expected {}{}", word, row().name,
                                    unit_example(e_.unit()),
                                    row().as_share && !e_.as_share ? " or a percentage" : ""));
            // "6 seconds" is one mistake.
            while (!s_.at_end() && !is_clause(s_.peek()) && s_.peek() != "and") {
                s_.skip(1);
            }
        }
        return value;
    }

    static std::optional<double> value_of(std::string_view word, Unit unit) {
        const auto number = split_number(word);
        if (!number) {
            return std::nullopt;
        }
        switch (unit) {
            case Unit::count:
                return number->unit.empty() && number->number == std::floor(number->number) &&
                               number->number <= 9007199254740992.0
                           ? std::optional(number->number)
                           : std::nullopt;
            case Unit::duration:
                if (const auto duration = parse_duration(word)) {
                    return to_seconds(*duration);
                }
                return std::nullopt;
            case Unit::share:
                return number->unit == "%" && number->number <= 100
                           ? std::optional(number->number / 100)
                           : std::nullopt;
            case Unit::rate:
                return number->unit == "/s"     ? std::optional(number->number)
                       : number->unit == "/min" ? std::optional(number->number / 60)
                       : number->unit == "/h"   ? std::optional(number->number / 3600)
                                                : std::nullopt;
            case Unit::bit_rate:
                if (const auto rate = parse_bit_rate(word)) {
                    return static_cast<double>(rate->value());
                }
                return std::nullopt;
            case Unit::ratio:
                return number->unit.empty() ? std::optional(number->number) : std::nullopt;
        }
        return std::nullopt;
    }

    // --- what stands behind the bound ---

    static bool is_clause(std::string_view word) {
        return word == "over" || word == "from" || word == "until" || word == "with";
    }

    bool read_clause() {
        const auto at = s_.position();
        const auto word = s_.next();
        if (word == "over") {
            over_at_ = at;
            read_repetitions();
        } else if (word == "from") {
            read_instant(e_.from, at);
        } else if (word == "until") {
            read_instant(e_.until, at);
        } else if (word == "with") {
            read_scheduler(at);
        } else {
            s_.error_at(at, fmt::format("\"{}\" is not understood here; a bound is followed by "
                                        "\"over ... seeds\", \"from ...\", \"until ...\" or \"with "
                                        "SCHEDULER\"{}",
                                        s_.text_between(at, next_clause()),
                                        near(word, {"over", "from", "until", "with"})));
            s_.back_to(next_clause());
        }
        return true;
    }

    std::size_t next_clause() const {
        auto at = s_.position();
        while (at < end_ && !is_clause(s_.peek(at - s_.position()))) {
            ++at;
        }
        return at;
    }

    void read_instant(std::optional<Instant>& instant, std::size_t keyword_at) {
        const auto end = next_clause();
        if (instant) {
            s_.error_at(keyword_at, fmt::format("\"{}\" stands twice",
                                                s_.text_between(keyword_at, keyword_at + 1)));
        }
        Instant read;
        const auto begin = s_.position();
        read.text = s_.text_between(begin, end);
        const bool is_number = begin < end && split_number(s_.peek()).has_value();
        if (is_number) {
            const auto offset = parse_duration(s_.next());
            if (!offset) {
                s_.error_at(begin, fmt::format("\"{}\" is no time with a unit (5s, 400ms)",
                                               s_.text_between(begin, begin + 1)));
                s_.back_to(end);
                return;
            }
            read.offset = *offset;
        }
        if (!is_number || s_.position() < end) {
            if (is_number && !s_.take({"after"})) {
                s_.error(fmt::format("expected \"after\" and a moment, not \"{}\"",
                                     s_.text_between(s_.position(), end)));
                s_.back_to(end);
                return;
            }
            read.after = read_moment(s_, end, names_, its());
            s_.back_to(end);
            if (!read.after) {
                return;
            }
        }
        instant = std::move(read);
        if (&instant == &e_.from) {
            from_at_ = keyword_at;
        }
    }

    /// What "it" stands for: the subject, or that of the other moment.
    std::string its() const {
        if (!e_.subject.name.empty()) {
            return e_.subject.name;
        }
        if (e_.from && e_.from->after) {
            return e_.from->after->subject;
        }
        return e_.second ? e_.second->subject : std::string();
    }

    void read_scheduler(std::size_t at) {
        if (e_.scheduler) {
            s_.error_at(at, "\"with\" stands twice");
        }
        if (s_.at_end() || is_clause(s_.peek())) {
            s_.error("expected the name of a scheduler behind \"with\"");
            return;
        }
        const auto name = s_.next();
        e_.scheduler = name;
        const Views known(names_.schedulers.begin(), names_.schedulers.end());
        if (!known.empty() && std::ranges::find(known, name) == known.end()) {
            s_.error_at(s_.position() - 1,
                        fmt::format("\"{}\" is no scheduler{}", name, suggestion(name, known)));
        }
    }

    // --- what does not go together ---

    void check() {
        if (e_.of_run.kind != Aggregate::Kind::each && row().shape != Shape::series &&
            row().shape != Shape::gauge) {
            s_.error_at(0, fmt::format("\"{}\" is one value in a run; leave the parentheses out",
                                       row().name));
        }
        if (row().shape == Shape::gauge && (e_.of_run.kind == Aggregate::Kind::quantile ||
                                            e_.of_run.kind == Aggregate::Kind::mean)) {
            s_.error_at(0, fmt::format("\"{}\" has only max() and min()", row().name));
        }
        const bool many = row().shape != Shape::total;
        if (many && e_.of_run.kind == Aggregate::Kind::each &&
            e_.comparison == Comparison::unequal) {
            s_.error_at(operator_at_, "!= needs one value: write max(...) or min(...)");
        }
        if (!row().in_window && (e_.from || e_.until)) {
            s_.error_at(operator_at_,
                        fmt::format("\"{}\" is of the whole run: it has no window", row().name));
        }
        if (e_.from && e_.until && !e_.from->after && !e_.until->after &&
            e_.from->offset >= e_.until->offset) {
            s_.error_at(from_at_, fmt::format("the window from {} until {} is empty", e_.from->text,
                                              e_.until->text));
        }
    }

    Diagnostics& diagnostics_;
    Sentence s_;
    std::size_t end_;
    const KnownNames& names_;
    Expectation e_;
    std::size_t operator_at_ = 0, value_at_ = 0, over_at_ = 0, from_at_ = 0;
};

}  // namespace

Checked<Expectation> parse_expectation(std::string_view text, const SourceLocation& where,
                                       const KnownNames& names) {
    Checked<Expectation> result;
    result.value = ExpectationReader(text, where, names, result.diagnostics).read();
    result.diagnostics.sort();
    return result;
}

std::string value_text(double value, Unit unit) {
    switch (unit) {
        case Unit::count:
        case Unit::ratio:
            return fmt::format("{:.6g}", value);
        case Unit::duration:
            return std::abs(value) >= 1 || value == 0 ? fmt::format("{:.6g}s", value)
                                                      : fmt::format("{:.6g}ms", value * 1e3);
        case Unit::share:
            return fmt::format("{:.4g}%", value * 100);
        case Unit::rate:
            return fmt::format("{:.6g}/s", value);
        case Unit::bit_rate:
            return fmt::format("{:.6g}Mbps", value / 1e6);
    }
    return {};
}

std::string bound_text(const Expectation& e) {
    if (e.comparison == Comparison::between) {
        return fmt::format("between {} and {}", value_text(e.low, e.unit()),
                           value_text(e.high, e.unit()));
    }
    const auto* found = std::ranges::find(operators, e.comparison,
                                          &std::pair<std::string_view, Comparison>::second);
    return fmt::format("{} {}", found->first, value_text(e.low, e.unit()));
}

}  // namespace lvslab::journal
