// SPDX-License-Identifier: GPL-2.0-only
#include "core/base/diagnostic.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace lvslab {

std::string SourceLocation::to_string() const {
    if (line == 0) {
        return file;
    }
    return column == 0 ? fmt::format("{}:{}", file, line)
                       : fmt::format("{}:{}:{}", file, line, column);
}

std::string Diagnostic::to_string() const {
    const char* word = severity == Severity::warning ? "warning: "
                       : severity == Severity::note  ? "note: "
                                                     : "";
    return fmt::format("{}: {}{}", location.to_string(), word, message);
}

void Diagnostics::error(SourceLocation where, std::string message) {
    add({Severity::error, std::move(where), std::move(message)});
}

void Diagnostics::warning(SourceLocation where, std::string message) {
    add({Severity::warning, std::move(where), std::move(message)});
}

void Diagnostics::note(SourceLocation where, std::string message) {
    add({Severity::note, std::move(where), std::move(message)});
}

void Diagnostics::append(const Diagnostics& other) {
    items_.insert(items_.end(), other.items_.begin(), other.items_.end());
}

bool Diagnostics::has_errors() const {
    return std::ranges::any_of(items_, [](const auto& d) { return d.severity == Severity::error; });
}

void Diagnostics::sort() {
    std::ranges::stable_sort(items_, {}, &Diagnostic::location);
}

std::string Diagnostics::to_string() const {
    std::string text;
    for (const auto& d : items_) {
        text += d.to_string() + '\n';
    }
    return text;
}

}  // namespace lvslab
