// SPDX-License-Identifier: GPL-2.0-only
/// What a server's application is in the middle of: a client's connection, or one datagram. Only
/// server_*.cpp include it.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/world/message.hpp"
#include "realmode/lab/server_application.hpp"
#include "realmode/lab/server_datagrams.hpp"
#include "realmode/lab/server_tls.hpp"

namespace lvslab::lab {

/// A TCP connection of a client, or of a check.
class ServerApplication::TcpSession {
public:
    TcpSession(ServerApplication& application, Ticket ticket, std::unique_ptr<LabSocket> socket,
               Port port)
        : application_(application), ticket_(ticket), socket_(std::move(socket)), port_(port) {}

    /// `from_router`: a check may want the application to speak first.
    void begin(bool from_router);
    /// The work for its request is done.
    void respond();
    /// Its request cannot be answered.
    void fail() { refuse(); }
    /// Its process has ended, or its client has gone without a word: a RST says so.
    void abort();
    /// It only waits for the client, and has since before `limit`.
    bool idle_since_before(Time limit) const {
        return phase_ == Phase::reading && last_activity_ < limit;
    }

private:
    enum class Phase : std::uint8_t { reading, serving, sending };

    void read();
    void await_data();
    void take(std::span<const std::uint8_t> bytes);
    void take_secret(std::string_view bytes);
    void become_check();
    void obey(const world::CheckDialogue::Step& step);
    void say(std::string_view text);
    void send();
    void refuse();
    /// Closes in order and is no more.
    void finish();

    ServerApplication& application_;
    Ticket ticket_;
    std::unique_ptr<LabSocket> socket_;
    Port port_;
    Time last_activity_{};
    Phase phase_ = Phase::reading;
    world::RequestHeader request_;
    std::array<std::uint8_t, world::RequestHeader::size> header_{};
    std::array<std::uint8_t, world::ResponseHeader::size> response_{};
    std::uint64_t received_ = 0;
    std::uint64_t to_send_ = 0, sent_ = 0;
    std::optional<world::CheckDialogue> check_;
    std::unique_ptr<ServerTls> tls_;  ///< of a check over HTTPS
    std::string unsaid_;
    bool answered_ = false;
    bool over_ = false;
};

/// One request by datagram, or a check by one.
struct ServerApplication::UdpRequest {
    LabSocket* socket = nullptr;
    DatagramWay way;
    world::RequestHeader header;
    std::optional<std::string> answer;  ///< of a check
};

}  // namespace lvslab::lab
