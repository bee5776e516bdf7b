// SPDX-License-Identifier: GPL-2.0-only
/// Sees the moments that a user named come.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/time.hpp"
#include "core/journal/active_router.hpp"
#include "core/journal/event.hpp"
#include "core/journal/moment.hpp"

namespace lvslab::journal {

/// Watches the events of a run for one moment. It happens at most once at one time, and the events
/// of that time which come after it come after the moment.
///
/// A fault is seen by the words of its FaultInjected (kind, then target: "cut heartbeat private";
/// what undoes it in the same way: "heal heartbeat private"), and by the NodeChanged of the machine
/// that it meets, so that "crash of lvs1" also happens when the active router is crashed and that
/// is lvs1.
class MomentWatch : public Sink {
public:
    static constexpr std::size_t most_times = 4096;

    explicit MomentWatch(Moment moment) : moment_(std::move(moment)) {}

    void take(const Event& event) override;
    /// Called each time that the moment happens, from within take().
    void on_happened(std::function<void(Time)> callback) { callback_ = std::move(callback); }

    const Moment& moment() const { return moment_; }
    /// The first `most_times` times, in order.
    const std::vector<Time>& times() const { return times_; }
    /// All of them.
    std::uint64_t count() const { return count_; }
    /// Whether it has happened at this very time.
    bool happened_at(Time now) const { return count_ > 0 && last_ == now; }

private:
    bool is(Time now, const RunStarted& event);
    bool is(Time now, const NodeChanged& event);
    bool is(Time now, const FaultInjected& event);
    bool is(Time now, const RoleChanged& event);
    bool is(Time now, const AddressAnnounced& event);
    bool is(Time now, const DestinationAdded& event);
    bool is(Time now, const DestinationEdited& event);
    bool is(Time now, const DestinationRemoved& event);
    template <class Other>
    bool is(Time, const Other&) {
        return false;
    }
    bool weighs(std::uint32_t router, std::uint32_t server, bool in);
    void happen(Time now);

    Moment moment_;
    std::function<void(Time)> callback_;
    std::vector<Time> times_;
    std::uint64_t count_ = 0;
    Time last_{};

    ActiveRouter routers_;
    std::vector<std::string> router_names_, servers_;
    std::map<std::string, NodeState, std::less<>> nodes_;  ///< those that are not up
    std::string words_;                                    ///< of the fault with the number
    bool out_ = false;                                     ///< the server has been taken out
};

}  // namespace lvslab::journal
