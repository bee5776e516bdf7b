// SPDX-License-Identifier: GPL-2.0-only
#include "core/journal/sentence.hpp"

#include <algorithm>
#include <utility>

namespace lvslab::journal {
namespace {

constexpr std::string_view blanks = " \t\r\n";
constexpr std::string_view operator_characters = "<>=!";

bool is_one_of(char c, std::string_view set) {
    return set.find(c) != std::string_view::npos;
}

/// The length of the word that begins at `at`.
std::size_t word_length(std::string_view text, std::size_t at) {
    if (is_one_of(text[at], "()")) {
        return 1;
    }
    const auto end = is_one_of(text[at], operator_characters)
                         ? text.find_first_not_of(operator_characters, at)
                         : text.find_first_of(" \t\r\n()<>=!", at);
    return std::min(end, text.size()) - at;
}

}  // namespace

std::vector<SentenceWord> sentence_words(std::string_view text) {
    std::vector<SentenceWord> words;
    for (std::size_t at = text.find_first_not_of(blanks); at < text.size();
         at = text.find_first_not_of(blanks, at)) {
        const auto length = word_length(text, at);
        words.push_back({text.substr(at, length), at});
        at += length;
    }
    return words;
}

Sentence::Sentence(std::string_view text, const SourceLocation& where, Diagnostics& diagnostics)
    : text_(text), where_(where), diagnostics_(diagnostics), words_(sentence_words(text)) {}

std::string_view Sentence::peek(std::size_t ahead) const {
    return at_ + ahead < words_.size() ? words_[at_ + ahead].text : std::string_view{};
}

std::string_view Sentence::next() {
    return at_end() ? std::string_view{} : words_[at_++].text;
}

bool Sentence::take(std::initializer_list<std::string_view> words) {
    std::size_t ahead = 0;
    for (const auto word : words) {
        if (peek(ahead++) != word) {
            return false;
        }
    }
    at_ += words.size();
    return true;
}

std::string Sentence::text_between(std::size_t begin, std::size_t end) const {
    if (begin >= end || begin >= words_.size()) {
        return {};
    }
    const auto& last = words_[std::min(end, words_.size()) - 1];
    const auto from = words_[begin].offset;
    return std::string(text_.substr(from, last.offset + last.text.size() - from));
}

void Sentence::error_at(std::size_t position, std::string message) {
    std::size_t offset = 0;
    if (position < words_.size()) {
        offset = words_[position].offset;
    } else if (!words_.empty()) {
        offset = words_.back().offset + words_.back().text.size();
    }
    SourceLocation place = where_;
    if (place.column > 0) {
        place.column += static_cast<unsigned>(offset);
    }
    diagnostics_.error(std::move(place), std::move(message));
}

}  // namespace lvslab::journal
