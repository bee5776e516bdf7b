// SPDX-License-Identifier: GPL-2.0-only
/// The sending half of connection sync: when an entry is told of, and when a datagram leaves.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/base/time.hpp"
#include "core/ipvs/sync.hpp"
#include "core/ipvs/tcp_states.hpp"

namespace lvslab::ipvs {

/// What the master remembers of an entry (members of struct ip_vs_conn).
struct SyncTrack {
    std::uint32_t fwmark = 0;              ///< of the packet that made the entry
    std::uint32_t template_packets = 0;    ///< of its connections, in a template (in_pkts)
    TcpState told_state = TcpState::none;  ///< old_state
    /// sync_endtime, in jiffies: when the entry ends by what was told last. The two low bits count
    /// the times that it was told again.
    std::int64_t told_end = 0;
};

/// What is asked of an entry at a packet.
struct SyncQuestion {
    Protocol protocol;
    TcpState state;
    bool is_template;
    bool in_persistence;    ///< a template controls it
    std::uint32_t packets;  ///< of the client, this one included
    Duration timeout;       ///< of its timer
};

/// Is the entry told of at this packet (ip_vs_sync_conn_needed)? Writes down what was told.
bool sync_needed(const SyncPolicy& policy, const SyncQuestion& entry, SyncTrack& track, Time now);

/// Gathers records into datagrams and lets them go as the kernel's sending thread does: full ones
/// 20 ms after the first of them (at once if there are 8), the one being filled at the first look
/// 2 s or more after it was begun; the thread looks each second.
class SyncSender {
public:
    SyncSender(const SyncMaster& daemon, Time now);

    const SyncMaster& daemon() const { return daemon_; }
    void add(const SyncRecord& record, Time now);
    /// When take() may give something, or `never`. It may be early, never late.
    Time next() const;
    /// What leaves at `now`.
    std::vector<SyncMessage> take(Time now);

private:
    void rest_until(Time now);
    struct Filling {
        SyncMessageWriter message;
        Time begun;
    };
    void queue_current(Time now);
    static SyncMessage message_of(const SyncMessageWriter& writer);

    SyncMaster daemon_;
    std::optional<Filling> current_;
    std::vector<SyncMessage> queue_;
    Time looks_;          ///< when the thread's sleep ends
    Time woken_ = never;  ///< when full messages wake it
};

}  // namespace lvslab::ipvs
