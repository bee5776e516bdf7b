// SPDX-License-Identifier: GPL-2.0-only
/// Random packets for property tests: any family, transport, options, extension headers, payload.
#pragma once

#include <cstdint>
#include <vector>

#include "core/base/quantities.hpp"
#include "core/base/random.hpp"

namespace lvslab::packet::testing {

using Bytes = std::vector<std::uint8_t>;

enum class Kind { tcp, udp, udp_without_checksum, icmp };

struct Made {
    Bytes bytes;  ///< all checksums are right
    Family family;
    Kind kind;
};

Address random_address(RandomStream& random, Family family);
Endpoint random_endpoint(RandomStream& random, Family family);
/// A packet with 0 to 100 bytes of payload, drawn from `random`. It is written field by field here,
/// without the views under test; only its checksums are filled by them.
Made random_packet(RandomStream& random);

}  // namespace lvslab::packet::testing
