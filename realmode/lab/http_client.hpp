// SPDX-License-Identifier: GPL-2.0-only
/// A client's program for web servers that are not the lab's own.
#pragma once

#include <memory>

#include "core/scenario/scenario.hpp"
#include "realmode/lab/client_connection.hpp"

namespace lvslab::lab {

/// A TCP connection that asks for one document after the other by HTTP/1.1 (http_exchange.hpp). A
/// response is whole when its document is; its bytes are the document's. It breaks when the
/// connection does, and when the answer is anything but the document.
std::unique_ptr<ClientConnection> make_http_connection(ConnectionOwner& owner,
                                                       scenario::PlannedConnection plan,
                                                       const ClientPlace& place,
                                                       const scenario::Scenario& scenario);

}  // namespace lvslab::lab
