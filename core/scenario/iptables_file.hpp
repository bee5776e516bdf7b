// SPDX-License-Identifier: GPL-2.0-only
/// Files as iptables-save writes them: /etc/sysconfig/iptables (manual, section 3.6).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/base/diagnostic.hpp"
#include "core/scenario/mark_rule.hpp"
#include "core/scenario/nat_rule.hpp"

namespace lvslab::scenario {

/// The rules that have an effect here.
struct IptablesFile {
    std::vector<MarkRule> marks;  ///< mangle PREROUTING
    std::vector<NatRule> nat;     ///< nat PREROUTING and POSTROUTING
};

/// Reads a whole file; `file` is its name in messages. All errors at once. Rules of other tables
/// and chains are read over, each with a warning that it is not modelled; a rule of these chains
/// that cannot be modelled is an error.
Checked<IptablesFile> read_iptables(std::string_view text, const std::string& file,
                                    const DeviceSides& devices);

}  // namespace lvslab::scenario
