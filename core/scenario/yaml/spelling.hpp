// SPDX-License-Identifier: GPL-2.0-only
/// What a misspelt word was meant to be, by the name that the readers of YAML call it.
#pragma once

#include "core/base/spelling.hpp"

namespace lvslab::scenario::yaml {

using lvslab::suggestion;

}  // namespace lvslab::scenario::yaml
