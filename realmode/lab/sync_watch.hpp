// SPDX-License-Identifier: GPL-2.0-only
/// Connection sync, from the datagrams on a router's cards.
#pragma once

#include <cstdint>

#include "core/journal/event.hpp"
#include "realmode/lab/decisions.hpp"

namespace lvslab::lab {

/// Tells SyncSent for each datagram of the kernel's sending daemon that leaves the router, and
/// SyncReceived for each that comes while the router stands by and so runs the receiving one. What
/// the kernel could not take of it, it does not say: `refused` is 0.
class SyncWatch {
public:
    /// The sink must outlive the watch. `syncid`: the routers' own (lvs.cf, syncdaemon_id).
    SyncWatch(std::uint32_t router, std::uint8_t syncid, journal::Sink& sink)
        : router_(router), syncid_(syncid), sink_(sink) {}

    void take(const CapturedFrame& frame);
    /// An active router sends, one that stands by receives.
    void become(bool active) { active_ = active; }

private:
    std::uint32_t router_;
    std::uint8_t syncid_;
    journal::Sink& sink_;
    bool active_ = false;
};

}  // namespace lvslab::lab
