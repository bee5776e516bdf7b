// SPDX-License-Identifier: GPL-2.0-only
#include "core/scenario/yaml/shorthand.hpp"

#include <algorithm>

namespace lvslab::scenario::yaml {
namespace {

bool is_name_byte(char c) {
    return (c >= 'a' && c <= 'z') || c == '-';
}

// Walks the text once and knows just enough YAML to tell where a value may begin.
class Expander {
public:
    Expander(std::string_view text, const std::vector<std::string_view>& names)
        : text_(text), names_(names) {}

    Expanded run() {
        while (at_ < text_.size()) {
            step();
        }
        return std::move(out_);
    }

private:
    char peek(std::size_t ahead = 0) const {
        return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\n';
    }
    void copy() { out_.text += text_[at_++]; }
    void insert(char c) {
        out_.inserted.push_back(out_.text.size());
        out_.text += c;
    }

    void step() {
        const char c = peek();
        if (c == '\n') {
            copy();
            begin_line();
        } else if (c == ' ') {
            after_space_ = true;
            copy();
        } else if (c == '#' && (after_space_ || at_line_start_)) {
            copy_until_line_end();
        } else if (value_may_begin_ && (c == '"' || c == '\'')) {
            copy_quoted(c);
            value_may_begin_ = false;
        } else if (value_may_begin_ && (c == '|' || c == '>')) {
            copy_block();
        } else if (!value_may_begin_ || !is_name_byte(c) || !copy_named_mapping()) {
            plain();
        }
    }

    void begin_line() {
        at_line_start_ = true;
        after_space_ = false;
        value_may_begin_ = true;
        indent_ = 0;
        while (peek(indent_) == ' ') {
            ++indent_;
        }
    }

    void plain() {
        const char c = peek();
        const char next = peek(1);
        const bool space_follows = next == ' ' || next == '\n' || next == '\r';
        value_may_begin_ =
            c == '{' || c == '[' || c == ',' || ((c == ':' || c == '-') && space_follows);
        at_line_start_ = false;
        after_space_ = false;
        copy();
    }

    // At the first byte of a possible `NAME {`; true if it was one and has been copied.
    bool copy_named_mapping() {
        std::size_t length = 0;
        while (is_name_byte(peek(length))) {
            ++length;
        }
        std::size_t brace = length;
        while (peek(brace) == ' ') {
            ++brace;
        }
        const auto name = text_.substr(at_, length);
        if (peek(brace) != '{' || std::ranges::find(names_, name) == names_.end()) {
            return false;
        }
        insert('!');
        out_.text += name;
        if (brace == length) {
            insert(' ');
        }
        at_ += length;
        return true;
    }

    void copy_until_line_end() {
        while (at_ < text_.size() && peek() != '\n') {
            copy();
        }
    }

    void copy_quoted(char quote) {
        copy();
        while (at_ < text_.size()) {
            const bool escapes = quote == '"' ? peek() == '\\' : peek() == '\'' && peek(1) == '\'';
            const bool ends = !escapes && peek() == quote;
            copy();
            if (ends) {
                break;
            }
            if (escapes && at_ < text_.size()) {
                copy();
            }
        }
        at_line_start_ = false;
    }

    // A literal or folded scalar: all lines that are indented deeper than the one it begins on.
    void copy_block() {
        const auto outer = indent_;
        copy_until_line_end();
        while (at_ < text_.size()) {
            std::size_t indent = 1;
            while (peek(indent) == ' ') {
                ++indent;
            }
            if (peek(indent) != '\n' && indent - 1 <= outer) {
                return;
            }
            copy();
            copy_until_line_end();
        }
    }

    std::string_view text_;
    const std::vector<std::string_view>& names_;
    Expanded out_;
    std::size_t at_ = 0;
    std::size_t indent_ = 0;
    bool at_line_start_ = true;
    bool after_space_ = false;
    bool value_may_begin_ = true;
};

}  // namespace

Expanded expand_named_mappings(std::string_view text, const std::vector<std::string_view>& names) {
    return Expander(text, names).run();
}

}  // namespace lvslab::scenario::yaml
