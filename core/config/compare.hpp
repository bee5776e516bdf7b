// SPDX-License-Identifier: GPL-2.0-only
/// Two routers' lvs.cf held against each other.
#pragma once

#include "core/base/diagnostic.hpp"
#include "core/config/lvs_config.hpp"

namespace lvslab::config {

/// Every difference between the files of two routers, which are meant to be the same: each at its
/// place in the first file and with its place in the second ("keepalive is 2, but 6 in
/// lvs2.cf:7:13"), in the order of the table of directives. Blocks are held against those of the
/// same name, whatever their order. A difference that keeps the two from failing over for each
/// other (who is primary and backup, where heartbeats go, what is run) is an error, any other a
/// warning. Nothing is found if and only if the two are the same but for the order of their blocks.
Diagnostics compare(const LvsConfig& first, const LvsConfig& second);

}  // namespace lvslab::config
