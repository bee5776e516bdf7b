// SPDX-License-Identifier: GPL-2.0-only
/// A client's FTP program.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/scenario/scenario.hpp"
#include "sim/packet/client_connection.hpp"

namespace lvslab::packet_world {

/// A control connection that logs in and fetches one file after the other, each over a data
/// connection as the workload's mode says: PORT, PASV or EPSV. A request is a file: its response is
/// the file's bytes, received when the data connection has ended and the server has said 226. The
/// server that answers is known by the name in its greeting.
///
/// It breaks (refused, reset) when a connection does, and when the server says anything but yes.
std::unique_ptr<ClientConnection> make_ftp_connection(ConnectionOwner& owner,
                                                      scenario::PlannedConnection plan,
                                                      ns3::Ptr<ns3::Node> node,
                                                      const scenario::Scenario& scenario);

}  // namespace lvslab::packet_world
