// SPDX-License-Identifier: GPL-2.0-only
/// What the tests of lvs.cf share: reading a text in one way or the other.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "core/config/parse.hpp"

namespace lvslab::config {

inline Options options_for(bool piranha) {
    Options options;
    options.piranha = piranha;
    options.names = [](std::string_view name) -> std::optional<Address> {
        if (name == "alpha.example") {
            return Address::parse("192.0.2.7");
        }
        if (name == "six.example") {
            return Address::parse("2001:db8::7");
        }
        return std::nullopt;
    };
    return options;
}

inline Checked<LvsConfig> as_piranha(std::string_view text) {
    return parse(text, "lvs.cf", options_for(true));
}

inline Checked<LvsConfig> as_meant(std::string_view text) {
    return parse(text, "lvs.cf", options_for(false));
}

/// The value of a text that must be read without an error.
inline LvsConfig must(const Checked<LvsConfig>& read) {
    EXPECT_TRUE(read) << read.diagnostics.to_string();
    return read.value.value_or(LvsConfig{});
}

/// "LINE: message" of the one error at which Piranha stops; "ok" if it does not.
inline std::string stop_of(std::string_view text) {
    const auto read = as_piranha(text);
    if (read) {
        return "ok";
    }
    EXPECT_EQ(read.diagnostics.items().size(), 1U);
    const auto& d = read.diagnostics.items().front();
    return std::to_string(d.location.line) + ": " + d.message;
}

}  // namespace lvslab::config
