// SPDX-License-Identifier: GPL-2.0-only
/// The value of a directive as lvs.cf spells it.
#pragma once

#include <cstdint>
#include <string>

#include "core/config/directives.hpp"

namespace lvslab::config {

/// What stands behind the `=`: nothing to print, a text, or a value that no text gives.
struct Written {
    enum class Kind : std::uint8_t { absent, text, impossible };
    Kind kind = Kind::absent;
    std::string text;
};

/// The value that the model has for the directive.
template <class Model>
Written written(const Directive<Model>& directive, const Model& model);

extern template Written written(const Directive<LvsConfig>&, const LvsConfig&);
extern template Written written(const Directive<VirtualServer>&, const VirtualServer&);
extern template Written written(const Directive<RealServer>&, const RealServer&);

}  // namespace lvslab::config
