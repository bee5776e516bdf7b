// SPDX-License-Identifier: GPL-2.0-only
#include "tests/unit/packet/random_packet.hpp"

#include "core/packet/rewrite.hpp"

namespace lvslab::packet::testing {
namespace {

void append16(Bytes& bytes, std::size_t value) {
    bytes.push_back(static_cast<std::uint8_t>(value >> 8));
    bytes.push_back(static_cast<std::uint8_t>(value));
}

void append_random(Bytes& bytes, RandomStream& random, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
        // Runs of zeros and ones make the sums that wrap to 0 and 0xFFFF.
        const auto draw = random();
        bytes.push_back(draw % 4 == 0   ? std::uint8_t{0}
                        : draw % 4 == 1 ? std::uint8_t{0xFF}
                                        : static_cast<std::uint8_t>(draw >> 8));
    }
}

void append_address(Bytes& bytes, const Address& a) {
    const auto wire = a.bytes();
    bytes.insert(bytes.end(), wire.begin(), wire.begin() + (a.is_v4() ? 4 : 16));
}

Bytes transport(RandomStream& random, Kind kind) {
    Bytes bytes;
    const auto payload = random.below(101);
    if (kind == Kind::tcp) {
        const auto options = random.below(11) * 4;
        append_random(bytes, random, 12);
        bytes.push_back(static_cast<std::uint8_t>((20 + options) / 4 << 4));
        append_random(bytes, random, 7 + options + payload);
    } else if (kind == Kind::icmp) {
        append_random(bytes, random, 8 + payload);
    } else {
        append_random(bytes, random, 4);
        append16(bytes, 8 + payload);
        append16(bytes, 0);
        append_random(bytes, random, payload);
    }
    return bytes;
}

std::uint8_t protocol_of(Kind kind, Family family) {
    switch (kind) {
        case Kind::tcp:
            return 6;
        case Kind::icmp:
            return family == Family::ipv4 ? 1 : 58;
        default:
            return 17;
    }
}

Bytes ipv4(RandomStream& random, std::uint8_t protocol, const Bytes& payload) {
    const auto options = random.below(11) * 4;
    Bytes bytes;
    bytes.push_back(static_cast<std::uint8_t>(0x40 | (20 + options) / 4));
    append_random(bytes, random, 1);
    append16(bytes, 20 + options + payload.size());
    append_random(bytes, random, 2);
    append16(bytes, random.below(2) * 0x4000);
    append_random(bytes, random, 1);
    bytes.push_back(protocol);
    append16(bytes, 0);
    append_address(bytes, random_address(random, Family::ipv4));
    append_address(bytes, random_address(random, Family::ipv4));
    append_random(bytes, random, options);
    bytes.insert(bytes.end(), payload.begin(), payload.end());
    return bytes;
}

Bytes ipv6(RandomStream& random, std::uint8_t protocol, const Bytes& payload) {
    // Destination options, authentication and an "atomic" fragment header (RFC 6946), in any
    // number.
    Bytes extensions;
    std::uint8_t next = protocol;
    for (auto count = random.below(4); count > 0; --count) {
        Bytes header{next};
        const auto choice = random.below(3);
        if (choice == 0) {
            const auto units = random.below(3);
            header.push_back(static_cast<std::uint8_t>(units));
            append_random(header, random, 6 + 8 * units);
            next = 60;
        } else if (choice == 1) {
            header.push_back(4);
            append_random(header, random, 22);
            next = 51;
        } else {
            header.insert(header.end(), {0, 0, 0});
            append_random(header, random, 4);
            next = 44;
        }
        extensions.insert(extensions.begin(), header.begin(), header.end());
    }
    Bytes bytes{static_cast<std::uint8_t>(0x60 | random.below(16))};
    append_random(bytes, random, 3);
    append16(bytes, extensions.size() + payload.size());
    bytes.push_back(next);
    append_random(bytes, random, 1);
    append_address(bytes, random_address(random, Family::ipv6));
    append_address(bytes, random_address(random, Family::ipv6));
    bytes.insert(bytes.end(), extensions.begin(), extensions.end());
    bytes.insert(bytes.end(), payload.begin(), payload.end());
    return bytes;
}

}  // namespace

Address random_address(RandomStream& random, Family family) {
    Bytes bytes;
    append_random(bytes, random, 16);
    Address::Bytes wire{};
    std::copy(bytes.begin(), bytes.end(), wire.begin());
    return family == Family::ipv6 ? Address::v6(wire)
                                  : Address::v4(static_cast<std::uint32_t>(random()));
}

Endpoint random_endpoint(RandomStream& random, Family family) {
    const auto address = random_address(random, family);
    return {address, Port{static_cast<std::uint16_t>(random())}};
}

Made random_packet(RandomStream& random) {
    Made made;
    made.family = random.below(2) == 0 ? Family::ipv4 : Family::ipv6;
    made.kind = static_cast<Kind>(random.below(4));
    const auto protocol = protocol_of(made.kind, made.family);
    const auto payload = transport(random, made.kind);
    made.bytes = made.family == Family::ipv4 ? ipv4(random, protocol, payload)
                                             : ipv6(random, protocol, payload);
    const auto packet = PacketEditor::parse(made.bytes);
    fill_checksums(*packet);
    if (made.kind == Kind::udp_without_checksum) {
        packet->udp()->set_checksum(0);
    }
    return made;
}

}  // namespace lvslab::packet::testing
