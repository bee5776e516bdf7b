// SPDX-License-Identifier: GPL-2.0-only
/// Web and FTP servers that are not the lab's own: which, how they are configured, and what a
/// scenario cannot have with them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "core/base/diagnostic.hpp"
#include "core/scenario/scenario.hpp"

namespace lvslab::lab {

/// What real servers run in place of the lab's own server.
struct ServerPrograms {
    bool nginx = false;   ///< for every TCP port that is not FTP's
    bool vsftpd = false;  ///< for FTP's ports
    bool any() const { return nginx || vsftpd; }
};

/// Where a program is: in PATH, /usr/sbin or /sbin; empty if it is nowhere.
std::string program_path(const std::string& name);

/// Those of them that this machine has not got, a sentence each with Debian's package.
std::vector<std::string> missing_programs(const ServerPrograms& programs);

/// What of the scenario the lab's own servers do and these do not, each with its place: a server
/// takes the time that it takes, and answers what it answers.
Diagnostics unsupported_by(const ServerPrograms& programs, const scenario::Scenario& scenario);

/// Whether real servers listen on ports that are not FTP's, for workloads or for checks.
std::vector<Port> web_ports(const scenario::Scenario& scenario, unsigned server);

/// Makes a file of every size that the plan asks for, without content, in `folder`:
/// `documents/SIZE.bin`, as http_exchange.hpp and FTP's dialogue name them; `documents/put`, where
/// anybody can store; and `empty`, an empty folder for vsftpd. Any user can come that far. Throws
/// std::runtime_error if one cannot be made.
void make_documents(const scenario::Scenario& scenario, std::uint64_t seed,
                    const std::filesystem::path& folder);

/// The text of nginx.conf for a server: one process in the foreground. `documents` is the folder
/// that holds the folder of that name, `logs` where error.log and access.log go. Paths without
/// quotes or blanks.
std::string nginx_configuration(const scenario::Scenario& scenario, unsigned server,
                                const std::filesystem::path& documents,
                                const std::filesystem::path& logs);

/// The text of vsftpd.conf for one port of a server: anonymous users in `documents`. They act as
/// the user `ftp`, or `nobody`, whichever has a home, which vsftpd enters first; throws
/// std::runtime_error if neither has.
std::string vsftpd_configuration(const scenario::Scenario& scenario, unsigned server, Port port,
                                 const std::filesystem::path& documents,
                                 const std::filesystem::path& logs);

}  // namespace lvslab::lab
