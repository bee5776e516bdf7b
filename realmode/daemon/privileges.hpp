// SPDX-License-Identifier: GPL-2.0-only
/// What a router's processes may do, and what they give up.
#pragma once

#include <string>
#include <vector>

namespace lvslab::realmode {

struct KeptPrivileges {
    /// CAP_DAC_READ_SEARCH too: an lvs.cf that belongs to another user (piranha-gui's) can be read
    /// again.
    bool read_any_file = false;
    /// Programs that are started may gain privileges (set-user-ID), as a send_program or an
    /// active_cmd may need.
    bool new_privileges = false;
};

/// Keeps CAP_NET_ADMIN, CAP_NET_RAW and CAP_NET_BIND_SERVICE, as far as they are there, and gives
/// up every other capability for good, for this process, its children and the programs that it
/// starts. Gives one line for each thing that did not work, which stops nobody.
std::vector<std::string> give_up_privileges(const KeptPrivileges& kept);

/// Whether this user can read the file by its capabilities alone.
bool needs_read_privilege(const std::string& file);

/// The capabilities among the three that this process has not got: "CAP_NET_ADMIN".
std::vector<std::string> missing_capabilities();

}  // namespace lvslab::realmode
