// SPDX-License-Identifier: GPL-2.0-only
/// A YAML document as a tree that knows the place of every key and value.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/base/diagnostic.hpp"

namespace lvslab::scenario::yaml {

struct Entry;

/// A value. Scalars keep their text: what it means is the reader's to say.
struct Node {
    enum class Kind { null, scalar, sequence, mapping };

    Kind kind = Kind::null;
    std::string text;            ///< of a scalar
    std::string name;            ///< of a mapping written `NAME { ... }`; else empty
    bool quoted = false;         ///< a scalar in quotes or a block: columns inside it are not known
    std::vector<Node> items;     ///< of a sequence
    std::vector<Entry> entries;  ///< of a mapping, in the file's order, each key once
    SourceLocation location;

    /// Where the text's byte `offset` stands, as far as that is known.
    SourceLocation location_at(std::size_t offset) const;
};

/// A key of a mapping and its value.
struct Entry {
    std::string key;
    SourceLocation location;
    Node value;
};

/// Limits that keep hostile input cheap.
inline constexpr std::size_t largest_text = 1U << 20U;
inline constexpr std::size_t deepest_nesting = 32;

/// Reads one document. Refused, each with its place: what is not YAML or not UTF-8, a second
/// document, anchors and aliases, tags, keys that are not plain words, keys given twice (the first
/// stays), more than `largest_text` bytes or `deepest_nesting` levels.
Checked<Node> parse(std::string_view text, const std::string& file);

}  // namespace lvslab::scenario::yaml
