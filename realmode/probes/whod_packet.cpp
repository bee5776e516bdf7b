// SPDX-License-Identifier: GPL-2.0-only
#include "realmode/probes/whod_packet.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>

#include "core/packet/bytes.hpp"

namespace lvslab::realmode {
namespace {

constexpr std::uint8_t version = 1, host_status = 1;

// Offsets of struct whod.
constexpr std::size_t at_version = 0, at_type = 1, at_sent = 4, at_received = 8, at_host = 12,
                      at_load = 44, at_booted = 56, header_size = 60;
constexpr std::size_t host_size = at_load - at_host;

std::int32_t read_number(std::span<const std::uint8_t> bytes, std::size_t at, ByteOrder order) {
    if (order == ByteOrder::network) {
        return static_cast<std::int32_t>(packet::read32(bytes, at));
    }
    std::int32_t number = 0;
    std::memcpy(&number, bytes.data() + at, sizeof number);
    return number;
}

bool is_visible(char c) {
    return c > ' ' && c < '\x7F' && c != '/';
}

}  // namespace

std::optional<WhodPacket> decode_whod(std::span<const std::uint8_t> bytes, ByteOrder order) {
    if (bytes.size() < header_size || bytes[at_version] != version ||
        bytes[at_type] != host_status) {
        return std::nullopt;
    }
    WhodPacket packet;
    packet.sent = read_number(bytes, at_sent, order);
    packet.received = read_number(bytes, at_received, order);
    const auto name = bytes.subspan(at_host, host_size);
    packet.host.assign(name.begin(), std::ranges::find(name, std::uint8_t{0}));
    for (std::size_t i = 0; i < packet.load.size(); ++i) {
        packet.load[i] = read_number(bytes, at_load + 4 * i, order);
    }
    packet.booted = read_number(bytes, at_booted, order);
    const bool good = !packet.host.empty() && packet.host.size() < host_size &&
                      std::ranges::all_of(packet.host, is_visible) &&
                      std::ranges::all_of(packet.load, [](auto load) { return load >= 0; });
    return good ? std::optional{packet} : std::nullopt;
}

std::vector<std::uint8_t> encode(const WhodPacket& packet) {
    std::vector<std::uint8_t> bytes(header_size);
    const auto put = [&](std::size_t at, std::int32_t number) {
        lvslab::packet::write32(bytes, at, static_cast<std::uint32_t>(number));
    };
    bytes[at_version] = version;
    bytes[at_type] = host_status;
    put(at_sent, packet.sent);
    put(at_received, packet.received);
    std::copy_n(packet.host.begin(), std::min(packet.host.size(), host_size - 1),
                bytes.begin() + at_host);
    for (std::size_t i = 0; i < packet.load.size(); ++i) {
        put(at_load + 4 * i, packet.load[i]);
    }
    put(at_booted, packet.booted);
    return bytes;
}

}  // namespace lvslab::realmode
