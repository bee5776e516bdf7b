// SPDX-License-Identifier: GPL-2.0-only
/// The commands that go with a role.
#pragma once

#include <string>

namespace lvslab::ports {

class RoleScripts {
public:
    virtual ~RoleScripts() = default;

    /// Starts lvs.cf's active_cmd or inactive_cmd; nobody waits for its end.
    virtual void run(const std::string& command) = 0;
};

}  // namespace lvslab::ports
