// SPDX-License-Identifier: GPL-2.0-only
/// What can be wrong in an lvs.cf, in Piranha's kinds and words.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/diagnostic.hpp"

namespace lvslab::config {

/// LVS_ERROR_* of lvsconfig.h; `crash` is where the original's reader dereferences a null pointer.
enum class ErrorKind : std::uint8_t {
    empty,
    bad_quoting,
    extra_args,
    equal_expected,
    missing_args,
    bad_hostname,
    bad_argument,
    int_expected,
    bool_expected,
    bad_command,
    list_expected,
    bad_netmask,
    crash,
};

/// lvsStrerror() of the kind.
std::string_view piranha_text(ErrorKind kind);

/// A piece of the user's text as a message shows it: in quotes, control characters made visible,
/// cut if long.
std::string shown(std::string_view found);

/// Collects what is found in one file, up to a number of errors and of warnings.
class Findings {
public:
    Findings(std::string file, std::size_t most) : file_(std::move(file)), most_(most) {}

    void error(unsigned line, std::size_t column, std::string message);
    void warning(unsigned line, std::size_t column, std::string message);
    bool has_errors() const { return errors_ > 0; }
    SourceLocation at(unsigned line, std::size_t column) const;

    /// The findings by place, ended by how many more there were.
    Diagnostics take();

private:
    std::string file_;
    std::size_t most_;
    std::size_t errors_ = 0;
    std::size_t warnings_ = 0;
    Diagnostics diagnostics_;
};

}  // namespace lvslab::config
