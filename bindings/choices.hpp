// SPDX-License-Identifier: GPL-2.0-only
/// One of several words: how an enumeration is spelled in Python.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <pybind11/pybind11.h>

namespace lvslab::python {

template <class Enum>
struct Choice {
    std::string what;  ///< "profile"
    std::vector<std::pair<std::string, Enum>> values;

    std::optional<Enum> find(const std::string& word) const {
        for (const auto& [name, value] : values) {
            if (name == word) {
                return value;
            }
        }
        return std::nullopt;
    }
    /// "recent, classic"
    std::string words() const {
        std::string all;
        for (const auto& [name, value] : values) {
            all += (all.empty() ? "" : ", ") + name;
        }
        return all;
    }
    /// Throws ValueError, which names the words there are.
    Enum value_of(const std::string& word) const {
        if (const auto found = find(word)) {
            return *found;
        }
        throw pybind11::value_error(fmt::format("\"{}\" is no {} ({})", word, what, words()));
    }
    const std::string& name_of(Enum wanted) const {
        for (const auto& [name, value] : values) {
            if (value == wanted) {
                return name;
            }
        }
        throw pybind11::value_error("a " + what + " without a name");
    }
};

}  // namespace lvslab::python
