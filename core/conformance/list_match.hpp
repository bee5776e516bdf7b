// SPDX-License-Identifier: GPL-2.0-only
/// The kernel's list of connections against the model's entries.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/conformance/recording.hpp"
#include "core/ipvs/ipvs.hpp"

namespace lvslab::conformance {

/// What a recorded list tells of the model's entries.
struct ListMatch {
    /// The first difference, recorded and found; unset = the list is met.
    std::optional<std::pair<std::string, std::string>> difference{};
    std::vector<std::uint32_t> gone{};       ///< entries whose due timers must have fired
    std::optional<std::uint32_t> dropped{};  ///< the due dropping of removed servers' entries
    bool in_doubt = false;                   ///< a timer's granule left more than one outcome open
};

/// Compares a list that was read from `begun` to `ended` one by one: entries of one name
/// (endpoints, server and state) in the order of their time left. Entries that are there for
/// certain come first, so that one of the same name that may be gone does not take their line.
/// O((recorded + entries) log).
ListMatch match_listed(const std::vector<ListedConnection>& recorded, const ipvs::Ipvs& ipvs,
                       Time begun, Time ended);

}  // namespace lvslab::conformance
