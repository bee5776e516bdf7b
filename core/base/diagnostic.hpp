// SPDX-License-Identifier: GPL-2.0-only
/// What is wrong in a user's file, and where: errors as values.
#pragma once

#include <compare>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace lvslab {

/// A place in a text. Lines and columns count from 1; columns count bytes. 0 = not known.
struct SourceLocation {
    std::string file;
    unsigned line = 0;
    unsigned column = 0;

    /// "lvs.cf:12:14", "lvs.cf:12" without a column, "lvs.cf" without a line.
    std::string to_string() const;
    friend auto operator<=>(const SourceLocation&, const SourceLocation&) = default;
};

enum class Severity { error, warning, note };

/// One finding: where, what was found, what was expected.
struct Diagnostic {
    Severity severity = Severity::error;
    SourceLocation location;
    std::string message;

    /// "lvs.cf:12:14: message"; warnings and notes carry the word: "lvs.cf:12:14: warning:
    /// message".
    std::string to_string() const;
    friend bool operator==(const Diagnostic&, const Diagnostic&) = default;
};

/// All findings of one reading, in the order of their places.
class Diagnostics {
public:
    void error(SourceLocation where, std::string message);
    void warning(SourceLocation where, std::string message);
    void note(SourceLocation where, std::string message);
    void add(Diagnostic d) { items_.push_back(std::move(d)); }
    void append(const Diagnostics& other);

    bool has_errors() const;
    bool empty() const { return items_.empty(); }
    const std::vector<Diagnostic>& items() const { return items_; }
    /// Sorts by file, line, column; findings of one place keep their order.
    void sort();
    /// One line each, each ended by a newline.
    std::string to_string() const;

private:
    std::vector<Diagnostic> items_;
};

/// A result that carries its findings: `value` is there unless an error made it impossible.
template <class T>
struct Checked {
    std::optional<T> value;
    Diagnostics diagnostics;

    explicit operator bool() const { return value.has_value(); }
    T& operator*() { return *value; }
    const T& operator*() const { return *value; }
    T* operator->() { return &*value; }
    const T* operator->() const { return &*value; }
};

}  // namespace lvslab
