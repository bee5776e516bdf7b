// SPDX-License-Identifier: GPL-2.0-only
#include "core/config/reference.hpp"

#include <fmt/format.h>

#include "core/config/written.hpp"

namespace lvslab::config {

namespace {

std::string words_of(std::span<const Choice> choices, Origin origin) {
    std::string words;
    for (const auto& choice : choices) {
        if (choice.origin == origin) {
            words += fmt::format("{}`{}`", words.empty() ? "" : ", ", choice.word);
        }
    }
    return words;
}

std::string values_of(ValueType type, std::span<const Choice> choices) {
    if (type == ValueType::flags) {
        return words_of(choices, Origin::extension) + ", joined by commas";
    }
    if (type != ValueType::choice) {
        return expected_of(type, choices);
    }
    const auto extensions = words_of(choices, Origin::extension);
    return words_of(choices, Origin::piranha) +
           (extensions.empty() ? "" : "; extensions " + extensions);
}

}  // namespace

template <class Model>
std::string reference_table() {
    const Model defaults{};
    std::string table =
        "| directive | value | default | origin | meaning |\n"
        "|---|---|---|---|---|\n";
    for (const auto& directive : directives_of<Model>()) {
        const auto value = written(directive, defaults);
        // The port of a server has no default of its own: it is the service's.
        const bool has_default =
            value.kind == Written::Kind::text && directive.type != ValueType::port_number;
        table += fmt::format("| `{}` | {} | {} | {} | {} |\n", directive.name,
                             values_of(directive.type, directive.choices),
                             has_default ? fmt::format("`{}`", value.text) : "none",
                             directive.origin == Origin::piranha ? "Piranha" : "extension",
                             directive.meaning);
    }
    return table;
}

template std::string reference_table<LvsConfig>();
template std::string reference_table<VirtualServer>();
template std::string reference_table<RealServer>();

}  // namespace lvslab::config
