// SPDX-License-Identifier: GPL-2.0-only
/// FTP's control connection as either side holds it: lines over a TCP socket (RFC 959, 3.3).
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "core/base/quantities.hpp"
#include "core/world/ftp_lines.hpp"
#include "sim/packet/ns3.hpp"

namespace lvslab::packet_world {

/// Says lines and hears them. Callbacks of the socket that it does not use are its owner's.
class FtpChannel {
public:
    using Hear = std::function<void(const std::string& line)>;

    /// `hear` gets each whole line, without its CRLF.
    FtpChannel(ns3::Ptr<ns3::Socket> socket, Hear hear);
    ~FtpChannel();
    FtpChannel(const FtpChannel&) = delete;
    FtpChannel& operator=(const FtpChannel&) = delete;

    void say(std::string_view line);
    ns3::Socket& socket() { return *socket_; }
    /// This side's endpoint, and the other's.
    Endpoint local() const;
    Endpoint peer() const;

private:
    void on_data(ns3::Ptr<ns3::Socket> socket);

    ns3::Ptr<ns3::Socket> socket_;
    Hear hear_;
    world::FtpLines lines_;
};

}  // namespace lvslab::packet_world
