// SPDX-License-Identifier: GPL-2.0-only
/// Every event kind and every metric with its name, unit and one line of meaning. JSON field names,
/// CSV headers and the tables of docs/journal.md come from here.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/journal/metrics.hpp"

namespace lvslab::journal {

/// A metric's value; nothing = there was nothing to measure (JSON null, an empty CSV cell).
using Value = std::variant<std::monostate, bool, std::uint64_t, std::int64_t, double, std::string>;

/// As JSON. Doubles have the fewest digits that read back as the same number.
std::string to_json(const Value& value);
/// As a cell of a CSV file (RFC 4180).
std::string to_csv(const Value& value);

/// A metric of `Scope`, computed from it.
template <class Scope>
struct Metric {
    std::string_view name;
    std::string_view unit;
    std::string_view meaning;
    Value (*value)(const Scope&);
};

/// One server in its run, one node in its run, and so on.
struct ServerOf {
    const Summary& summary;
    std::size_t index;
};
struct NodeOf {
    const Summary& summary;
    const NodeTraffic& traffic;
};
struct TakeoverOf {
    const Summary& summary;
    const Takeover& takeover;
};
struct RouterOf {
    const Summary& summary;
    std::size_t index;
};
struct DataServerOf {
    const Summary& summary;
    std::size_t index;
};
struct CheckOf {
    const Summary& summary;
    const Failover::Checks::value_type& check;
};

std::span<const Metric<Summary>> run_metrics();
std::span<const Metric<ClientMetrics>> client_metrics();
std::span<const Metric<Summary>> balance_metrics();
std::span<const Metric<ServerOf>> server_metrics();
std::span<const Metric<NodeOf>> node_metrics();
std::span<const Metric<Summary>> failover_metrics();
std::span<const Metric<TakeoverOf>> takeover_metrics();
std::span<const Metric<RouterOf>> router_metrics();
std::span<const Metric<DataServerOf>> data_server_metrics();
std::span<const Metric<CheckOf>> check_metrics();
std::span<const Metric<LinkTraffic>> link_metrics();

/// What the table says of an event kind.
struct ObservedField {
    std::string_view name, unit, meaning;
};
struct ObservedEvent {
    std::string_view name, meaning;
    Level level;
    std::vector<ObservedField> fields;
};
/// In the order of their numbers in files.
std::vector<ObservedEvent> observed_events();

/// "none", "decisions", "all"
std::string_view level_name(Level level);

/// The chapters of docs/journal.md that list events, metrics and moments of the timeline.
std::string observables_markdown();

}  // namespace lvslab::journal
