// SPDX-License-Identifier: GPL-2.0-only
/// Heartbeats that only the holders of a key can make: HMAC-SHA-256 over word, number and way.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/base/address.hpp"
#include "core/base/diagnostic.hpp"
#include "core/pulse/words.hpp"

namespace lvslab::realmode {

/// The secret that both routers hold: 16 to 1024 bytes.
struct HeartbeatKey {
    std::vector<std::uint8_t> secret;
};

/// The file's bytes without white space at the end are the key. An error if there is no such file,
/// if others than its owner may read or write it, or if the key is too short or too long.
Checked<HeartbeatKey> read_heartbeat_key(const std::string& file);

/// What the datagrams of one way are numbered by: each is above the one before.
using HeartbeatNumber = std::uint64_t;

/// The way of a datagram. It is not sent but authenticated, so that no datagram can be played back
/// to its sender or on the other path.
struct HeartbeatWay {
    Address from, to;
};

/// 0  word      4 bytes, as without a key (Piranha's)
/// 4  number    8 bytes, network order
/// 12 authentication   32 bytes: HMAC-SHA-256 under the key, over "lvslab heartbeat 1", the
///    addresses from and to (each one byte 4 or 6, then its bytes), word and number
using SealedHeartbeat = std::array<std::uint8_t, 44>;

SealedHeartbeat seal(const HeartbeatKey& key, const HeartbeatWay& way, const pulse::WireWord& word,
                     HeartbeatNumber number);

struct OpenedHeartbeat {
    pulse::WireWord word{};
    HeartbeatNumber number = 0;
    friend bool operator==(const OpenedHeartbeat&, const OpenedHeartbeat&) = default;
};
/// Nothing if the length is another or the authentication is not this key's for this way.
std::optional<OpenedHeartbeat> open_sealed(const HeartbeatKey& key, const HeartbeatWay& way,
                                           std::span<const std::uint8_t> datagram);

}  // namespace lvslab::realmode
