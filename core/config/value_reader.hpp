// SPDX-License-Identifier: GPL-2.0-only
/// Words of a line to values of the model, in Piranha's way or with its faults put right.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/config/directives.hpp"
#include "core/config/errors.hpp"
#include "core/config/parse.hpp"
#include "core/config/tokens.hpp"

namespace lvslab::config {

/// What is wrong with a line: at which word, and what the message adds to Piranha's words.
struct Fault {
    ErrorKind kind;
    std::size_t word = 0;
    std::string detail = {};
};

/// A value, or why there is none.
template <class T>
struct Read {
    std::optional<T> value;
    std::optional<Fault> fault;

    Read(T v) : value(std::move(v)) {}      // NOLINT(google-explicit-constructor)
    Read(Fault f) : fault(std::move(f)) {}  // NOLINT(google-explicit-constructor)
};

/// A port as it is used and, where Piranha would hold another number, that one.
struct ReadPort {
    Port port;
    PortOutOfRange out_of_range;
};

/// Reads single values. Faults name word 2, the first value of an assignment.
class ValueReader {
public:
    explicit ValueReader(const Options& options) : options_(options) {}

    Read<bool> boolean(std::string_view word);
    Read<std::int32_t> integer(std::string_view word, std::string_view expected = "an integer");
    Read<Duration> seconds(std::string_view word);
    Read<Duration> period(std::string_view word);
    Read<std::int64_t> times(std::string_view word);
    Read<StatusRange> status_range(std::string_view word);
    /// What stands in the request line or the Host line of a check (url_path or url_host).
    std::optional<Fault> url_part(std::string_view word, ValueType type);
    Read<ReadPort> port(std::string_view word, bool by_name);
    Read<Address> host(std::string_view word);
    Read<Address> nonzero_host(std::string_view word);
    /// `kind` tells what a word that is no address is called.
    Read<Address> dotted(std::string_view word, ErrorKind kind);
    /// Nothing = no mask.
    Read<std::optional<Address>> netmask(std::string_view word);
    Read<std::optional<Address>> persistence_mask(std::string_view word,
                                                  const std::optional<Address>& before);
    std::optional<Fault> choice(std::string_view word, std::span<const Choice> choices);
    std::optional<Fault> flags(std::string_view words, std::span<const Choice> choices);
    /// The words from `[` to `]`; `words` is the whole line.
    Read<std::vector<std::string>> list(std::span<const Token> words);

    /// Says that Piranha would have done something else with the value read last.
    void warn(std::string text) { warnings_.push_back(std::move(text)); }
    void warn_of_extension(ErrorKind kind);
    std::vector<std::string> take_warnings() { return std::exchange(warnings_, {}); }
    bool piranha() const { return options_.piranha; }

private:
    std::optional<Address> lookup(std::string_view name) const;
    std::optional<Address> address(std::string_view word, ErrorKind kind);

    const Options& options_;
    std::vector<std::string> warnings_;
};

}  // namespace lvslab::config
