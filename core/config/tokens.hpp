// SPDX-License-Identifier: GPL-2.0-only
/// Splitting a line of lvs.cf into words.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

namespace lvslab::config {

/// One word of a line, its quotes removed.
struct Token {
    std::string_view text;
    char quote = '\0';       ///< '"', '\'' or none
    std::size_t column = 0;  ///< of its first byte (its quote, if it has one), from 1
};

/// A line in words.
struct TokenLine {
    std::vector<Token> words;
    std::size_t column = 1;  ///< of the first word, or of the line's end
    /// Where a quote stands that nothing matches; `words` holds what came before it.
    std::optional<std::size_t> bad_quote;
    /// Where a word stands that Piranha's reader would have split otherwise or refused.
    std::optional<std::size_t> odd_quote;
    /// Where words begin that were not looked at, being too many.
    std::optional<std::size_t> surplus;
};

constexpr bool is_blank(char c) {
    return c == ' ' || c == '\t';
}

/// Words as Piranha splits them (tokenizeString in lvsconfig.c): the first 99 words of the line,
/// and its way with quotes: the search for the closing quote starts behind the first blank.
void tokenize_as_piranha(std::string_view line, TokenLine& out);

/// Words as they are meant: a quoted word runs to the first matching quote that a blank or the
/// line's end follows. It gives the same words as Piranha's rule wherever that one finds a quoted
/// word at the end of its line. At most 10 000 words.
void tokenize(std::string_view line, TokenLine& out);

/// Whether both rules above read `quote value quote`, standing last on its line, as the one word
/// `value`. A quoted value without a blank is no word for Piranha anywhere else on a line.
bool can_be_quoted(std::string_view value, char quote);

/// The quote (or none: "") that must stand around `value` so that it is read as one word. Nothing
/// if no quote does.
std::optional<std::string_view> quotes_for(std::string_view value);

}  // namespace lvslab::config
