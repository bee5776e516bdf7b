// SPDX-License-Identifier: GPL-2.0-only
/// Connection sync as an administrator sees it: the two daemons and what they send and receive
/// (ip_vs_sync.c, `ipvsadm --start-daemon`).
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/base/time.hpp"
#include "core/ipvs/sync_message.hpp"

namespace lvslab::ipvs {

/// Where the kernel sends its messages unless told otherwise (IP_VS_SYNC_GROUP, IP_VS_SYNC_PORT).
inline constexpr std::uint32_t sync_multicast_group = 0xE0000051;  // 224.0.0.81
inline constexpr std::uint16_t sync_port = 8848;
/// The longest message that a master makes by itself: an Ethernet frame's IP packet.
inline constexpr std::size_t sync_longest_message = 1500 - 20 - 8;

/// The sysctls net.ipv4.vs.sync_* that decide what is sent.
struct SyncPolicy {
    /// sync_threshold "3 50": a connection is told of at its 3rd client packet, and each 50th one
    /// after. A period of 0 = only at the 3rd.
    std::uint32_t threshold = 3;
    std::uint32_t period = 50;
    /// sync_refresh_period: an entry whose timer moved less than this (and less than half its
    /// timeout, or 10 s if that is more) is not told of again. 0 = no such limit.
    Duration refresh_period{};
    unsigned retries = 0;       ///< sync_retries: told again after an eighth of the above, 0..3
    bool persist_mode = false;  ///< sync_persist_mode: templates only, where there is persistence
};

/// The daemon that sends (`ipvsadm --start-daemon master`).
struct SyncMaster {
    std::uint8_t syncid = 0;
    std::size_t longest_message = sync_longest_message;  ///< in bytes (--sync-maxlen)
};

/// The daemon that receives (`ipvsadm --start-daemon backup`). Both may run at once.
struct SyncBackup {
    std::uint8_t syncid = 0;  ///< takes messages of this id only; 0 = of any
};

/// A datagram to be sent.
struct SyncMessage {
    std::vector<std::uint8_t> bytes;
    std::uint32_t connections = 0;  ///< records in it, templates included
};

/// What a received datagram did.
struct SyncReceipt {
    bool taken = false;  ///< false: no backup daemon runs, another syncid, or not a message at all
    std::uint32_t made = 0;     ///< new entries
    std::uint32_t updated = 0;  ///< entries that were there
    std::uint32_t late = 0;     ///< ends of connections that another one has replaced already
    std::uint32_t refused = 0;  ///< records of no known protocol, state or option
    SyncMalformed malformed = SyncMalformed::none;  ///< what made it drop the rest
};

}  // namespace lvslab::ipvs
