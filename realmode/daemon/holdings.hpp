// SPDX-License-Identifier: GPL-2.0-only
/// What a router has put into its host beside its services (realmode/ipvs/owned_ipvs.hpp) and has
/// to take out again, and the lines that tell of it.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/base/address.hpp"

namespace lvslab::realmode {

struct Holdings {
    std::set<Address> addresses;
    bool sync = false;  ///< a sync daemon of the kernel

    bool empty() const { return addresses.empty() && !sync; }
    friend bool operator==(const Holdings&, const Holdings&) = default;
};

struct HeldSync {
    friend bool operator==(const HeldSync&, const HeldSync&) = default;
};

/// Something is held from now on, or is not held any more.
struct HoldingsChange {
    bool held = true;
    std::variant<Address, HeldSync> what;
    friend bool operator==(const HoldingsChange&, const HoldingsChange&) = default;
};

/// Whether it made a difference.
bool apply(Holdings& holdings, const HoldingsChange& change);

/// {"held":true,"address":"192.168.26.10"}, without a newline.
std::string to_line(const HoldingsChange& change);
/// Nothing if it is no such line.
std::optional<HoldingsChange> parse_holdings_line(std::string_view line);

/// What makes nothing into `holdings`.
std::vector<HoldingsChange> changes_to(const Holdings& holdings);
/// All that is held as lines, each ended by a newline.
std::string to_lines(const Holdings& holdings);
/// What a record says at its end. Lines that are none are passed over: of the last one a killed
/// process may have written a part, and has not acted on it.
Holdings read_holdings(std::string_view lines);

}  // namespace lvslab::realmode
