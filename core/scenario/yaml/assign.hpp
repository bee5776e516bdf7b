// SPDX-License-Identifier: GPL-2.0-only
/// Values that were read go into their fields; what could not be read leaves them as they are.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>

namespace lvslab::scenario::yaml {

template <class T, class Value>
void assign(T& field, std::optional<Value> value) {
    if (value) {
        field = std::move(*value);
    }
}

inline void assign_unsigned(unsigned& field, const std::optional<std::uint64_t>& value) {
    if (value) {
        field = static_cast<unsigned>(*value);
    }
}

}  // namespace lvslab::scenario::yaml
