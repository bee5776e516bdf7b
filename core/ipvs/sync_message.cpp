// SPDX-License-Identifier: GPL-2.0-only
#include "core/ipvs/sync_message.hpp"

#include "core/packet/bytes.hpp"

namespace lvslab::ipvs {
namespace {

using packet::read16;
using packet::read32;
using packet::read_address;
using packet::wire_size;
using packet::write16;
using packet::write32;
using packet::write_address;
using Bytes = std::span<const std::uint8_t>;

constexpr std::uint8_t protocol_version = 1;
constexpr std::size_t header_size_v0 = 4;
constexpr std::size_t record_size_v0 = 24;
/// What stands before the addresses of a version 1 record.
constexpr std::size_t fixed_size = 24;
constexpr std::uint8_t type_ipv6 = 1;
constexpr unsigned version_shift = 12;
constexpr std::uint16_t size_mask = 0x0FFF;

constexpr std::uint8_t option_sequences = 1;
constexpr std::uint8_t option_engine_data = 2;
constexpr std::uint8_t option_engine_name = 3;
/// Set in an option that may be passed over by those who do not know it.
constexpr std::uint8_t option_optional = 0x40;
constexpr std::size_t option_header = 2;
constexpr std::size_t sequences_size = 24;
constexpr std::size_t longest_engine_name = 16;

constexpr std::size_t padded(std::size_t size) {
    return (size + 3) & ~std::size_t{3};
}

std::size_t addresses_end(Family family) {
    return fixed_size + 3 * wire_size(family);
}

Family family_of(const SyncRecord& record) {
    return record.client.address.family();
}

SyncSequence read_sequence(Bytes bytes, std::size_t at) {
    return {read32(bytes, at), read32(bytes, at + 4), read32(bytes, at + 8)};
}

void write_sequence(std::span<std::uint8_t> bytes, std::size_t at, const SyncSequence& s) {
    write32(bytes, at, s.initial);
    write32(bytes, at + 4, s.delta);
    write32(bytes, at + 8, s.previous_delta);
}

/// What came of reading a record.
struct RecordRead {
    SyncRecord record;
    bool passed_over = false;
    SyncMalformed malformed = SyncMalformed::none;
};

/// One option's data (ip_vs_proc_sync_conn).
SyncMalformed read_option(std::uint8_t type, Bytes data, RecordRead& read, unsigned& seen) {
    const auto kind = static_cast<std::uint8_t>(type & ~option_optional);
    const bool known =
        kind == option_sequences || kind == option_engine_data || kind == option_engine_name;
    if (!known) {
        read.passed_over = read.passed_over || (type & option_optional) == 0;
        return SyncMalformed::none;
    }
    const bool twice = (seen & (1U << kind)) != 0;
    seen |= 1U << kind;
    if (kind == option_sequences) {
        if (twice || data.size() != sequences_size) {
            return SyncMalformed::bad_sequence_option;
        }
        read.record.sequences = {{read_sequence(data, 0), read_sequence(data, 12)}};
        return SyncMalformed::none;
    }
    if (twice || (kind == option_engine_name && data.size() > longest_engine_name)) {
        return SyncMalformed::bad_engine_option;
    }
    read.record.has_persistence_engine =
        read.record.has_persistence_engine || kind == option_engine_data;
    return SyncMalformed::none;
}

SyncMalformed read_options(Bytes options, RecordRead& read) {
    unsigned seen = 0;
    // One that must be known and is not ends the record: what follows is not looked at.
    while (!options.empty() && !read.passed_over) {
        if (options.size() < option_header) {
            return SyncMalformed::bad_option_length;
        }
        const std::size_t length = options[1];
        if (length == 0 || option_header + length > options.size()) {
            return SyncMalformed::bad_option_length;
        }
        const auto malformed =
            read_option(options[0], options.subspan(option_header, length), read, seen);
        if (malformed != SyncMalformed::none) {
            return malformed;
        }
        options = options.subspan(option_header + length);
    }
    return SyncMalformed::none;
}

/// `bytes` is the record, by the size that it tells.
RecordRead read_record(Bytes bytes) {
    RecordRead read;
    const auto type = bytes[0];
    if ((type & type_ipv6) == 0 && type != 0) {
        read.malformed = SyncMalformed::unknown_type;
        return read;
    }
    const auto family = (type & type_ipv6) != 0 ? Family::ipv6 : Family::ipv4;
    if (bytes.size() < addresses_end(family)) {
        read.malformed = SyncMalformed::short_record;
        return read;
    }
    auto& r = read.record;
    r.protocol = bytes[1];
    r.flags = read32(bytes, 4);
    r.state = read16(bytes, 8);
    const auto step = wire_size(family);
    r.client = {read_address(family, bytes, fixed_size), Port{read16(bytes, 10)}};
    // A firewall mark's template has the mark here, whatever the family (protocol IPPROTO_IP).
    r.virtual_endpoint = {
        read_address(r.protocol == 0 ? Family::ipv4 : family, bytes, fixed_size + step),
        Port{read16(bytes, 12)}};
    r.server = {read_address(family, bytes, fixed_size + 2 * step), Port{read16(bytes, 14)}};
    r.fwmark = read32(bytes, 16);
    r.timeout_seconds = read32(bytes, 20);
    read.malformed = read_options(bytes.subspan(addresses_end(family)), read);
    return read;
}

void read_version_1(Bytes bytes, SyncMessageRead& message) {
    std::size_t at = sync_header_size;
    for (unsigned left = bytes[4]; left > 0; --left) {
        if (at + addresses_end(Family::ipv4) > bytes.size()) {
            message.malformed = SyncMalformed::short_record;
            return;
        }
        const auto version_and_size = read16(bytes, at + 2);
        const std::size_t size = version_and_size & size_mask;
        if (at + size > bytes.size() || size < fixed_size) {
            message.malformed = SyncMalformed::short_record;
            return;
        }
        if (version_and_size >> version_shift != 0) {
            message.malformed = SyncMalformed::unknown_version;
            return;
        }
        auto read = read_record(bytes.subspan(at, size));
        if (read.malformed != SyncMalformed::none) {
            message.malformed = read.malformed;
            return;
        }
        if (read.passed_over) {
            ++message.passed_over;
        } else {
            message.records.push_back(read.record);
        }
        at += padded(size);
    }
}

void read_version_0(Bytes bytes, SyncMessageRead& message) {
    std::size_t at = header_size_v0;
    for (unsigned left = bytes[0]; left > 0; --left) {
        if (at + record_size_v0 > bytes.size()) {
            message.malformed = SyncMalformed::short_record;
            return;
        }
        SyncRecord r;
        r.protocol = bytes[at + 1];
        r.client = {read_address(Family::ipv4, bytes, at + 8), Port{read16(bytes, at + 2)}};
        r.virtual_endpoint = {read_address(Family::ipv4, bytes, at + 12),
                              Port{read16(bytes, at + 4)}};
        r.server = {read_address(Family::ipv4, bytes, at + 16), Port{read16(bytes, at + 6)}};
        r.flags = read16(bytes, at + 20);
        r.state = read16(bytes, at + 22);
        at += record_size_v0;
        if ((r.flags & (sync_flag::in_seq | sync_flag::out_seq)) != 0) {
            if (at + sequences_size > bytes.size()) {
                message.malformed = SyncMalformed::short_record;
                return;
            }
            // They stand there as the sender's processor has them; read as a big-endian one's.
            r.sequences = {{read_sequence(bytes, at), read_sequence(bytes, at + 12)}};
            at += sequences_size;
        }
        message.records.push_back(r);
    }
}

}  // namespace

std::size_t sync_record_size(const SyncRecord& record) {
    return addresses_end(family_of(record)) +
           (record.sequences ? option_header + sequences_size : 0);
}

SyncMessageWriter::SyncMessageWriter(std::uint8_t syncid)
    : bytes_({0, syncid, 0, sync_header_size, 0, protocol_version, 0, 0}) {}

std::size_t SyncMessageWriter::size_with(const SyncRecord& record) const {
    return padded(bytes_.size()) + sync_record_size(record);
}

void SyncMessageWriter::add(const SyncRecord& record) {
    const auto family = family_of(record);
    const auto at = padded(bytes_.size());
    const auto size = sync_record_size(record);
    bytes_.resize(at + size);
    const auto bytes = std::span(bytes_).subspan(at);
    bytes[0] = family == Family::ipv6 ? type_ipv6 : 0;
    bytes[1] = record.protocol;
    write16(bytes, 2, static_cast<std::uint16_t>(size));
    write32(bytes, 4, record.flags & ~sync_flag::hashed);
    write16(bytes, 8, record.state);
    write16(bytes, 10, record.client.port.value());
    write16(bytes, 12, record.virtual_endpoint.port.value());
    write16(bytes, 14, record.server.port.value());
    write32(bytes, 16, record.fwmark);
    write32(bytes, 20, record.timeout_seconds);
    const auto step = wire_size(family);
    write_address(bytes, fixed_size, record.client.address);
    write_address(bytes, fixed_size + step, record.virtual_endpoint.address);
    write_address(bytes, fixed_size + 2 * step, record.server.address);
    if (record.sequences) {
        const auto option = fixed_size + 3 * step;
        bytes[option] = option_sequences;
        bytes[option + 1] = sequences_size;
        write_sequence(bytes, option + option_header, (*record.sequences)[0]);
        write_sequence(bytes, option + option_header + 12, (*record.sequences)[1]);
    }
    ++bytes_[4];
    write16(bytes_, 2, static_cast<std::uint16_t>(bytes_.size()));
}

std::string_view to_string(SyncMalformed reason) {
    switch (reason) {
        case SyncMalformed::none:
            return "well formed";
        case SyncMalformed::short_header:
            return "the message is shorter than a header";
        case SyncMalformed::wrong_size:
            return "the header tells another length than the datagram has";
        case SyncMalformed::short_record:
            return "a record runs over the message's end";
        case SyncMalformed::unknown_type:
            return "a record is neither IPv4 nor IPv6";
        case SyncMalformed::unknown_version:
            return "a record is of an unknown version";
        case SyncMalformed::bad_option_length:
            return "an option has no length or runs over its record's end";
        case SyncMalformed::bad_sequence_option:
            return "sequence numbers of a wrong length, or twice";
        case SyncMalformed::bad_engine_option:
            return "a persistence engine's option is too long, or there twice";
    }
    return "";
}

SyncMessageRead read_sync_message(std::span<const std::uint8_t> bytes) {
    SyncMessageRead message;
    if (bytes.size() < header_size_v0) {
        message.malformed = SyncMalformed::short_header;
        return message;
    }
    message.syncid = bytes[1];
    if (read16(bytes, 2) != bytes.size()) {
        message.malformed = SyncMalformed::wrong_size;
        return message;
    }
    const bool newer = bytes.size() >= sync_header_size && bytes[0] == 0 &&
                       bytes[5] == protocol_version && read16(bytes, 6) == 0;
    if (newer) {
        read_version_1(bytes, message);
    } else {
        message.version = 0;
        read_version_0(bytes, message);
    }
    return message;
}

}  // namespace lvslab::ipvs
