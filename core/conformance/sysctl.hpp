// SPDX-License-Identifier: GPL-2.0-only
/// What net.ipv4.vs.* sets of the model.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/ipvs/ipvs.hpp"

namespace lvslab::conformance {

/// Sets one of net.ipv4.vs.* ("net.ipv4.vs." may be left out). Returns what is wrong: an unknown
/// name, or a value whose effect is not modelled; empty if all is well.
std::string set_sysctl(ipvs::Options& options, std::string_view name, std::int64_t value);

}  // namespace lvslab::conformance
