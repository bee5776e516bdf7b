// SPDX-License-Identifier: GPL-2.0-only
#include "core/config/tokens.hpp"

#include <algorithm>

namespace lvslab::config {

namespace {

constexpr std::size_t most_words_of_piranha = 99;
constexpr std::size_t most_words = 10'000;

constexpr bool is_quote(char c) {
    return c == '"' || c == '\'';
}

std::size_t skip_blanks(std::string_view line, std::size_t from) {
    while (from < line.size() && is_blank(line[from])) {
        ++from;
    }
    return from;
}

std::size_t next_blank(std::string_view line, std::size_t from) {
    while (from < line.size() && !is_blank(line[from])) {
        ++from;
    }
    return from;
}

void start(std::string_view line, TokenLine& out) {
    out.words.clear();
    out.bad_quote.reset();
    out.odd_quote.reset();
    out.surplus.reset();
    out.column = skip_blanks(line, 0) + 1;
}

void add(TokenLine& out, std::string_view text, char quote, std::size_t at) {
    out.words.push_back(Token{text, quote, at + 1});
}

}  // namespace

void tokenize_as_piranha(std::string_view line, TokenLine& out) {
    start(line, out);
    std::size_t at = out.column - 1;
    while (at < line.size()) {
        if (out.words.size() == most_words_of_piranha) {
            out.surplus = at + 1;
            return;
        }
        std::size_t end = next_blank(line, at);
        if (!is_quote(line[at])) {
            add(out, line.substr(at, end - at), '\0', at);
        } else {
            const char quote = line[at];
            // A carriage return late in the file makes many lines one; quotes stop at each.
            while (end < line.size() && line[end] != '\n' && line[end] != '\r' &&
                   line[end] != quote) {
                ++end;
            }
            if (end < line.size() && line[end] == quote) {
                ++end;
            }
            // A quote alone at the line's end passes for the empty word.
            const bool alone = end == at + 1;
            if (!alone && line[end - 1] != quote) {
                out.bad_quote = at + 1;
                return;
            }
            add(out, alone ? std::string_view{} : line.substr(at + 1, end - at - 2), quote, at);
        }
        at = skip_blanks(line, end);
    }
}

void tokenize(std::string_view line, TokenLine& out) {
    start(line, out);
    std::size_t at = out.column - 1;
    while (at < line.size()) {
        if (out.words.size() == most_words) {
            out.surplus = at + 1;
            return;
        }
        std::size_t end = next_blank(line, at);
        if (!is_quote(line[at])) {
            add(out, line.substr(at, end - at), '\0', at);
        } else {
            const char quote = line[at];
            if (end >= at + 2 && line[end - 1] == quote) {
                if (end < line.size() && !out.odd_quote) {
                    out.odd_quote = at + 1;
                }
            } else {
                end = line.find(quote, end);
                const bool closed = end != std::string_view::npos &&
                                    (end + 1 == line.size() || is_blank(line[end + 1]));
                if (!closed) {
                    out.bad_quote = at + 1;
                    return;
                }
                ++end;
            }
            add(out, line.substr(at + 1, end - at - 2), quote, at);
        }
        at = skip_blanks(line, end);
    }
}

bool can_be_quoted(std::string_view value, char quote) {
    using namespace std::string_view_literals;
    if (value.find_first_of("\n\r\0"sv) != std::string_view::npos) {
        return false;
    }
    const std::size_t blank = next_blank(value, 0);
    const bool closed_early = blank < value.size() && blank > 0 && value[blank - 1] == quote;
    return !closed_early && value.find(quote, blank) == std::string_view::npos;
}

std::optional<std::string_view> quotes_for(std::string_view value) {
    const bool one_word = next_blank(value, 0) == value.size();
    if (one_word && !value.empty() && !is_quote(value.front()) && can_be_quoted(value, '"')) {
        return "";
    }
    if (can_be_quoted(value, '"')) {
        return "\"";
    }
    if (can_be_quoted(value, '\'')) {
        return "'";
    }
    return std::nullopt;
}

}  // namespace lvslab::config
