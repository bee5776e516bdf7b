// SPDX-License-Identifier: GPL-2.0-only
#include "core/scenario/yaml/distributions.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "core/scenario/yaml/named_call.hpp"
#include "core/scenario/yaml/named_values.hpp"
#include "core/scenario/yaml/spelling.hpp"
#include "core/trace/trace.hpp"

namespace lvslab::scenario::yaml {
namespace {

using Words = std::vector<std::optional<Word>>;

class DistributionReader {
public:
    DistributionReader(std::string_view what, Measure m, Diagnostics& d)
        : what_(what), measure_(m), d_(d) {}

    std::optional<Distribution> read(const Node* node) {
        const auto call = read_call(node, what_, d_);
        if (!call) {
            return std::nullopt;
        }
        const auto name = call->name.text;
        if (name == "empirical") {
            return empirical(*call);
        }
        if (name == "constant") {
            return with(*call, {"value"}, 1, &DistributionReader::constant);
        }
        if (name == "exponential") {
            return with(*call, {"mean"}, 1, &DistributionReader::exponential);
        }
        if (name == "uniform") {
            return with(*call, {"low", "high"}, 2, &DistributionReader::uniform);
        }
        if (name == "lognormal") {
            return with(*call, {"mean", "sigma"}, 2, &DistributionReader::lognormal);
        }
        if (name == "pareto") {
            return with(*call, {"minimum", "shape", "maximum"}, 2, &DistributionReader::pareto);
        }
        if (!call->in_words || !call->arguments.empty()) {
            refuse_name(call->name);
            return std::nullopt;
        }
        const auto value = amount(call->name, what_, measure_ == Measure::bytes);
        return value ? std::optional<Distribution>(Constant{*value}) : std::nullopt;
    }

private:
    using Build = std::optional<Distribution> (DistributionReader::*)(const Words&);

    std::optional<Distribution> with(NamedCall call, const std::vector<std::string_view>& names,
                                     std::size_t required, Build build) {
        // "uniform 10ms to 30ms" reads better than "uniform low 10ms high 30ms".
        for (auto& argument : call.arguments) {
            if (call.in_words && argument.value.text == "to" && names.back() == "high") {
                argument.value.text = "high";
            }
        }
        const auto words = arrange(call, names, required, d_);
        return words ? (this->*build)(*words) : std::nullopt;
    }

    void refuse_name(const Word& name) {
        if (split_number(name.text)) {
            d_.error(name.location,
                     fmt::format("{} is more than one value; write a number and its unit without "
                                 "a space, or a distribution",
                                 what_));
            return;
        }
        d_.error(name.location,
                 fmt::format("{}: no distribution is called \"{}\"{}", what_, name.text,
                             suggestion(name.text, distribution_names())));
    }

    // A time in seconds or a size in bytes.
    std::optional<double> amount(const Word& w, std::string_view what, bool above_zero) {
        std::optional<double> value;
        if (measure_ == Measure::time) {
            if (const auto t = to_duration(w, what, d_)) {
                value = to_seconds(*t);
            }
        } else if (const auto bytes = to_byte_count(w, what, d_)) {
            value = static_cast<double>(bytes->value());
        }
        if (value && above_zero && *value <= 0) {
            d_.error(w.location, fmt::format("{} \"{}\" must be more than 0", what, w.text));
            return std::nullopt;
        }
        return value;
    }

    std::optional<double> ratio(const Word& w, std::string_view what, double most) {
        const auto value = to_number(w, what, d_);
        if (value && *value > most) {
            d_.error(w.location, fmt::format("{} \"{}\" is more than {}", what, w.text, most));
            return std::nullopt;
        }
        return value;
    }

    std::optional<Distribution> constant(const Words& w) {
        const auto value = amount(*w[0], what_, measure_ == Measure::bytes);
        return value ? std::optional<Distribution>(Constant{*value}) : std::nullopt;
    }

    std::optional<Distribution> exponential(const Words& w) {
        const auto mean = amount(*w[0], "mean", true);
        return mean ? std::optional<Distribution>(Exponential{*mean}) : std::nullopt;
    }

    std::optional<Distribution> uniform(const Words& w) {
        const auto low = amount(*w[0], "low", measure_ == Measure::bytes);
        const auto high = amount(*w[1], "high", true);
        if (low && high && *high < *low) {
            d_.error(w[1]->location,
                     fmt::format("high \"{}\" is less than low \"{}\"", w[1]->text, w[0]->text));
            return std::nullopt;
        }
        return low && high ? std::optional<Distribution>(Uniform{*low, *high}) : std::nullopt;
    }

    std::optional<Distribution> lognormal(const Words& w) {
        const auto mean = amount(*w[0], "mean", true);
        // Beyond 10 the largest of a million values is more than 10^20 times the median.
        const auto sigma = ratio(*w[1], "sigma", 10);
        return mean && sigma ? std::optional<Distribution>(LogNormal{*mean, *sigma}) : std::nullopt;
    }

    std::optional<Distribution> pareto(const Words& w) {
        const auto minimum = amount(*w[0], "minimum", true);
        const auto shape = ratio(*w[1], "shape", 1000);
        const bool flat = shape && *shape <= 0;
        if (flat) {
            d_.error(w[1]->location, fmt::format("shape \"{}\" must be more than 0", w[1]->text));
        }
        const auto maximum = w[2] ? amount(*w[2], "maximum", true) : std::optional(0.0);
        if (w[2] && minimum && maximum && *maximum <= *minimum) {
            d_.error(w[2]->location, fmt::format("maximum \"{}\" must be more than minimum \"{}\"",
                                                 w[2]->text, w[0]->text));
            return std::nullopt;
        }
        if (!minimum || !shape || flat || !maximum) {
            return std::nullopt;
        }
        return Pareto{*minimum, *shape, *maximum};
    }

    std::optional<Distribution> empirical(const NamedCall& call) {
        const auto pairs = paired(call, d_);
        if (!pairs) {
            return std::nullopt;
        }
        std::vector<std::pair<double, double>> steps;
        double sum = 0;
        for (const auto& [value_word, share_word] : *pairs) {
            const auto value = amount(value_word, "value", measure_ == Measure::bytes);
            const auto share = to_share(share_word, "probability", d_);
            if (!value || !share) {
                return std::nullopt;
            }
            steps.emplace_back(*value, *share);
            sum += *share;
        }
        if (std::abs(sum - 1) > 1e-9) {
            d_.error(call.name.location,
                     fmt::format("the probabilities of {} add up to {:.10g}%, not to 100%", what_,
                                 sum * 100));
            return std::nullopt;
        }
        std::ranges::sort(steps);
        Empirical result;
        for (const auto& [value, share] : steps) {
            result.values.push_back(value);
            result.probabilities.push_back(share);
        }
        return result;
    }

    std::string_view what_;
    Measure measure_;
    Diagnostics& d_;
};

std::optional<Arrivals> read_on_off(const NamedCall& call, Diagnostics& d) {
    const auto words = arrange(call, {"rate", "on", "off"}, 3, d);
    if (!words) {
        return std::nullopt;
    }
    const auto rate = to_frequency(*(*words)[0], "rate", d);
    const auto on = to_duration(*(*words)[1], "on", d);
    const auto off = to_duration(*(*words)[2], "off", d);
    for (const auto& [value, word] : {std::pair{on, (*words)[1]}, {off, (*words)[2]}}) {
        // Shorter bursts are finer than a connection's first segment, and cost a draw each.
        if (value && *value < std::chrono::milliseconds(1)) {
            d.error(word->location, fmt::format("\"{}\" is less than 1ms", word->text));
            return std::nullopt;
        }
    }
    if (!rate || !on || !off) {
        return std::nullopt;
    }
    return OnOffArrivals{*rate, *on, *off};
}

// Adds a time to a list; an error if it goes back.
void add_time(ListedArrivals& list, const Word& w, Diagnostics& d) {
    const auto at = to_duration(w, "arrival", d);
    if (!at) {
        return;
    }
    if (!list.at.empty() && *at < list.at.back()) {
        d.error(w.location, fmt::format("arrival \"{}\" is before the one before it ({})", w.text,
                                        to_string(list.at.back())));
        return;
    }
    list.at.push_back(*at);
}

std::optional<Arrivals> finished(ListedArrivals list, const SourceLocation& where,
                                 std::size_t errors_before, Diagnostics& d) {
    if (list.at.empty() && d.items().size() == errors_before) {
        d.error(where, "the list of arrivals is empty");
    }
    return d.items().size() == errors_before ? std::optional<Arrivals>(std::move(list))
                                             : std::nullopt;
}

std::optional<Arrivals> read_list(const Node& node, Diagnostics& d) {
    const auto errors_before = d.items().size();
    ListedArrivals list;
    for (const auto& item : node.items) {
        if (const auto w = read_word(&item, "arrival", d)) {
            add_time(list, *w, d);
        }
    }
    return finished(std::move(list), node.location, errors_before, d);
}

std::optional<Arrivals> read_file(const NamedCall& call, const TextSource& source, Diagnostics& d) {
    const auto words = arrange(call, {"path"}, 1, d);
    if (!words) {
        return std::nullopt;
    }
    const auto& path = *(*words)[0];
    const auto file = source(std::string(path.text));
    if (!file) {
        d.error(path.location,
                fmt::format("the file of arrivals \"{}\" cannot be read", path.text));
        return std::nullopt;
    }
    const auto errors_before = d.items().size();
    ListedArrivals list;
    const std::string_view text = file->text;
    unsigned line = 1;
    for (std::size_t start = 0; start < text.size(); ++line) {
        const auto end = std::min(text.find('\n', start), text.size());
        const auto content = text.substr(start, end - start);
        const auto first = content.find_first_not_of(" \t\r");
        if (first != std::string_view::npos && content[first] != '#') {
            const auto last = content.find_last_not_of(" \t\r");
            const SourceLocation where{file->name, line, static_cast<unsigned>(first + 1)};
            add_time(list, {content.substr(first, last - first + 1), where}, d);
        }
        start = end + 1;
    }
    return finished(std::move(list), path.location, errors_before, d);
}

std::optional<Arrivals> read_traced(const NamedCall& call, const TextSource& source,
                                    Diagnostics& d) {
    const auto words = arrange(call, {"path"}, 1, d);
    if (!words) {
        return std::nullopt;
    }
    const auto& path = *(*words)[0];
    const auto file = source(std::string(path.text));
    if (!file) {
        d.error(path.location, fmt::format("the trace \"{}\" cannot be read", path.text));
        return std::nullopt;
    }
    auto trace = trace::read_trace(file->text, file->name);
    d.append(trace.diagnostics);
    return trace ? std::optional<Arrivals>(
                       TracedArrivals{std::make_shared<trace::Trace>(std::move(*trace))})
                 : std::nullopt;
}

}  // namespace

std::optional<Distribution> read_distribution(const Node* node, std::string_view what, Measure m,
                                              Diagnostics& d) {
    return DistributionReader(what, m, d).read(node);
}

std::optional<Arrivals> read_arrivals(const Node* node, const TextSource& source, Diagnostics& d) {
    if (node != nullptr && node->kind == Node::Kind::sequence) {
        return read_list(*node, d);
    }
    const auto call = read_call(node, "arrivals", d);
    if (!call) {
        return std::nullopt;
    }
    if (call->name.text == "on-off") {
        return read_on_off(*call, d);
    }
    if (call->name.text == "file") {
        return read_file(*call, source, d);
    }
    if (call->name.text == "trace") {
        return read_traced(*call, source, d);
    }
    const bool constant = call->name.text == "constant";
    if (!constant && call->name.text != "poisson") {
        d.error(call->name.location, fmt::format("no arrivals are called \"{}\"{}", call->name.text,
                                                 suggestion(call->name.text, arrivals_names())));
        return std::nullopt;
    }
    const auto words = arrange(*call, {"rate"}, 1, d);
    const auto rate = words ? to_frequency(*words->front(), "rate", d) : std::nullopt;
    if (!rate) {
        return std::nullopt;
    }
    return constant ? Arrivals{ConstantArrivals{*rate}} : Arrivals{PoissonArrivals{*rate}};
}

}  // namespace lvslab::scenario::yaml
