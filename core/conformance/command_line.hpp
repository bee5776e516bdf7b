// SPDX-License-Identifier: GPL-2.0-only
/// The command lines that recordings carry: a service's, and those run in the director's shell.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/conformance/recording.hpp"

namespace lvslab::conformance {

struct ServiceCommand {
    ipvs::ServiceKey key;
    ipvs::ServiceSettings settings;
    std::string error;  ///< what is not understood; empty = all is
};

/// "svc+ NAME tcp|udp|fwm VIP|MARK PORT SCHEDULER [pers=S] [mask=M] [flags=F]"
ServiceCommand read_service_command(std::string_view text);

struct ShellCommand {
    std::vector<MarkRule> rules;
    std::string error;
};

/// iptables rules of the mangle table that set a mark; several with `;` or `&&` between.
ShellCommand read_shell_command(std::string_view text);

}  // namespace lvslab::conformance
