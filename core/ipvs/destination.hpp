// SPDX-License-Identifier: GPL-2.0-only
/// A real server at run time, and a service's list of them in the kernel's order.
#pragma once

#include <cstdint>
#include <vector>

#include "core/base/time.hpp"
#include "core/ipvs/ipvs.hpp"
#include "core/ipvs/service.hpp"

namespace lvslab::ipvs {

class Scheduler;

/// One real server with its counters (struct ip_vs_dest). It outlives its place in the list: as
/// long as connections or a scheduler's cache refer to it, it waits in the trash.
struct alignas(64) Destination {
    // What every connection touches, in one cache line.
    std::int32_t weight = 0;
    std::int32_t active = 0;
    std::int32_t total = 0;  ///< active and inactive; templates are not in it
    std::uint32_t slot = 0;  ///< its place in the list: larger is nearer the head
    std::uint32_t upper_threshold = 0;
    std::uint32_t lower_threshold = 0;
    bool available = false;   ///< listed in its service (IP_VS_DEST_CF_AVAILABLE)
    bool overloaded = false;  ///< IP_VS_DEST_F_OVERLOAD
    ForwardingMethod method = ForwardingMethod::nat;
    /// False: no service's. It stands for the address that entries told of by another director go
    /// to while no service here has such a server.
    bool bound = true;
    std::uint32_t references = 0;
    Scheduler* scheduler = nullptr;  ///< to tell of changed counters; none while in the trash
    std::uint64_t connections = 0;
    std::uint32_t id = 0;         ///< its index in the model's pool
    std::int32_t persistent = 0;  ///< templates
    Endpoint endpoint;
    std::int32_t last_weight = 0;  ///< as last added, or edited to something but zero (mh)
    ServiceKey service;            ///< whose it is or was: what a revival is matched by
    Time idle_since = never;       ///< in the trash: first seen without references
    Time dropped_by = never;       ///< in the trash: its entries are gone (expire_nodest_conn)

    std::int32_t inactive() const { return total - active; }
    /// May be given a new connection at all.
    bool eligible() const { return weight > 0 && !overloaded; }
    /// ip_vs_dest_conn_overhead (ip_vs.h), in its two readings.
    std::uint32_t overhead(Profile profile) const {
        const auto rest = profile == Profile::recent ? total : inactive();
        return static_cast<std::uint32_t>(active) * 256U + static_cast<std::uint32_t>(rest);
    }
};

/// A service's real servers in slots: the newest has the highest one and stands at the head.
class DestinationList {
public:
    /// The slot "before the first server": every server's slot is smaller.
    static constexpr std::uint32_t head = 0xFFFFFFFFU;

    /// Puts the server at the head. True if the slots of all others were renumbered for it.
    bool push_front(Destination& d);
    /// Takes the server out; its slot stays empty and `d.slot` keeps the number.
    void erase(Destination& d);

    std::size_t size() const { return size_; }
    Destination* at(std::uint32_t slot) const { return slots_[slot]; }
    /// The server nearest to `slot` on the head's side, or `head`.
    std::uint32_t before(std::uint32_t slot) const;

    /// Calls f(Destination&) for each, from the head.
    template <class F>
    void for_each(F&& f) const {
        for (auto i = slots_.size(); i-- > 0;) {
            if (slots_[i] != nullptr) {
                f(*slots_[i]);
            }
        }
    }

private:
    std::vector<Destination*> slots_;
    std::size_t size_ = 0;
};

}  // namespace lvslab::ipvs
