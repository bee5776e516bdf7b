// SPDX-License-Identifier: GPL-2.0-only
#include "core/journal/expectation_measure.hpp"

#include <algorithm>
#include <variant>

#include <fmt/format.h>

#include "core/journal/description.hpp"
#include "core/journal/json_lines.hpp"

namespace lvslab::journal {
namespace {

std::uint32_t place_in(const std::vector<std::string>& names, const std::string& name) {
    const auto found = std::ranges::find(names, name);
    return found == names.end() ? no_index : static_cast<std::uint32_t>(found - names.begin());
}

std::string name_of(const std::vector<std::string>& names, std::uint32_t index) {
    return index < names.size() ? names[index] : "nobody";
}

std::string seconds(Duration d) {
    return value_text(to_seconds(d), Unit::duration);
}

struct Words {
    const RunStarted& run;

    std::string operator()(const ConnectionClosed& e) const {
        const auto outcome = static_cast<std::size_t>(e.outcome);
        return fmt::format(
            "connection {} of {}: {} after {}", e.connection, name_of(run.workloads, e.workload),
            outcome < outcome_words.size() ? outcome_words[outcome] : "?", seconds(e.duration));
    }
    std::string operator()(const ResponseReceived& e) const {
        return fmt::format("connection {} of {}: a response of {} after {}", e.connection,
                           name_of(run.workloads, e.workload), name_of(run.servers, e.server),
                           seconds(e.response_time));
    }
    std::string operator()(const Decision& e) const {
        return fmt::format("{} sent {} to {}{}", name_of(run.routers, e.router),
                           e.client.to_string(), name_of(run.servers, e.server),
                           e.origin == 3 ? ", by its persistence template" : "");
    }
    std::string operator()(const RoleChanged& e) const {
        return fmt::format("{} became {}: {}", name_of(run.routers, e.router),
                           e.active ? "active" : "inactive", e.reason);
    }
    std::string operator()(const SessionEnded& e) const {
        return fmt::format("session {} of {}: {} after {} requests", e.session,
                           name_of(run.workloads, e.workload), e.broken ? "broken" : "ended",
                           e.requests);
    }
    std::string operator()(const StaleResponse& e) const {
        return fmt::format("connection {} of {}: {} answered with data {} old", e.connection,
                           name_of(run.workloads, e.workload), name_of(run.servers, e.server),
                           seconds(e.age));
    }
    std::string operator()(const DataRequestEnded& e) const {
        return fmt::format("{} asked {}: {} after {}", name_of(run.servers, e.server),
                           name_of(run.data_servers, e.data), e.ok ? "answered" : "failed",
                           seconds(e.duration));
    }
    std::string operator()(const CheckEnded& e) const {
        return fmt::format("{} checked {}: {} after {}", name_of(run.routers, e.router),
                           name_of(run.servers, e.server), e.up ? "up" : "down",
                           seconds(e.duration));
    }
    template <class Other>
    std::string operator()(const Other&) const {
        return std::string(Description<Other>::name);
    }
};

}  // namespace

std::uint32_t subject_index(const Subject& subject, const RunStarted& run) {
    switch (subject.kind) {
        case Subjects::workload:
            return place_in(run.workloads, subject.name);
        case Subjects::server:
            return place_in(run.servers, subject.name);
        case Subjects::router:
            return place_in(run.routers, subject.name);
        case Subjects::data_server:
            return place_in(run.data_servers, subject.name);
        default:
            return no_index;
    }
}

std::unique_ptr<Measure> make_measure(const Expectation& expectation, const RunStarted& run) {
    switch (quantity(expectation.quantity).shape) {
        case Shape::total:
            return make_total(expectation, run);
        case Shape::series:
            return make_series(expectation, run);
        case Shape::gauge:
            return make_gauge(expectation, run);
    }
    return nullptr;
}

bool keeps_bound(const Expectation& e, double low, double high) {
    switch (e.comparison) {
        case Comparison::at_most:
            return high <= e.high;
        case Comparison::below:
            return high < e.high;
        case Comparison::at_least:
            return low >= e.low;
        case Comparison::above:
            return low > e.low;
        case Comparison::equal:
            return low == e.low && high == e.high;
        case Comparison::unequal:
            return low != e.low && high != e.low;
        case Comparison::between:
            return low >= e.low && high <= e.high;
    }
    return false;
}

bool bounds_from_above(Comparison comparison) {
    return comparison == Comparison::at_most || comparison == Comparison::below;
}

bool bounds_from_below(Comparison comparison) {
    return comparison == Comparison::at_least || comparison == Comparison::above;
}

std::string event_text(const Event& event, const RunStarted& run) {
    return std::visit(Words{run}, event.payload);
}

}  // namespace lvslab::journal
