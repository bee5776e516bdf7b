// SPDX-License-Identifier: GPL-2.0-only
#include "core/config/errors.hpp"

#include <fmt/format.h>

#include <limits>
#include <utility>

namespace lvslab::config {

std::string_view piranha_text(ErrorKind kind) {
    switch (kind) {
        case ErrorKind::empty:
            return "Empty configuration";
        case ErrorKind::bad_quoting:
            return "quotation mismatch";
        case ErrorKind::extra_args:
            return "unexpected arguments";
        case ErrorKind::equal_expected:
            return "equal (=) expected after command";
        case ErrorKind::missing_args:
            return "missing arguments";
        case ErrorKind::bad_hostname:
            return "invalid host name or ip address";
        case ErrorKind::bad_argument:
            return "invalid argument";
        case ErrorKind::int_expected:
            return "integer expected";
        case ErrorKind::bool_expected:
            return "boolean expected";
        case ErrorKind::bad_command:
            return "unknown command";
        case ErrorKind::list_expected:
            return "list expected";
        case ErrorKind::bad_netmask:
            return "Bad subnet mask specified";
        case ErrorKind::crash:
            return "Piranha's reader crashes here";
    }
    return "unknown error";
}

std::string shown(std::string_view found) {
    constexpr std::size_t most = 60;
    std::string text = "\"";
    for (const char c : found.substr(0, most)) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20 || byte == 0x7F) {
            text += fmt::format("\\x{:02x}", byte);
        } else {
            text += c;
        }
    }
    text += found.size() > most ? "...\"" : "\"";
    return text;
}

SourceLocation Findings::at(unsigned line, std::size_t column) const {
    constexpr std::size_t widest = std::numeric_limits<unsigned>::max();
    return {file_, line, static_cast<unsigned>(column < widest ? column : widest)};
}

void Findings::error(unsigned line, std::size_t column, std::string message) {
    if (errors_++ < most_) {
        diagnostics_.error(at(line, column), std::move(message));
    }
}

void Findings::warning(unsigned line, std::size_t column, std::string message) {
    if (warnings_++ < most_) {
        diagnostics_.warning(at(line, column), std::move(message));
    }
}

Diagnostics Findings::take() {
    diagnostics_.sort();
    if (errors_ > most_) {
        diagnostics_.note({file_}, fmt::format("{} more errors are not shown", errors_ - most_));
    }
    if (warnings_ > most_) {
        diagnostics_.note({file_},
                          fmt::format("{} more warnings are not shown", warnings_ - most_));
    }
    return std::exchange(diagnostics_, {});
}

}  // namespace lvslab::config
