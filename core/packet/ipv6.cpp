// SPDX-License-Identifier: GPL-2.0-only
#include "core/packet/ipv6.hpp"

namespace lvslab::packet {
namespace {

// Numbers from IANA's "IPv6 Extension Header Types".
enum Extension : std::uint8_t {
    hop_by_hop = 0,
    routing = 43,
    fragment = 44,
    authentication = 51,
    destination_options = 60,
    mobility = 135,
    host_identity = 139,
    shim6 = 140,
};

bool is_extension(std::uint8_t number) {
    switch (number) {
        case hop_by_hop:
        case routing:
        case fragment:
        case authentication:
        case destination_options:
        case mobility:
        case host_identity:
        case shim6:
            return true;
        default:
            return false;
    }
}

std::size_t extension_length(std::uint8_t number, std::span<const std::uint8_t> header) {
    if (number == fragment) {
        return 8;
    }
    // AH counts words of 4 bytes minus 2 (RFC 4302), all others words of 8 minus 1.
    return number == authentication ? (std::size_t{header[1]} + 2) * 4
                                    : (std::size_t{header[1]} + 1) * 8;
}

}  // namespace

Parsed<Ipv6Chain> walk_extension_headers(std::uint8_t next_header,
                                         std::span<const std::uint8_t> payload) {
    Ipv6Chain chain{.protocol = next_header};
    while (is_extension(chain.protocol)) {
        const auto number = chain.protocol;
        // Hop-by-hop options stand first or nowhere (RFC 8200, 4.1).
        if (number == hop_by_hop && chain.offset != 0) {
            return Malformed::bad_extension;
        }
        const auto rest = payload.subspan(chain.offset);
        if (rest.size() < 8 || rest.size() < extension_length(number, rest)) {
            return Malformed::truncated;
        }
        chain.protocol = rest[0];
        chain.offset += extension_length(number, rest);
        if (number == routing && rest[3] != 0) {
            chain.source_routed = true;
        }
        if (number == fragment) {
            const auto field = read16(rest, 2);
            chain.fragment_offset = field & 0xFFF8U;
            chain.more_fragments = (field & 1U) != 0;
            chain.fragmented = chain.more_fragments || chain.fragment_offset != 0;
            if (chain.fragment_offset != 0) {
                break;
            }
        }
    }
    return chain;
}

}  // namespace lvslab::packet
