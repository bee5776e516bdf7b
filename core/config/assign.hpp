// SPDX-License-Identifier: GPL-2.0-only
/// One `NAME = VALUE` line to one field of the model.
#pragma once

#include <optional>
#include <span>

#include "core/config/value_reader.hpp"

namespace lvslab::config {

/// Checks the shape of the line (CHECK_ARGS in lvsconfig.c) and stores its value. The model is
/// changed only if there is no fault.
template <class Model>
std::optional<Fault> assign(const Directive<Model>& directive, std::span<const Token> words,
                            Model& model, ValueReader& reader);

extern template std::optional<Fault> assign(const Directive<LvsConfig>&, std::span<const Token>,
                                            LvsConfig&, ValueReader&);
extern template std::optional<Fault> assign(const Directive<VirtualServer>&, std::span<const Token>,
                                            VirtualServer&, ValueReader&);
extern template std::optional<Fault> assign(const Directive<RealServer>&, std::span<const Token>,
                                            RealServer&, ValueReader&);

}  // namespace lvslab::config
