// SPDX-License-Identifier: GPL-2.0-only
/// The lvs.cf of a router on this host.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/base/address.hpp"
#include "core/base/diagnostic.hpp"
#include "core/config/lvs_config.hpp"
#include "realmode/daemon/lvs_cf_file.hpp"

namespace lvslab::realmode {

/// An error at `primary` if neither it nor `backup` nor `backup_private` is one of `own`. pulse.c
/// (amMaster) takes such a host for the backup: it would hear no heartbeat and become active beside
/// the active router.
Diagnostics check_own_part(const config::LvsConfig& config, const std::vector<Address>& own);

/// This host's addresses, whatever the state of their interfaces. Throws std::system_error if the
/// kernel gives no socket.
std::vector<Address> addresses_of_host();

/// What was read, with an error if it is not for this host.
Checked<LvsCfFile> for_this_host(Checked<LvsCfFile> read);

/// read_lvs_cf(), and the file is for this host.
Checked<LvsCfFile> read_router_config(const std::string& file,
                                      const StillWaiting& still_waiting = {});

/// Keeps what is in force in `file`, which nobody else may read, for a start after a death that
/// finds lvs.cf bad. Names stand in it as the addresses that they had: reading it asks no resolver.
/// Gives why it could not be written, if so.
std::optional<std::string> keep_in_force(const LvsCfFile& in_force, const std::string& file);

}  // namespace lvslab::realmode
