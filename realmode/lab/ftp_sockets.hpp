// SPDX-License-Identifier: GPL-2.0-only
/// FTP's two kinds of connection over the kernel's sockets, as either side holds them.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "core/world/ftp_lines.hpp"
#include "realmode/lab/lab_socket.hpp"

namespace lvslab::lab {

/// A control connection that stands: says lines and hears them. No event comes after leave().
class FtpChannel {
public:
    struct Events {
        std::function<void(const std::string& line)> hear;
        std::function<void()> ended;  ///< by a FIN, a RST, or TCP's patience
    };

    FtpChannel(std::unique_ptr<LabSocket> socket, Events events);

    /// Events come from now on.
    void begin() { await_data(); }
    void say(std::string_view line);
    LabSocket& socket() { return *socket_; }
    /// Closed in order, or reset.
    void leave(bool in_order);

private:
    void await_data();
    void read();
    void send();

    std::unique_ptr<LabSocket> socket_;
    Events events_;
    world::FtpLines lines_;
    std::string unsaid_;
    bool over_ = false;
};

/// A data connection: zeros, both ways. No event comes after leave(); it may be destroyed by one.
class FtpData {
public:
    struct Events {
        std::function<void()> stands;  ///< of connect()
        std::function<void(std::uint64_t bytes)> received;
        std::function<void()> room;  ///< for what send() has left
        std::function<void(bool by_fin)> ended;
    };

    FtpData(std::unique_ptr<LabSocket> socket, Events events);

    /// From `local`, whose port 0 is any. False if it cannot even begin.
    bool connect(const Endpoint& local, const Endpoint& remote);
    /// One that was accepted: events come from now on.
    void begin() { await_data(); }
    /// As many of these bytes as there is room for; asks for room if it is not all.
    std::uint64_t send(std::uint64_t bytes);
    /// Nothing more comes from this side.
    void finish();
    void leave(bool in_order);

private:
    void connected();
    void await_data();
    void read();
    void end(bool by_fin);

    std::unique_ptr<LabSocket> socket_;
    Events events_;
    bool over_ = false;
};

}  // namespace lvslab::lab
