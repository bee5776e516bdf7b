// SPDX-License-Identifier: GPL-2.0-only
/// How an lvsrouter begins that a lab starts in the middle of a story: `lvsrouter run --begin`.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/base/diagnostic.hpp"
#include "core/base/time.hpp"
#include "core/router/lvs_router.hpp"

namespace lvslab::realmode {

/// When the first check of a real server is made, counted from the beginning.
struct FirstCheckAt {
    std::string service, server;  ///< names of their blocks in lvs.cf
    Duration after{};
    friend bool operator==(const FirstCheckAt&, const FirstCheckAt&) = default;
};

/// A router::RouterStart as a file, and the moment at which it happens: what takes time before (the
/// program's start, its sockets) is then no part of it.
struct Beginning {
    Time at{};  ///< of the monotonic clock; one that has passed means at once
    pulse::Start how = pulse::Start::cold;
    std::optional<Duration> first_heartbeat{};
    Duration heard_ago{};
    std::vector<FirstCheckAt> first_checks;

    router::RouterStart start() const;
    friend bool operator==(const Beginning&, const Beginning&) = default;
};

/// JSON, times in nanoseconds.
std::string beginning_text(const Beginning& beginning);
/// Reads it back; `file` is its name in messages.
Checked<Beginning> read_beginning(std::string_view text, const std::string& file);

}  // namespace lvslab::realmode
