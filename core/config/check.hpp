// SPDX-License-Identifier: GPL-2.0-only
/// What an lvs.cf that can be read says that is wrong, risky or without effect.
#pragma once

#include "core/base/diagnostic.hpp"
#include "core/config/lvs_config.hpp"

namespace lvslab::config {

/// Everything that is found in one configuration, by place. Of virtual services only active ones
/// are looked at. docs/lvs-cf.md lists the rules.
///   - An error: no cluster can run so (two equal services, times that nothing can wait for).
///   - A warning: it runs, though hardly as meant (roles that flap, a directive without effect).
///   - A note: what Piranha 0.8.6 would do with it at run time, where lvslab does better.
/// What Piranha's reader would do differently is told by parse() instead.
Diagnostics check(const LvsConfig& config);

/// Likewise, the notes on Piranha left out.
Diagnostics check_without_notes(const LvsConfig& config);

}  // namespace lvslab::config
