// SPDX-License-Identifier: GPL-2.0-only
#include "core/scenario/yaml/scalars.hpp"

#include <algorithm>
#include <charconv>
#include <span>
#include <string>
#include <utility>

#include <fmt/format.h>

namespace lvslab::scenario::yaml {
namespace {

// A kind of quantity: its name in messages, the unit to suggest, and what people write instead of
// its units.
struct Kind {
    std::string_view article_and_name;  // "a duration"
    std::string_view unit_of;           // "time"
    std::string_view default_unit;
    std::string_view example;
    std::span<const std::pair<std::string_view, std::string_view>> mistaken_units;
};

using Mistaken = std::pair<std::string_view, std::string_view>;
constexpr Mistaken mistaken_times[] = {
    {"sec", "s"},   {"secs", "s"},   {"second", "s"},   {"seconds", "s"},   {"S", "s"},
    {"m", "min"},   {"mins", "min"}, {"minute", "min"}, {"minutes", "min"}, {"hour", "h"},
    {"hours", "h"}, {"hr", "h"},     {"msec", "ms"},    {"msecs", "ms"},    {"millis", "ms"},
    {"usec", "us"}, {"µs", "us"},    {"nsec", "ns"}};
constexpr Mistaken mistaken_rates[] = {
    {"G", "Gbps"},    {"g", "Gbps"},    {"Gbit", "Gbps"}, {"Gbit/s", "Gbps"}, {"Gb/s", "Gbps"},
    {"gbps", "Gbps"}, {"k", "kbps"},    {"K", "kbps"},    {"kbit", "kbps"},   {"kbit/s", "kbps"},
    {"kb/s", "kbps"}, {"Kbps", "kbps"}, {"b/s", "bps"},   {"bit/s", "bps"}};
constexpr Mistaken mistaken_bytes[] = {{"k", "KiB"},   {"K", "KiB"},  {"KB", "kB"}, {"kb", "kB"},
                                       {"kib", "KiB"}, {"Ki", "KiB"}, {"M", "MiB"}, {"m", "MiB"},
                                       {"Mi", "MiB"},  {"mb", "MB"},  {"G", "GiB"}, {"Gi", "GiB"},
                                       {"gb", "GB"},   {"T", "TiB"}};
constexpr Mistaken mistaken_shares[] = {{"percent", "%"}, {"pct", "%"}};
constexpr Mistaken mistaken_frequencies[] = {{"/sec", "/s"}, {"/second", "/s"},   {"per", "/s"},
                                             {"rps", "/s"},  {"cps", "/s"},       {"Hz", "/s"},
                                             {"/m", "/min"}, {"/minute", "/min"}, {"/hour", "/h"}};

constexpr Kind time_kind{"a duration", "time", "s", "10ms", mistaken_times};
constexpr Kind rate_kind{"a bit rate", "bits per second", "Mbps", "100Mbps", mistaken_rates};
constexpr Kind byte_kind{"a number of bytes", "bytes", "B", "64KiB", mistaken_bytes};
constexpr Kind share_kind{"a share", "per cent", "%", "0.1%", mistaken_shares};
constexpr Kind frequency_kind{"a frequency", "events per time", "/s", "120/s",
                              mistaken_frequencies};

void quantity_error(const Word& w, std::string_view what, const Kind& kind,
                    std::span<const std::string_view> units, Diagnostics& d) {
    const auto say = [&](std::string_view rest) {
        d.error(w.location, fmt::format("{} \"{}\" {}", what, w.text, rest));
    };
    if (w.text.starts_with('-') && split_number(w.text.substr(1))) {
        say("is negative");
        return;
    }
    const auto parts = split_number(w.text);
    if (!parts) {
        say(fmt::format("is not {}; write {}", kind.article_and_name, kind.example));
        return;
    }
    if (std::ranges::find(units, parts->unit) != units.end()) {
        say("is too large");
        return;
    }
    auto unit = kind.default_unit;
    for (const auto& [wrong, right] : kind.mistaken_units) {
        if (wrong == parts->unit) {
            unit = right;
        }
    }
    std::string number(w.text.substr(0, w.text.size() - parts->unit.size()));
    if (&kind == &share_kind && parts->unit.empty() && parts->number <= 1) {
        number = fmt::format("{:.10g}", parts->number * 100);  // 0.001 means 0.1%
    }
    say(fmt::format("has no unit of {}; write {}{}", kind.unit_of, number, unit));
}

constexpr std::string_view time_units[] = {"h", "min", "s", "ms", "us", "ns"};
constexpr std::string_view byte_units[] = {"B", "kB", "MB", "GB", "TB", "KiB", "MiB", "GiB", "TiB"};
constexpr std::string_view rate_units[] = {"bps", "kbps", "Mbps", "Gbps", "Tbps"};
constexpr std::string_view frequency_units[] = {"/s", "/min", "/h"};
constexpr double frequency_seconds[] = {1, 60, 3600};
// More arrivals in a second than a nanosecond clock can tell apart are of no use.
constexpr double highest_frequency = 1e7;

std::string expected(const Word& w, std::string_view what, std::string_view rest) {
    return fmt::format("{} \"{}\" {}", what, w.text, rest);
}

// The first and the last address of a network are no host's.
bool is_host(const Network& n) {
    const auto bits = n.address.is_v4() ? 32U : 128U;
    if (n.prefix_length + 1 >= bits) {
        return true;
    }
    auto last = n.base();
    if (n.address.is_v4()) {
        const auto host_bits = 0xFFFFFFFFU >> n.prefix_length;
        last = Address::v4(n.base().v4_host_order() | host_bits);
        return n.address != n.base() && n.address != last;
    }
    return n.address != n.base();
}

std::optional<Network> read_prefixed(const Node* node, std::string_view what, Diagnostics& d) {
    const auto w = read_word(node, what, d);
    if (!w) {
        return std::nullopt;
    }
    const auto n = Network::parse(w->text);
    if (!n) {
        const auto address = Address::parse(w->text);
        d.error(w->location,
                address ? fmt::format("{} \"{}\" has no prefix length; write {}/{}", what, w->text,
                                      w->text, address->is_v4() ? 24 : 64)
                        : expected(*w, what, "is not ADDRESS/LENGTH, such as 10.11.12.1/24"));
    }
    return n;
}

}  // namespace

std::optional<Word> read_word(const Node* node, std::string_view what, Diagnostics& d) {
    if (node == nullptr) {
        return std::nullopt;
    }
    if (node->kind != Node::Kind::scalar) {
        d.error(node->location,
                fmt::format("{} is a {}; expected a single value", what,
                            node->kind == Node::Kind::mapping ? "mapping" : "list"));
        return std::nullopt;
    }
    return Word{node->text, node->location};
}

std::optional<Duration> to_duration(const Word& w, std::string_view what, Diagnostics& d) {
    const auto value = parse_duration(w.text);
    if (!value || *value > longest_duration) {
        quantity_error(w, what, time_kind, time_units, d);
        return std::nullopt;
    }
    return value;
}

std::optional<ByteCount> to_byte_count(const Word& w, std::string_view what, Diagnostics& d) {
    const auto value = parse_byte_count(w.text);
    if (!value) {
        quantity_error(w, what, byte_kind, byte_units, d);
    }
    return value;
}

std::optional<double> to_share(const Word& w, std::string_view what, Diagnostics& d) {
    const auto parts = split_number(w.text);
    if (!parts || parts->unit != "%") {
        quantity_error(w, what, share_kind, {}, d);
        return std::nullopt;
    }
    if (parts->number > 100) {
        d.error(w.location, expected(w, what, "is more than 100%"));
        return std::nullopt;
    }
    return parts->number / 100;
}

std::optional<double> to_frequency(const Word& w, std::string_view what, Diagnostics& d) {
    const auto parts = split_number(w.text);
    const auto unit = std::ranges::find(frequency_units, parts ? parts->unit : "");
    const auto index = static_cast<std::size_t>(unit - std::begin(frequency_units));
    if (!parts || unit == std::end(frequency_units) ||
        parts->number / frequency_seconds[index] > highest_frequency) {
        quantity_error(w, what, frequency_kind, frequency_units, d);
        return std::nullopt;
    }
    if (parts->number == 0) {
        d.error(w.location, expected(w, what, "must be more than 0"));
        return std::nullopt;
    }
    return parts->number / frequency_seconds[index];
}

std::optional<double> to_number(const Word& w, std::string_view what, Diagnostics& d) {
    const auto parts = split_number(w.text);
    if (parts && parts->unit.empty()) {
        return parts->number;
    }
    const bool negative = w.text.starts_with('-') && split_number(w.text.substr(1)) &&
                          split_number(w.text.substr(1))->unit.empty();
    d.error(w.location, expected(w, what,
                                 negative ? "is negative"
                                 : parts  ? "has a unit; expected a number without one"
                                          : "is not a number"));
    return std::nullopt;
}

std::optional<Duration> read_duration(const Node* node, std::string_view what, Diagnostics& d) {
    const auto w = read_word(node, what, d);
    return w ? to_duration(*w, what, d) : std::nullopt;
}

std::optional<Duration> read_positive_duration(const Node* node, std::string_view what,
                                               Diagnostics& d) {
    const auto value = read_duration(node, what, d);
    if (value && *value <= Duration::zero()) {
        d.error(node->location, fmt::format("{} \"{}\" must be more than 0", what, node->text));
        return std::nullopt;
    }
    return value;
}

std::optional<double> read_share(const Node* node, std::string_view what, Diagnostics& d) {
    const auto w = read_word(node, what, d);
    return w ? to_share(*w, what, d) : std::nullopt;
}

std::optional<double> read_frequency(const Node* node, std::string_view what, Diagnostics& d) {
    const auto w = read_word(node, what, d);
    return w ? to_frequency(*w, what, d) : std::nullopt;
}

std::optional<double> read_number(const Node* node, std::string_view what, Diagnostics& d) {
    const auto w = read_word(node, what, d);
    return w ? to_number(*w, what, d) : std::nullopt;
}

std::optional<BitRate> read_bit_rate(const Node* node, std::string_view what, Diagnostics& d) {
    const auto w = read_word(node, what, d);
    if (!w) {
        return std::nullopt;
    }
    const auto value = parse_bit_rate(w->text);
    if (!value) {
        quantity_error(*w, what, rate_kind, rate_units, d);
    } else if (value->value() == 0) {
        d.error(w->location, expected(*w, what, "must be more than 0"));
        return std::nullopt;
    }
    return value;
}

std::optional<std::uint64_t> read_whole(const Node* node, std::string_view what,
                                        std::uint64_t least, std::uint64_t most, Diagnostics& d) {
    const auto w = read_word(node, what, d);
    if (!w) {
        return std::nullopt;
    }
    std::uint64_t value = 0;
    const auto* const last = w->text.data() + w->text.size();
    const auto [end, error] = std::from_chars(w->text.data(), last, value);
    const bool too_large = error == std::errc::result_out_of_range && end == last;
    if (w->text.empty() || (error != std::errc{} && !too_large) || end != last) {
        const bool negative = w->text.starts_with('-') && split_number(w->text.substr(1)) &&
                              split_number(w->text.substr(1))->unit.empty();
        d.error(w->location,
                expected(*w, what, negative ? "is negative" : "is not a whole number"));
        return std::nullopt;
    }
    if (too_large || value > most) {
        d.error(w->location, expected(*w, what, fmt::format("is more than {}", most)));
        return std::nullopt;
    }
    if (value < least) {
        d.error(w->location, expected(*w, what, fmt::format("is less than {}", least)));
        return std::nullopt;
    }
    return value;
}

std::optional<bool> read_switch(const Node* node, std::string_view what, Diagnostics& d) {
    const auto w = read_word(node, what, d);
    if (!w) {
        return std::nullopt;
    }
    if (w->text == "on" || w->text == "true") {
        return true;
    }
    if (w->text == "off" || w->text == "false") {
        return false;
    }
    d.error(w->location, expected(*w, what, "is not on or off"));
    return std::nullopt;
}

std::optional<Address> read_address(const Node* node, std::string_view what, Diagnostics& d) {
    const auto w = read_word(node, what, d);
    if (!w) {
        return std::nullopt;
    }
    const auto value = Address::parse(w->text);
    if (!value) {
        d.error(w->location, expected(*w, what, "is not an address, such as 192.168.26.254"));
    }
    return value;
}

std::optional<Network> read_interface(const Node* node, std::string_view what, Diagnostics& d) {
    const auto n = read_prefixed(node, what, d);
    if (n && !is_host(*n)) {
        d.error(node->location, expected({node->text, node->location}, what,
                                         n->address == n->base()
                                             ? "is the network's own address, not a host's"
                                             : "is the network's broadcast address, not a host's"));
        return std::nullopt;
    }
    return n;
}

std::optional<Network> read_network(const Node* node, std::string_view what, Diagnostics& d) {
    const auto n = read_prefixed(node, what, d);
    if (n && n->address != n->base()) {
        d.error(node->location, expected({node->text, node->location}, what,
                                         fmt::format("has bits set behind its prefix; write {}/{}",
                                                     n->base().to_string(), n->prefix_length)));
        return std::nullopt;
    }
    return n;
}

std::optional<Endpoint> read_endpoint(const Node* node, std::string_view what, Diagnostics& d) {
    const auto w = read_word(node, what, d);
    if (!w) {
        return std::nullopt;
    }
    const auto value = Endpoint::parse(w->text);
    if (!value || value->port == Port{}) {
        d.error(w->location, expected(*w, what, "is not ADDRESS:PORT, such as 192.168.26.10:80"));
        return std::nullopt;
    }
    return value;
}

bool check_name(std::string_view name, const SourceLocation& where, std::string_view what,
                Diagnostics& d) {
    const auto fit = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '-' || c == '_' || c == '.';
    };
    if (!name.empty() && name.size() <= 64 && name.front() != '.' && name.front() != '-' &&
        std::ranges::all_of(name, fit)) {
        return true;
    }
    d.error(where,
            fmt::format("{} name \"{}\" is not made of 1 to 64 letters, digits, \"-\", \"_\" and "
                        "\".\" (not beginning with \"-\" or \".\")",
                        what, name));
    return false;
}

}  // namespace lvslab::scenario::yaml
