// SPDX-License-Identifier: GPL-2.0-only
#include "core/config/lines.hpp"

#include "core/config/tokens.hpp"

namespace lvslab::config {

PiranhaLines::PiranhaLines(std::string_view text)
    : text_(text.substr(0, text.find('\0'))),
      cut_by_nul_(text_.size() < text.size()),
      carriage_return_(text_.find('\r')) {}

std::size_t PiranhaLines::line_end() {
    if (carriage_return_ != std::string_view::npos && carriage_return_ < position_) {
        carriage_return_ = text_.find('\r', position_);
    }
    return carriage_return_ != std::string_view::npos ? carriage_return_
                                                      : text_.find('\n', position_);
}

std::optional<Line> PiranhaLines::next() {
    while (position_ < text_.size()) {
        const std::size_t begin = position_;
        std::size_t end = line_end();
        ++number_;
        if (end == std::string_view::npos) {
            // The original adds a newline to the file, but behind a NUL it never gets there.
            end = text_.size();
            crashed_ = cut_by_nul_;
        }
        position_ = end + 1;
        if (crashed_) {
            position_ = text_.size();
            return Line{text_.substr(begin), number_};
        }
        std::size_t first = begin;
        while (first < end && is_blank(text_[first])) {
            ++first;
        }
        if (first < end && text_[first] != '#' && text_[first] != '\n') {
            return Line{text_.substr(begin, end - begin), number_};
        }
    }
    return std::nullopt;
}

std::optional<Line> Lines::next() {
    if (position_ >= text_.size()) {
        return std::nullopt;
    }
    const std::size_t begin = position_;
    std::size_t end = text_.find_first_of("\r\n", begin);
    by_carriage_return_ = end != std::string_view::npos && text_[end] == '\r';
    by_newline_ = end != std::string_view::npos && !by_carriage_return_;
    if (end == std::string_view::npos) {
        end = text_.size();
    }
    position_ = end + 1;
    if (by_carriage_return_ && position_ < text_.size() && text_[position_] == '\n') {
        by_newline_ = true;
        ++position_;
    }
    return Line{text_.substr(begin, end - begin), ++number_};
}

}  // namespace lvslab::config
