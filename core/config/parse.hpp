// SPDX-License-Identifier: GPL-2.0-only
/// Reading lvs.cf.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/address.hpp"
#include "core/base/diagnostic.hpp"
#include "core/config/lvs_config.hpp"

namespace lvslab::config {

/// What a host name stands for; nothing if nobody knows it. Dotted addresses never get here.
using NameLookup = std::function<std::optional<Address>(std::string_view name)>;
/// The port of a TCP service name; nothing if there is no such service.
using ServiceLookup = std::function<std::optional<Port>(std::string_view name)>;

struct Options {
    /// Read exactly as Piranha 0.8.6 does, oddities included; stop at the first error.
    bool piranha = false;
    /// Without it every host name is unknown.
    NameLookup names;
    /// Without it the names of well_known_tcp_port() are known.
    ServiceLookup services;
    /// Errors, and likewise warnings, beyond this number are counted and not listed.
    std::size_t most_findings = 100;
};

/// Reads a whole lvs.cf. `file` names it in locations. Time and memory are linear in the text.
///
/// Without `piranha`: every error of the text with line and column, what was found and what was
/// expected; a warning wherever Piranha's reader would have stopped or understood something else.
/// With `piranha`: at most one error, on the line (in Piranha's count) where that reader stops,
/// in its words; line 0 is the empty file.
Checked<LvsConfig> parse(std::string_view text, const std::string& file, const Options& options);

/// The TCP port of a well-known service name ("https"), from a table of its own, so that the same
/// file means the same on every machine.
std::optional<Port> well_known_tcp_port(std::string_view name);

}  // namespace lvslab::config
