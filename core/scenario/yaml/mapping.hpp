// SPDX-License-Identifier: GPL-2.0-only
/// A mapping read key by key, so that what is left over is reported.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/base/diagnostic.hpp"
#include "core/scenario/yaml/document.hpp"

namespace lvslab::scenario::yaml {

class Mapping {
public:
    /// `what` names it in messages ("server web1"). Anything but a mapping is an error, and then
    /// every key counts as absent.
    Mapping(const Node& node, std::string what, Diagnostics& diagnostics);

    /// Whether it is a mapping at all.
    explicit operator bool() const { return is_mapping_; }

    /// The value of a key that may be absent; a key without a value is an error. Null = nothing to
    /// read.
    const Node* find(std::string_view key);
    /// The same for a key that must be there.
    const Node* require(std::string_view key);
    /// Makes a key an error of its own, said by this message.
    void refuse(std::string_view key, std::string_view message);
    /// Reports every key that was never asked for.
    void finish();

    const SourceLocation& location() const { return node_.location; }
    const std::string& what() const { return what_; }

private:
    const Entry* entry(std::string_view key);

    const Node& node_;
    std::string what_;
    Diagnostics& diagnostics_;
    std::vector<std::string_view> known_;
    std::vector<std::string_view> refused_;
    bool is_mapping_;
};

}  // namespace lvslab::scenario::yaml
