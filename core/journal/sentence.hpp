// SPDX-License-Identifier: GPL-2.0-only
/// A sentence cut into its words, each with its place: what the readers of moments and expectations
/// share.
#pragma once

#include <cstddef>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/diagnostic.hpp"

namespace lvslab::journal {

/// A word or an operator of a sentence.
struct SentenceWord {
    std::string_view text;
    std::size_t offset = 0;  ///< in the sentence, in bytes
};

/// The words between blanks; parentheses and the operators <= < >= > == != = are words of their
/// own, blanks or not. The words point into `text`.
std::vector<SentenceWord> sentence_words(std::string_view text);

/// A sentence with a place: a cursor over its words, and errors at them.
class Sentence {
public:
    /// `where` is the place of the first byte of `text`; without a column, errors have none.
    Sentence(std::string_view text, const SourceLocation& where, Diagnostics& diagnostics);

    bool at_end() const { return at_ == words_.size(); }
    /// The word `ahead` words from here; no text behind the end.
    std::string_view peek(std::size_t ahead = 0) const;
    std::string_view next();
    /// Takes these words if they all stand here.
    bool take(std::initializer_list<std::string_view> words);
    void skip(std::size_t words) { at_ += words; }

    std::size_t position() const { return at_; }
    void back_to(std::size_t position) { at_ = position; }
    /// The source text of the words from `begin` up to the word before `end`.
    std::string text_between(std::size_t begin, std::size_t end) const;

    /// An error at this word; behind the last one, at the sentence's end.
    void error_at(std::size_t position, std::string message);
    /// An error at the next word.
    void error(std::string message) { error_at(at_, std::move(message)); }

private:
    std::string_view text_;
    SourceLocation where_;
    Diagnostics& diagnostics_;
    std::vector<SentenceWord> words_;
    std::size_t at_ = 0;
};

}  // namespace lvslab::journal
