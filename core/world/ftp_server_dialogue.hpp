// SPDX-License-Identifier: GPL-2.0-only
/// The server's side of an FTP control connection, as vsftpd behaves where the manual (3.5) needs
/// it: lines in, lines out, and what its data connections are to do. It knows no socket.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/random.hpp"
#include "core/base/time.hpp"
#include "core/scenario/scenario.hpp"

namespace lvslab::world {

/// Where active data connections come from.
inline constexpr Port ftp_data_port{20};
/// vsftpd's accept_timeout and connect_timeout.
inline constexpr Duration ftp_data_patience = std::chrono::seconds(60);
/// vsftpd's idle_session_timeout and data_connection_timeout.
inline constexpr Duration ftp_idle_patience = std::chrono::seconds(300);

/// Knows USER, PASS, TYPE, PASV, EPSV, PORT, EPRT, RETR, STOR, QUIT. A file's name is its size,
/// "1048576.bin"; one that is stored may have any. 227 tells pasv_address if there is one. A data
/// connection must be with the control connection's own client.
class FtpServerDialogue {
public:
    /// `local` and `peer` are the control connection's. The settings must outlive the dialogue.
    FtpServerDialogue(const scenario::Server& settings, const Endpoint& local,
                      const Endpoint& peer);

    /// What becomes of the data connection that there is, and of the port that waits for one.
    enum class DataEnd : std::uint8_t { none, in_order, reset };
    /// What is to be done, in this order.
    struct Step {
        DataEnd end = DataEnd::none;        ///< the wait for a data connection ends with it
        std::string say{};                  ///< a line, without CRLF; empty = nothing
        bool open_port = false;             ///< a passive port, then port_opened() or no_port()
        bool wait = false;                  ///< gave_up() after ftp_data_patience
        std::optional<Endpoint> connect{};  ///< a data connection to there, from port 20
        bool transfer = false;              ///< the wait is over: it moves bytes now
        bool over = false;                  ///< the session ends, in order
    };

    Step greet() const;
    /// A whole line has come.
    Step hear(std::string_view line);
    Step port_opened(Port port);
    Step no_port() const;
    /// Is a data connection from there its client's, and asked for?
    bool takes_data_from(const Address& client) const;
    /// The data connection stands: its client has come, or the server has reached it.
    Step data_stands();
    /// The other side has closed it, by a FIN or otherwise.
    Step data_closed(bool by_fin);
    /// None has come to stand.
    Step gave_up();
    /// Nothing has happened for ftp_idle_patience.
    Step idle();

    /// Bytes of a file that are still to be sent.
    std::uint64_t unsent() const { return transferring_ ? unsent_ : 0; }
    /// So many have been sent. The last of them end the transfer; call it with 0 for a file of
    /// none.
    Step sent(std::uint64_t bytes);
    bool retrieves() const { return !stores_; }

private:
    Step passive(bool extended);
    Step active(std::string_view line, std::string_view word);
    Step retrieve(std::string_view name);
    Step begin(bool store, std::uint64_t bytes);
    Step transfer();
    Step finish(DataEnd end, std::string answer);
    void forget_data();

    const scenario::Server& settings_;
    Endpoint local_, peer_;
    bool extended_ = false;  ///< EPSV asked for the port
    bool has_port_ = false;  ///< a passive port waits
    bool has_data_ = false;
    std::optional<Endpoint> active_to_;
    std::uint64_t unsent_ = 0;
    bool stores_ = false;
    bool asked_ = false;  ///< RETR or STOR waits for its data connection, or runs
    bool transferring_ = false;
};

/// Passive ports of one server, drawn from its range.
class FtpPassivePorts {
public:
    /// The server must outlive it.
    FtpPassivePorts(const scenario::Server& server, std::uint64_t seed)
        : range_(server.ftp), draws_(seed, "passive ports/" + server.name) {}

    /// Tries ports, each once, until `listen(port)` gives something that is not empty; gives that.
    template <class Listen>
    auto open(Listen&& listen) {
        const std::uint32_t first = range_.pasv_min_port.value();
        const std::uint32_t size = range_.pasv_max_port.value() - first + 1;
        const auto start = static_cast<std::uint32_t>(draws_.below(size));
        auto opened = listen(Port{static_cast<std::uint16_t>(first + start)});
        for (std::uint32_t n = 1; n < size && !opened; ++n) {
            opened = listen(Port{static_cast<std::uint16_t>(first + (start + n) % size)});
        }
        return opened;
    }

private:
    const scenario::FtpServer& range_;
    RandomStream draws_;
};

}  // namespace lvslab::world
