// SPDX-License-Identifier: GPL-2.0-only
/// Asking a running router from the command line. Waits.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "core/base/diagnostic.hpp"
#include "realmode/daemon/control_protocol.hpp"

namespace lvslab::realmode {

/// A connection to a control socket.
class ControlClient {
public:
    static Checked<ControlClient> connect(const std::string& path);
    ControlClient(ControlClient&& other) noexcept;
    ControlClient& operator=(ControlClient&&) = delete;
    ~ControlClient();

    Checked<ControlAnswer> ask(const ControlRequest& request);
    /// The next line, without its newline; nothing at the end.
    std::optional<std::string> read_line();

private:
    ControlClient(int socket, std::string path) : socket_(socket), path_(std::move(path)) {}

    int socket_;
    std::string path_;
    std::string read_;
};

/// Asks once and prints what is wrong to standard error. Nothing if it did not work.
std::optional<ControlAnswer> ask_router(const std::string& path, const ControlRequest& request);

}  // namespace lvslab::realmode
