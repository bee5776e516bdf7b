// SPDX-License-Identifier: GPL-2.0-only
/// The local socket over which a running router is asked.
#pragma once

#include <boost/asio/local/stream_protocol.hpp>
#include <functional>
#include <memory>
#include <set>
#include <string>

#include "core/base/diagnostic.hpp"
#include "realmode/daemon/control_protocol.hpp"
#include "realmode/host/event_loop.hpp"

namespace lvslab::realmode {

/// Answers root and the user that it runs as, line by line (control_protocol.hpp). Who is silent
/// for ten seconds is let go; more than 64 at once are turned away. `watch` makes a connection a
/// stream of event lines; a reader that is too slow for it is let go. After `stop` a connection
/// stays open until the router has ended.
class ControlSocket {
public:
    /// To be called once, at once or later, from the loop; who asked may be gone by then.
    using Reply = std::function<void(const ControlAnswer&)>;
    /// Called from the loop. `watch` is answered without it.
    using Handler = std::function<void(const ControlRequest&, Reply)>;

    /// A socket that nobody answers at is replaced. An error if somebody does, or if it cannot be
    /// made.
    static Checked<std::unique_ptr<ControlSocket>> open(EventLoop& loop, const std::string& path,
                                                        Handler handler);
    ~ControlSocket();
    ControlSocket(const ControlSocket&) = delete;
    ControlSocket& operator=(const ControlSocket&) = delete;

    /// Gives all watchers a line, without its newline.
    void tell(const std::string& event_line);
    bool watched() const;

private:
    class Connection;
    struct Shared;
    ControlSocket(EventLoop& loop, std::string path, Handler handler);
    void accept();

    std::string path_;
    std::shared_ptr<Shared> shared_;
    boost::asio::local::stream_protocol::acceptor acceptor_;
    std::shared_ptr<char> alive_ = std::make_shared<char>();
};

}  // namespace lvslab::realmode
