// SPDX-License-Identifier: GPL-2.0-only
/// The client's side of an FTP control connection: lines in, lines out, and what its data
/// connections are to do. It knows no socket.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/scenario/scenario.hpp"

namespace lvslab::world {

/// Logs in and moves one file after the other, each over a data connection as the workload's mode
/// says: PORT, EPRT, PASV or EPSV, then RETR or STOR. A file is over when its data connection has
/// ended and the server has said 226; one that is stored, with the 226. The server that answers is
/// known by the name in its greeting.
///
/// It fails when the server says anything but yes.
class FtpClientDialogue {
public:
    /// `server` is where the control connection goes; the scenario must outlive the dialogue.
    FtpClientDialogue(const scenario::Scenario& scenario, const scenario::FtpTransfers& transfers,
                      const Endpoint& server);

    /// What is to be done next; at the most one of them.
    struct Step {
        std::string say{};                  ///< a line, without CRLF; empty = nothing
        bool ready = false;                 ///< logged in: ask() for the first file
        bool listen = false;                ///< a port for the server to connect to, then offer()
        std::optional<Endpoint> connect{};  ///< a data connection to there, then transfer()
        bool send = false;                  ///< sendable() has become more
        bool complete = false;              ///< the file is over
        bool failed = false;
    };

    /// A whole line has come.
    Step hear(std::string_view line);
    /// The next file, of so many bytes.
    Step ask(std::uint64_t bytes);
    /// The server can connect there: what to say.
    std::string offer(const Endpoint& mine) const;
    /// The data connection that was asked for stands: what to say.
    std::string transfer();

    /// Bytes of a file to store that may be sent now. After the last of them comes a FIN.
    std::uint64_t sendable() const { return may_send_ ? unsent_ : 0; }
    void sent(std::uint64_t bytes) { unsent_ -= bytes; }
    void received(std::uint64_t bytes) { received_ += bytes; }
    /// The data connection is over, by a FIN or otherwise.
    Step data_ended(bool by_fin);
    /// A data connection of this file stands or stood, and has not ended.
    bool data_has_ended() const { return data_ended_; }

    /// Of the file that has come, or is coming.
    std::uint64_t received() const { return received_; }
    /// Who greeted, if it is one of the scenario's.
    std::optional<std::uint32_t> server() const { return served_by_; }

private:
    /// What it has said last, and waits for the answer to.
    enum class Phase : std::uint8_t { greeting, user, password, type, prepare, transfer };

    Step say(Phase phase, std::string line);
    Step greeted(std::string_view line);
    Step prepared(std::string_view code, std::string_view line);
    Step check_complete() const;

    const scenario::Scenario& scenario_;
    const scenario::FtpTransfers& transfers_;
    Endpoint control_;
    Phase phase_ = Phase::greeting;
    std::optional<std::uint32_t> served_by_;
    std::uint64_t file_ = 0;  ///< its bytes
    std::uint64_t received_ = 0;
    std::uint64_t unsent_ = 0;  ///< of a file that it stores
    bool may_send_ = false;     ///< the server has said 150
    bool data_ended_ = false;
    bool said_complete_ = false;
};

}  // namespace lvslab::world
