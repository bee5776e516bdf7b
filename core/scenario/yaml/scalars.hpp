// SPDX-License-Identifier: GPL-2.0-only
/// Single values with their units. Each reader takes the node (null: nothing to read), the name of
/// the value for messages, and gives nothing after an error that it reported.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/address.hpp"
#include "core/base/diagnostic.hpp"
#include "core/base/quantities.hpp"
#include "core/base/time.hpp"
#include "core/scenario/yaml/document.hpp"

namespace lvslab::scenario::yaml {

/// A year: no duration of a scenario is longer, so that sums of them never overflow.
inline constexpr Duration longest_duration = std::chrono::hours(24 * 366);

/// A word with its place, the unit of all reading.
struct Word {
    std::string_view text;
    SourceLocation location;
};

/// The node as a scalar, or an error that says what was expected.
std::optional<Word> read_word(const Node* node, std::string_view what, Diagnostics& d);

/// `250ms`, `2min`
std::optional<Duration> to_duration(const Word& w, std::string_view what, Diagnostics& d);
/// `12KiB`
std::optional<ByteCount> to_byte_count(const Word& w, std::string_view what, Diagnostics& d);
/// `0.1%` as 0.001; 0 % to 100 %
std::optional<double> to_share(const Word& w, std::string_view what, Diagnostics& d);
/// `120/s`, `10/min`, `5/h`, as a number per second, above zero
std::optional<double> to_frequency(const Word& w, std::string_view what, Diagnostics& d);
/// A number without a unit, at least 0.
std::optional<double> to_number(const Word& w, std::string_view what, Diagnostics& d);

std::optional<Duration> read_duration(const Node* node, std::string_view what, Diagnostics& d);
/// The same, above zero.
std::optional<Duration> read_positive_duration(const Node* node, std::string_view what,
                                               Diagnostics& d);
std::optional<double> read_share(const Node* node, std::string_view what, Diagnostics& d);
std::optional<double> read_frequency(const Node* node, std::string_view what, Diagnostics& d);
std::optional<double> read_number(const Node* node, std::string_view what, Diagnostics& d);
/// `100Mbps`, above zero
std::optional<BitRate> read_bit_rate(const Node* node, std::string_view what, Diagnostics& d);
/// A whole number from `least` to `most`.
std::optional<std::uint64_t> read_whole(const Node* node, std::string_view what,
                                        std::uint64_t least, std::uint64_t most, Diagnostics& d);
/// `on` or `off` (also `true` and `false`).
std::optional<bool> read_switch(const Node* node, std::string_view what, Diagnostics& d);
std::optional<Address> read_address(const Node* node, std::string_view what, Diagnostics& d);
/// An address with its network's prefix length that is neither the network's first nor its last.
std::optional<Network> read_interface(const Node* node, std::string_view what, Diagnostics& d);
/// A network: no bit set behind the prefix.
std::optional<Network> read_network(const Node* node, std::string_view what, Diagnostics& d);
/// ADDRESS:PORT, port above zero
std::optional<Endpoint> read_endpoint(const Node* node, std::string_view what, Diagnostics& d);

/// Whether a name is fit for files and messages: letters, digits, "-", "_" and ".", at most 64,
/// not beginning with "." or "-"; else an error.
bool check_name(std::string_view name, const SourceLocation& where, std::string_view what,
                Diagnostics& d);

}  // namespace lvslab::scenario::yaml
