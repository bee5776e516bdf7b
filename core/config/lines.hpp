// SPDX-License-Identifier: GPL-2.0-only
/// Splitting a file into lines: as Piranha does, and as editors do.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace lvslab::config {

/// One line of a file, its line end removed.
struct Line {
    std::string_view text;
    unsigned number = 0;  ///< from 1
};

/// The lines as Piranha's getNextToks finds them: while a carriage return is still to come, a line
/// runs to it whatever newlines stand between; afterwards a line runs to its newline. Blank lines
/// and comments are passed over (and counted). A NUL at a line's start ends the file; elsewhere it
/// leaves a line without an end, on which the original dereferences a null pointer.
class PiranhaLines {
public:
    explicit PiranhaLines(std::string_view text);

    /// The next line that has words, from its start; nothing at the end of the file.
    std::optional<Line> next();
    /// Lines begun so far: where Piranha says an error is.
    unsigned line_number() const { return number_; }
    /// Whether the original crashes instead of giving the line that next() gave last.
    bool crashed() const { return crashed_; }

private:
    std::size_t line_end();

    std::string_view text_;  ///< up to the first NUL
    bool cut_by_nul_;
    bool crashed_ = false;
    std::size_t position_ = 0;
    std::size_t carriage_return_;  ///< the first one not before position_, or npos
    unsigned number_ = 0;
};

/// The lines as editors show them: each ended by LF, CRLF or CR.
class Lines {
public:
    explicit Lines(std::string_view text) : text_(text) {}

    std::optional<Line> next();
    /// Whether the line that next() gave last ended with a carriage return, LF after it or not.
    bool ended_by_carriage_return() const { return by_carriage_return_; }
    bool ended_by_newline() const { return by_newline_; }

private:
    std::string_view text_;
    bool by_carriage_return_ = false;
    bool by_newline_ = false;
    std::size_t position_ = 0;
    unsigned number_ = 0;
};

}  // namespace lvslab::config
