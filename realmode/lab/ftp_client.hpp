// SPDX-License-Identifier: GPL-2.0-only
/// A client's FTP program.
#pragma once

#include <memory>

#include "core/scenario/scenario.hpp"
#include "realmode/lab/client_connection.hpp"

namespace lvslab::lab {

/// A control connection that moves one file after the other as world::FtpClientDialogue says; a
/// request of the plan is a file. It breaks when a connection does, and when the server says
/// anything but yes.
std::unique_ptr<ClientConnection> make_ftp_connection(ConnectionOwner& owner,
                                                      scenario::PlannedConnection plan,
                                                      const ClientPlace& place,
                                                      const scenario::Scenario& scenario);

}  // namespace lvslab::lab
