// SPDX-License-Identifier: GPL-2.0-only
/// GET over HTTP or HTTPS.
#pragma once

#include <memory>
#include <string>

#include <boost/asio/ssl/context.hpp>

#include "core/health/probe.hpp"
#include "realmode/probes/probe_run.hpp"

namespace lvslab::realmode {

/// TLS for checks: whatever certificate and, down to TLS 1.0, whatever version and cipher the
/// server has. A check asks whether it serves, not whether it should be trusted.
boost::asio::ssl::context make_check_tls();

/// One limit for connect, handshake and answer. The host's name is asked for by SNI, unless it is
/// an address (RFC 6066, 3). An end of the stream without TLS's own farewell is an end.
/// `tls` outlives the run.
std::shared_ptr<ProbeRun> make_http_run(EventLoop& loop, boost::asio::ssl::context& tls,
                                        const health::HttpProbe& probe, ProbeRun::Ended ended);

/// The host of a Host line without its port; empty if it is an address.
std::string server_name(const std::string& host);

}  // namespace lvslab::realmode
