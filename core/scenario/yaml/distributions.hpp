// SPDX-License-Identifier: GPL-2.0-only
/// Distributions and arrivals as they are written: `exponential 40ms`,
/// `lognormal { mean: 12KiB, sigma: 1.2 }`, `poisson 120/s`.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/diagnostic.hpp"
#include "core/scenario/scenario.hpp"
#include "core/scenario/yaml/document.hpp"

namespace lvslab::scenario::yaml {

/// What a distribution is about.
enum class Measure : std::uint8_t { time, bytes };

/// A distribution, in seconds or bytes (a size is at least one byte).
std::optional<Distribution> read_distribution(const Node* node, std::string_view what, Measure m,
                                              Diagnostics& d);

/// Hands the text of a file of arrivals, and the name that messages about it carry.
struct NamedText {
    std::string name;
    std::string text;
};
using TextSource = std::function<std::optional<NamedText>(const std::string& path)>;

/// Arrivals: `constant 100/s`, `poisson 120/s`, `on-off 200/s on 2s off 3s`, a list of times,
/// `file PATH` (a time a line, `#` begins a comment) or `trace PATH` (core/trace/trace.hpp).
std::optional<Arrivals> read_arrivals(const Node* node, const TextSource& source, Diagnostics& d);

}  // namespace lvslab::scenario::yaml
