// SPDX-License-Identifier: GPL-2.0-only
/// Where the load monitor gets a real server's load from.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/address.hpp"

namespace lvslab::ports {

/// lvs.cf's load_monitor, and for `uptime` the program that reaches the server.
struct LoadMethod {
    enum class Program : std::uint8_t { rup, ruptime, uptime };
    Program program = Program::rup;
    std::string remote_shell = "rsh";  ///< lvs.cf's rsh_command
    friend bool operator==(const LoadMethod&, const LoadMethod&) = default;
};

/// The word of lvs.cf.
std::string_view to_string(LoadMethod::Program program);

class LoadSource {
public:
    virtual ~LoadSource() = default;

    /// Calls once, never from within ask(), with the server's one-minute load, or with nothing if
    /// it cannot be had.
    virtual void ask(const Address& server, const LoadMethod& method,
                     std::function<void(std::optional<double> load)> answer) = 0;
};

}  // namespace lvslab::ports
