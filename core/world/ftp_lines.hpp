// SPDX-License-Identifier: GPL-2.0-only
/// What both sides of an FTP control connection share: lines (RFC 959, 3.3), and who serves FTP.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/base/quantities.hpp"
#include "core/scenario/scenario.hpp"

namespace lvslab::world {

/// Cuts what comes on a control connection into lines.
class FtpLines {
public:
    /// The lines that are whole by these bytes, without their CRLF.
    std::vector<std::string> take(std::string_view bytes);

private:
    std::string text_;  ///< of a line that is not whole yet
};

/// Ports that workloads of FTP go to, sorted, each once: an FTP server has them on every real
/// server, health checks included.
std::vector<Port> ftp_ports(const scenario::Scenario& scenario);
bool serves_ftp(const scenario::Scenario& scenario, Port port);

}  // namespace lvslab::world
