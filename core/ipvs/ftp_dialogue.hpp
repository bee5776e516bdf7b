// SPDX-License-Identifier: GPL-2.0-only
/// What the kernel's FTP helper reads in a control connection's packets (ip_vs_ftp.c). It looks at
/// one packet at a time: a command or an answer that is cut in two is not seen.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "core/base/quantities.hpp"

namespace lvslab::ipvs {

/// What the client asked for last.
enum class FtpMode : std::uint8_t {
    active,            ///< PORT, EPRT, or nothing: the server connects
    passive,           ///< PASV: the server tells address and port in its answer 227
    extended_passive,  ///< EPSV: it tells a port in its answer 229
};

/// A client's command that prepares a data connection.
struct FtpCommand {
    FtpMode mode = FtpMode::active;
    std::optional<Endpoint> client;  ///< where the server is to connect to (active)
};
/// Reads "PASV", "EPSV", "EPSV 1" (2 for IPv6) anywhere, or "PORT h,h,h,h,p,p" (IPv4) and
/// "EPRT |1|address|port|" at the beginning of a packet.
std::optional<FtpCommand> read_ftp_command(std::span<const std::uint8_t> payload, Family family);

/// A server's answer, and where in the packet it tells the endpoint.
struct FtpAnswer {
    Endpoint data;
    std::size_t offset;
    std::size_t length;
};
/// Reads "227 ... (h,h,h,h,p,p)" or "229 ... (|||port|)" at the beginning of a packet. An answer
/// without an address means `server`.
std::optional<FtpAnswer> read_ftp_answer(std::span<const std::uint8_t> payload, FtpMode mode,
                                         const Address& server);

/// What stands in the answer instead: "h,h,h,h,p,p" or "|||port|".
std::string ftp_answer_text(FtpMode mode, const Endpoint& data);

/// A replacement in the payload of a packet.
struct FtpEdit {
    std::size_t offset;
    std::size_t length;
    std::string text;
};

}  // namespace lvslab::ipvs
