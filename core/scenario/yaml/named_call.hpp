// SPDX-License-Identifier: GPL-2.0-only
/// A named value with parameters, in each of the forms that it may be written in.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "core/base/diagnostic.hpp"
#include "core/scenario/yaml/document.hpp"
#include "core/scenario/yaml/scalars.hpp"

namespace lvslab::scenario::yaml {

/// A name and its arguments: `lognormal mean 12KiB sigma 1.2`, `lognormal 12KiB 1.2`,
/// `lognormal { mean: 12KiB, sigma: 1.2 }` and `{ lognormal: { mean: 12KiB, sigma: 1.2 } }` are the
/// same call.
struct NamedCall {
    /// A parameter's name (no text if its place tells it) and its value.
    struct Argument {
        Word name;
        Word value;
    };

    Word name;
    std::vector<Argument> arguments;
    bool in_words = false;  ///< written as words: a parameter's name may be one of them
};

/// Splits a node into a name and arguments; nothing after an error, or if the node is null.
/// A scalar of one word is a call without arguments. `what` names the value in messages.
std::optional<NamedCall> read_call(const Node* node, std::string_view what, Diagnostics& d);

/// The arguments of a call in the order of `parameters`, the first `required` of which must be
/// there. Unknown, doubled, missing and surplus ones are errors, and then there is nothing.
std::optional<std::vector<std::optional<Word>>> arrange(
    const NamedCall& call, const std::vector<std::string_view>& parameters, std::size_t required,
    Diagnostics& d);

/// The arguments as pairs, of any names: `empirical 1KiB 90% 1MiB 10%`.
std::optional<std::vector<NamedCall::Argument>> paired(const NamedCall& call, Diagnostics& d);

}  // namespace lvslab::scenario::yaml
