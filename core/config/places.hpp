// SPDX-License-Identifier: GPL-2.0-only
/// Where in a file the directives of a model were given.
#pragma once

#include <string_view>

#include "core/config/directives.hpp"

namespace lvslab::config {

/// The place of a directive's value, to be set by a reader.
template <class Model>
Place& place_in(Model& model, const Directive<Model>& directive) {
    model.given.resize(directives_of<Model>().size());
    return model.given[static_cast<std::size_t>(&directive - directives_of<Model>().data())];
}

/// Line 0 if the file leaves the directive to its default, or there is no file.
template <class Model>
Place given_at(const Model& model, std::string_view name) {
    const auto* directive = find_directive<Model>(name);
    const auto index = static_cast<std::size_t>(directive - directives_of<Model>().data());
    return directive != nullptr && index < model.given.size() ? model.given[index] : Place{};
}

template <class Model>
bool is_given(const Model& model, std::string_view name) {
    return given_at(model, name).line != 0;
}

/// The place of the directive's value; that of its block or file if it was not given.
template <class Model>
SourceLocation place_of(const Model& model, std::string_view name) {
    const auto place = given_at(model, name);
    return place.line == 0 ? model.location
                           : SourceLocation{model.location.file, place.line, place.column};
}

}  // namespace lvslab::config
