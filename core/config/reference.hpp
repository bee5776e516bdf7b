// SPDX-License-Identifier: GPL-2.0-only
/// The directives as tables for docs/lvs-cf.md.
#pragma once

#include <string>

#include "core/config/directives.hpp"

namespace lvslab::config {

/// A Markdown table of one level's directives: name, values, default, origin, meaning.
/// docs/lvs-cf.md holds it word for word; a test sees to that.
template <class Model>
std::string reference_table();

extern template std::string reference_table<LvsConfig>();
extern template std::string reference_table<VirtualServer>();
extern template std::string reference_table<RealServer>();

}  // namespace lvslab::config
