// SPDX-License-Identifier: GPL-2.0-only
/// Files as sysctl -p reads them: /etc/sysctl.conf (manual, section 2.5).
#pragma once

#include <string>
#include <string_view>

#include "core/base/diagnostic.hpp"
#include "core/scenario/host_files.hpp"

namespace lvslab::scenario {

struct SysctlFile {
    bool ip_forward = false;  ///< net.ipv4.ip_forward
    IpvsSysctls ipvs;         ///< net.ipv4.vs.*
};

/// Reads a whole file; `file` is its name in messages. All errors at once; the last of several
/// values holds. What has no effect here is told in one note; a net.ipv4.vs setting that there is
/// not, or whose effect is not modelled, is an error.
Checked<SysctlFile> read_sysctl(std::string_view text, const std::string& file);

}  // namespace lvslab::scenario
