// SPDX-License-Identifier: GPL-2.0-only
#include "core/packet/checksum.hpp"

#include "core/packet/bytes.hpp"

namespace lvslab::packet {
namespace {

std::uint16_t folded(std::uint64_t sum) {
    while (sum > 0xFFFF) {
        sum = (sum >> 16) + (sum & 0xFFFF);
    }
    return static_cast<std::uint16_t>(sum);
}

std::uint16_t complement(std::uint16_t word) {
    return static_cast<std::uint16_t>(~word);
}

}  // namespace

void ChecksumSum::add(const Address& address) {
    add(std::span(address.bytes()).first(wire_size(address.family())));
}

void ChecksumSum::add(std::span<const std::uint8_t> bytes) {
    std::size_t at = 0;
    for (; at + 1 < bytes.size(); at += 2) {
        add16(read16(bytes, at));
    }
    if (at < bytes.size()) {
        add16(static_cast<std::uint16_t>(bytes[at] << 8));
    }
}

void ChecksumSum::add_pseudo_header(const Address& source, const Address& destination,
                                    std::uint8_t protocol, std::uint32_t length) {
    // IPv4 and IPv6 order the fields differently and pad them with zeros: the sum is the same.
    add(source);
    add(destination);
    add32(length);
    add16(protocol);
}

std::uint16_t ChecksumSum::checksum() const {
    return complement(folded(sum_));
}

std::uint16_t internet_checksum(std::span<const std::uint8_t> bytes) {
    ChecksumSum sum;
    sum.add(bytes);
    return sum.checksum();
}

void ChecksumChange::replace(const Address& before, const Address& after) {
    for (std::size_t at = 0; at < wire_size(before.family()); at += 2) {
        replace16(read16(before.bytes(), at), read16(after.bytes(), at));
    }
}

std::uint16_t ChecksumChange::applied_to(std::uint16_t checksum) const {
    return complement(folded(sum_ + complement(checksum)));
}

}  // namespace lvslab::packet
