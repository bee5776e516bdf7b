// SPDX-License-Identifier: GPL-2.0-only
/// The lvs.cf of a router on this host.
#pragma once

#include <string>
#include <vector>

#include "core/base/address.hpp"
#include "core/base/diagnostic.hpp"
#include "core/config/lvs_config.hpp"
#include "realmode/daemon/lvs_cf_file.hpp"

namespace lvslab::realmode {

/// An error at `primary` if neither it nor `backup` is one of `own`. pulse.c (amMaster) takes such
/// a host for the backup: it would hear no heartbeat and become active beside the active router.
Diagnostics check_own_part(const config::LvsConfig& config, const std::vector<Address>& own);

/// This host's addresses, whatever the state of their interfaces. Throws std::system_error if the
/// kernel gives no socket.
std::vector<Address> addresses_of_host();

/// read_lvs_cf(), and the file is for this host.
Checked<LvsCfFile> read_router_config(const std::string& file);

}  // namespace lvslab::realmode
