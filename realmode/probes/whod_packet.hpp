// SPDX-License-Identifier: GPL-2.0-only
/// What rwhod tells of its host (rwhod(8), protocols/rwhod.h: struct whod). Pure.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace lvslab::realmode {

/// The header of a struct whod; who is logged in is passed over.
struct WhodPacket {
    std::int32_t sent = 0;  ///< seconds since 1970 by the sender's clock
    /// By the clock of who keeps the spool file; it means nothing in a datagram.
    std::int32_t received = 0;
    std::string host;                    ///< up to 31 bytes, visible ones
    std::array<std::int32_t, 3> load{};  ///< of 1, 5 and 15 minutes, times 100
    std::int32_t booted = 0;
    friend bool operator==(const WhodPacket&, const WhodPacket&) = default;

    double one_minute() const { return load[0] / 100.0; }
};

/// Datagrams are in network order; rwhod's spool files (whod.HOST) are as the host that keeps them.
enum class ByteOrder : std::uint8_t { network, host };

/// Nothing if it is no status of version 1, is shorter than its header, its host's name is empty or
/// holds what no file's name should, or a load is negative.
std::optional<WhodPacket> decode_whod(std::span<const std::uint8_t> bytes,
                                      ByteOrder order = ByteOrder::network);
/// The server's side, in network order: nobody is logged in.
std::vector<std::uint8_t> encode(const WhodPacket& packet);

}  // namespace lvslab::realmode
