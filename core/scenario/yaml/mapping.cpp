// SPDX-License-Identifier: GPL-2.0-only
#include "core/scenario/yaml/mapping.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "core/scenario/yaml/spelling.hpp"

namespace lvslab::scenario::yaml {

Mapping::Mapping(const Node& node, std::string what, Diagnostics& diagnostics)
    : node_(node),
      what_(std::move(what)),
      diagnostics_(diagnostics),
      is_mapping_(node.kind == Node::Kind::mapping && node.name.empty()) {
    if (!is_mapping_) {
        diagnostics_.error(node.location, fmt::format("{} is not a mapping of keys to values "
                                                      "(\"key: value\")",
                                                      what_));
    }
}

const Entry* Mapping::entry(std::string_view key) {
    known_.push_back(key);
    if (!is_mapping_) {
        return nullptr;
    }
    const auto found = std::ranges::find(node_.entries, key, &Entry::key);
    return found == node_.entries.end() ? nullptr : &*found;
}

const Node* Mapping::find(std::string_view key) {
    const auto* found = entry(key);
    if (found == nullptr) {
        return nullptr;
    }
    if (found->value.kind == Node::Kind::null) {
        diagnostics_.error(found->location, fmt::format("\"{}\" has no value", key));
        return nullptr;
    }
    return &found->value;
}

const Node* Mapping::require(std::string_view key) {
    const bool absent =
        is_mapping_ && std::ranges::find(node_.entries, key, &Entry::key) == node_.entries.end();
    if (absent) {
        diagnostics_.error(node_.location, fmt::format("{} has no \"{}\"", what_, key));
    }
    return find(key);
}

void Mapping::refuse(std::string_view key, std::string_view message) {
    const auto* found = entry(key);
    known_.pop_back();  // not to be suggested for another
    refused_.push_back(key);
    if (found != nullptr) {
        diagnostics_.error(found->location, std::string(message));
    }
}

void Mapping::finish() {
    for (const auto& e : node_.entries) {
        if (is_mapping_ && std::ranges::find(known_, e.key) == known_.end() &&
            std::ranges::find(refused_, e.key) == refused_.end()) {
            diagnostics_.error(e.location, fmt::format("{} has no key \"{}\"{}", what_, e.key,
                                                       suggestion(e.key, known_)));
        }
    }
}

}  // namespace lvslab::scenario::yaml
