// SPDX-License-Identifier: GPL-2.0-only
/// The carts of shop sessions: who kept theirs, and who met a server that does not know it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "core/journal/event.hpp"
#include "core/scenario/plan.hpp"

namespace lvslab::scenario {

/// A shop keeps a session's cart in the memory of the real server that took its first request. A
/// client learns from a response which server made it, so a session is broken if its responses come
/// from more than one.
///
/// A connection without an answer breaks no session by itself: it is counted by its outcome
/// (refused, timed out, ...), and the session goes on with its next request. If the server with the
/// cart is gone, that request breaks the session, since another server answers it.
///
/// Memory: sessions under way.
class Carts {
public:
    /// A connection of a session has come to its end; `server` answered it, or journal::no_index.
    /// The session's own end, if this was the last of its connections.
    std::optional<journal::SessionEnded> ended(const PlannedConnection& connection,
                                               std::uint32_t server);
    /// The run is over: the end of every session of which the plan has more connections than it
    /// came to, by workload and session. Afterwards none is under way.
    std::vector<journal::SessionEnded> finish();

private:
    struct Session {
        std::uint32_t server = journal::no_index;  ///< has the cart
        std::uint32_t requests = 0;                ///< connections that ended
        bool broken = false;
    };
    /// By workload and number; a map, so that finish() tells in order.
    std::map<std::pair<std::uint32_t, std::uint64_t>, Session> under_way_;
};

}  // namespace lvslab::scenario
