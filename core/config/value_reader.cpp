// SPDX-License-Identifier: GPL-2.0-only
#include "core/config/value_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "core/config/values.hpp"

namespace lvslab::config {

namespace {

Fault fault(ErrorKind kind, std::string_view word, std::string_view expected) {
    return {kind, 2, fmt::format("found {}, expected {}", shown(word), expected)};
}

const Choice* find_choice(std::string_view word, std::span<const Choice> choices) {
    const auto found = std::ranges::find(choices, word, &Choice::word);
    return found == choices.end() ? nullptr : &*found;
}

}  // namespace

void ValueReader::warn_of_extension(ErrorKind kind) {
    warn(fmt::format("extension: Piranha would stop here with \"{}\"", piranha_text(kind)));
}

Read<bool> ValueReader::boolean(std::string_view word) {
    const auto number = integer(word, "0 or 1");
    if (number.fault) {
        return *number.fault;
    }
    if (*number.value != 0 && *number.value != 1) {
        return fault(ErrorKind::bool_expected, word, "0 or 1");
    }
    return *number.value == 1;
}

Read<std::int32_t> ValueReader::integer(std::string_view word, std::string_view expected) {
    const auto number = read_integer(word);
    if (!number || (!piranha() && word.empty())) {
        return fault(ErrorKind::int_expected, word, expected);
    }
    if (!piranha() && !number->as_written) {
        Fault f = fault(ErrorKind::int_expected, word, "an integer of 32 bits");
        f.detail += fmt::format("; Piranha would take it for {}", number->value);
        return f;
    }
    if (!piranha() && number->octal) {
        warn(fmt::format("{} starts with 0 and is read as octal: {}", word, number->value));
    }
    return number->value;
}

Read<Duration> ValueReader::seconds(std::string_view word) {
    if (!piranha() && !read_integer(word)) {
        const auto duration = parse_duration(word);
        if (duration) {
            warn_of_extension(ErrorKind::int_expected);
            return *duration;
        }
    }
    const auto number = integer(word, expected_of(ValueType::seconds, {}));
    if (number.fault) {
        return *number.fault;
    }
    if (!piranha() && *number.value < 0) {
        warn("a negative time: Piranha loads it, but nothing can wait for it");
    }
    return Duration(std::chrono::seconds(*number.value));
}

Read<Duration> ValueReader::period(std::string_view word) {
    const auto expected = expected_of(ValueType::period, {});
    if (const auto duration = parse_duration(word)) {
        return *duration > Duration::zero()
                   ? Read<Duration>(*duration)
                   : Read<Duration>(fault(ErrorKind::int_expected, word, expected));
    }
    const auto number = integer(word, expected);
    if (number.fault) {
        return *number.fault;
    }
    if (*number.value < 1) {
        return fault(ErrorKind::int_expected, word, expected);
    }
    return Duration(std::chrono::seconds(*number.value));
}

Read<std::int64_t> ValueReader::times(std::string_view word) {
    const auto expected = expected_of(ValueType::times, {});
    const auto number = integer(word, expected);
    if (number.fault) {
        return *number.fault;
    }
    if (*number.value < 1) {
        return fault(ErrorKind::int_expected, word, expected);
    }
    return std::int64_t{*number.value};
}

Read<StatusRange> ValueReader::status_range(std::string_view word) {
    const auto status = [](std::string_view digits) -> std::optional<std::uint16_t> {
        const bool three =
            digits.size() == 3 && digits.find_first_not_of("0123456789") == std::string_view::npos;
        const int value =
            three ? (digits[0] - '0') * 100 + (digits[1] - '0') * 10 + digits[2] - '0' : 0;
        return value >= 200 && value <= 599 ? std::optional(static_cast<std::uint16_t>(value))
                                            : std::nullopt;
    };
    const auto dash = word.find('-');
    const auto first = status(word.substr(0, dash));
    const auto last = dash == std::string_view::npos ? first : status(word.substr(dash + 1));
    if (!first || !last || *first > *last) {
        return fault(ErrorKind::bad_argument, word, expected_of(ValueType::status_range, {}));
    }
    return StatusRange{*first, *last};
}

std::optional<Fault> ValueReader::url_part(std::string_view word, ValueType type) {
    const bool printable = std::ranges::all_of(word, [](char c) { return c > ' ' && c < '\x7F'; });
    const bool starts = type == ValueType::url_host ? !word.empty() : word.starts_with('/');
    if (!printable || !starts) {
        return fault(ErrorKind::bad_argument, word, expected_of(type, {}));
    }
    return std::nullopt;
}

Read<ReadPort> ValueReader::port(std::string_view word, bool by_name) {
    const auto expected = expected_of(by_name ? ValueType::port : ValueType::port_number, {});
    if (by_name && !read_integer(word)) {
        const auto found = options_.services ? options_.services(word) : well_known_tcp_port(word);
        if (!found) {
            return fault(ErrorKind::bad_argument, word, expected);
        }
        return ReadPort{*found, {}};
    }
    const auto number = integer(word, expected);
    if (number.fault) {
        return *number.fault;
    }
    const std::int32_t value = *number.value;
    const bool in_range = value >= 0 && value <= std::numeric_limits<std::uint16_t>::max();
    if (!in_range && !piranha()) {
        return fault(ErrorKind::bad_argument, word, expected);
    }
    // htons() of the number that Piranha holds: the low 16 bits go to the kernel.
    return ReadPort{Port(static_cast<std::uint16_t>(value)),
                    in_range ? PortOutOfRange{} : PortOutOfRange{value}};
}

std::optional<Address> ValueReader::lookup(std::string_view name) const {
    auto found = options_.names ? options_.names(name) : std::nullopt;
    return piranha() && found && !found->is_v4() ? std::nullopt : found;
}

std::optional<Address> ValueReader::address(std::string_view word, ErrorKind kind) {
    if (auto found = read_dotted(word)) {
        // inet_aton() does not look at what follows a blank.
        const bool whole = word.find_first_of(" \t\n\v\f\r") == std::string_view::npos;
        return piranha() || whole ? found : std::nullopt;
    }
    auto found = piranha() ? std::nullopt : Address::parse(word);
    if (found) {
        warn_of_extension(kind);
    }
    return found;
}

Read<Address> ValueReader::host(std::string_view word) {
    if (const auto found = address(word, ErrorKind::bad_argument)) {
        return *found;
    }
    if (const auto found = lookup(word)) {
        return *found;
    }
    return fault(ErrorKind::bad_argument, word, "an address or the name of a known host");
}

Read<Address> ValueReader::nonzero_host(std::string_view word) {
    auto found = host(word);
    if (found.value && found.value->is_unspecified()) {
        return fault(ErrorKind::bad_hostname, word, expected_of(ValueType::nonzero_host, {}));
    }
    return found;
}

Read<Address> ValueReader::dotted(std::string_view word, ErrorKind kind) {
    if (const auto found = address(word, kind)) {
        return *found;
    }
    return fault(kind, word,
                 kind == ErrorKind::bad_netmask ? expected_of(ValueType::netmask, {})
                                                : expected_of(ValueType::dotted, {}));
}

Read<std::optional<Address>> ValueReader::netmask(std::string_view word) {
    const auto mask = dotted(word, ErrorKind::bad_netmask);
    if (mask.fault) {
        return *mask.fault;
    }
    if (!piranha() && mask.value->is_v4() && !prefix_length_of_mask(*mask.value)) {
        warn(fmt::format("{} is an odd netmask: its ones are not in a row", shown(word)));
    }
    return mask.value->is_unspecified() ? std::optional<Address>{} : mask.value;
}

Read<std::optional<Address>> ValueReader::persistence_mask(std::string_view word,
                                                           const std::optional<Address>& before) {
    if (word == "255.255.255.255") {
        return std::optional<Address>{};
    }
    if (piranha() && !read_dotted(word)) {
        return before;
    }
    auto mask = netmask(word);
    if (mask.fault) {
        mask.fault->detail += "; Piranha would keep the mask it had without a word";
    }
    return mask;
}

std::optional<Fault> ValueReader::choice(std::string_view word, std::span<const Choice> choices) {
    const Choice* found = find_choice(word, choices);
    if (found == nullptr || (piranha() && found->origin == Origin::extension)) {
        return fault(ErrorKind::bad_argument, word, expected_of(ValueType::choice, choices));
    }
    if (found->origin == Origin::extension) {
        warn_of_extension(ErrorKind::bad_argument);
    }
    return std::nullopt;
}

std::optional<Fault> ValueReader::flags(std::string_view words, std::span<const Choice> choices) {
    for (std::size_t begin = 0; begin <= words.size();) {
        const std::size_t end = std::min(words.find(',', begin), words.size());
        const auto word = words.substr(begin, end - begin);
        if (find_choice(word, choices) == nullptr) {
            return fault(ErrorKind::bad_argument, word, expected_of(ValueType::flags, choices));
        }
        begin = end + 1;
    }
    return std::nullopt;
}

Read<std::vector<std::string>> ValueReader::list(std::span<const Token> words) {
    const auto expected = expected_of(ValueType::list, {});
    if (words[2].text != "[") {
        return fault(ErrorKind::list_expected, words[2].text, expected);
    }
    std::vector<std::string> items;
    for (std::size_t i = 3; i < words.size(); ++i) {
        if (words[i].text == "]") {
            if (i + 1 < words.size() && !piranha()) {
                warn("what follows the ] is not looked at");
            }
            return items;
        }
        items.emplace_back(words[i].text);
    }
    return Fault{ErrorKind::list_expected, words.size() - 1,
                 fmt::format("no ] ends the list, expected {}", expected)};
}

}  // namespace lvslab::config
