// SPDX-License-Identifier: GPL-2.0-only
/// What a picture of a failover shows: the moments that matter and the heartbeats, in bounded
/// memory.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "core/base/time.hpp"
#include "core/journal/event.hpp"
#include "core/journal/failover.hpp"

namespace lvslab::journal {

/// A moment of the run. `kind` is one of timeline_kinds() and says what the rest means.
struct TimelineEntry {
    Time time;
    std::string_view kind;
    std::string subject, detail;
};

struct TimelineKind {
    std::string_view name, subject, detail;
};
/// Every kind, with the meaning of an entry's subject and detail.
const std::vector<TimelineKind>& timeline_kinds();

struct HeartbeatEntry {
    Time time;
    std::uint32_t router;
    std::uint8_t path;
    bool sent;  ///< false: heard
    bool running;
};

class Timeline {
public:
    static constexpr std::size_t most_entries = 4096, most_heartbeats = 16384;

    void start(const RunStarted& run);
    void on(Time now, const NodeChanged& event);
    void on(Time now, const FaultInjected& event);
    void on(Time now, const RoleChanged& event);
    void on(Time now, const HeartbeatSent& event);
    void on(Time now, const HeartbeatHeard& event);
    void on(Time now, const HeartbeatPath& event);
    void on(Time now, const AddressRaised& event);
    void on(Time now, const AddressLowered& event);
    void on(Time now, const AddressAnnounced& event);
    void on(Time now, const DestinationAdded& event);
    void on(Time now, const DestinationEdited& event);
    void on(Time now, const DestinationRemoved& event);
    void on(Time now, const DataRole& event);
    void on(Time now, const Takeover& takeover);

    /// The first ones, in order of time.
    const std::vector<TimelineEntry>& entries() const { return entries_; }
    const std::vector<HeartbeatEntry>& heartbeats() const { return heartbeats_; }
    /// That were left out because there were too many.
    std::uint64_t entries_left_out() const { return entries_left_out_; }
    std::uint64_t heartbeats_left_out() const { return heartbeats_left_out_; }

private:
    void add(Time now, std::string_view kind, std::string subject, std::string detail);
    void add(const HeartbeatEntry& heartbeat);
    void destination(Time now, std::uint32_t router, std::uint32_t service, std::uint32_t server,
                     bool in);

    std::vector<std::string> routers_, services_, servers_, data_servers_;
    /// Real servers that each service of each router has met: in, or taken out.
    std::map<std::tuple<std::uint32_t, std::uint32_t, std::uint32_t>, bool> destinations_;
    std::vector<TimelineEntry> entries_;
    std::vector<HeartbeatEntry> heartbeats_;
    std::uint64_t entries_left_out_ = 0, heartbeats_left_out_ = 0;
};

}  // namespace lvslab::journal
