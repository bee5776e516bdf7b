// SPDX-License-Identifier: GPL-2.0-only
/// What a daemon tells its supervisor, over a pair of sockets that keep messages apart.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "realmode/daemon/holdings.hpp"
#include "realmode/daemon/supervision.hpp"

namespace lvslab::realmode {

struct Reloading {};

using LifelineMessage =
    std::variant<SignOfLife, WatchedSo, BecameReady, Reloading, EndsInOrder, HoldingsChange>;

/// No message is longer; a longer one is garbage.
inline constexpr std::size_t longest_message = 1024;

/// {"alive":12345}, {"interval":...,"limit":...}, {"ready":true}, {"reloading":true},
/// {"ends":true,"keep":false}, or a line of holdings.
std::string to_message(const LifelineMessage& message);
/// Nothing if it is none.
std::optional<LifelineMessage> parse_message(std::string_view text);

/// The daemon's end. Nothing here waits: a supervisor that does not read misses what does not fit.
class Lifeline {
public:
    /// Takes the socket over; -1 = there is no supervisor, and nothing is sent.
    explicit Lifeline(int socket) : socket_(socket) {}
    ~Lifeline();
    Lifeline(const Lifeline&) = delete;
    Lifeline& operator=(const Lifeline&) = delete;

    /// Whether it went off.
    bool send(const LifelineMessage& message) const;
    int descriptor() const { return socket_; }

private:
    int socket_;
};

}  // namespace lvslab::realmode
