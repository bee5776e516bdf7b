// SPDX-License-Identifier: GPL-2.0-only
/// The datagrams by which one director tells another of its connections (ip_vs_sync.c): version 1
/// (IPv4, IPv6, marks, timeouts, options) read and written, version 0 read.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "core/base/quantities.hpp"

namespace lvslab::ipvs {

/// Bits of a connection's flags that go over the wire (IP_VS_CONN_F_*, linux/ip_vs.h).
namespace sync_flag {
inline constexpr std::uint32_t method = 0x0007;     ///< ForwardingMethod
inline constexpr std::uint32_t sync = 0x0020;       ///< the entry itself came by sync
inline constexpr std::uint32_t hashed = 0x0040;     ///< never sent
inline constexpr std::uint32_t no_output = 0x0080;  ///< no packet of the server was seen
inline constexpr std::uint32_t inactive = 0x0100;   ///< counts as inactive
inline constexpr std::uint32_t out_seq = 0x0200, in_seq = 0x0400;  ///< sequence numbers move
inline constexpr std::uint32_t no_client_port = 0x0800;            ///< waits for its client's port
inline constexpr std::uint32_t is_template = 0x1000;               ///< a persistence template
/// What a backup takes over of a new entry (IP_VS_CONN_F_BACKUP_MASK), and of one that it has
/// (IP_VS_CONN_F_BACKUP_UPD_MASK).
inline constexpr std::uint32_t accepted =
    method | no_output | inactive | out_seq | in_seq | no_client_port | is_template;
inline constexpr std::uint32_t updated = inactive | out_seq | in_seq;
}  // namespace sync_flag

/// How far sequence numbers moved in one direction (struct ip_vs_seq).
struct SyncSequence {
    std::uint32_t initial = 0;
    std::uint32_t delta = 0;
    std::uint32_t previous_delta = 0;
    friend bool operator==(const SyncSequence&, const SyncSequence&) = default;
};

/// One connection or template as a message tells it (struct ip_vs_sync_v4, ip_vs_sync_v6).
struct SyncRecord {
    /// An IP protocol number. A template of a firewall mark has 0, and the mark, as an IPv4
    /// address, in place of the virtual address.
    std::uint8_t protocol = 0;
    std::uint32_t flags = 0;  ///< see sync_flag
    std::uint16_t state = 0;  ///< TcpState; 0 for UDP; 1 in an assured template
    Endpoint client;
    Endpoint virtual_endpoint;
    Endpoint server;
    std::uint32_t fwmark = 0;           ///< of the packet that made it; 0 = none
    std::uint32_t timeout_seconds = 0;  ///< 0 = not told (version 0)
    /// Incoming, outgoing.
    std::optional<std::array<SyncSequence, 2>> sequences;
    /// It names a persistence engine (SIP's), which this model has not.
    bool has_persistence_engine = false;

    friend bool operator==(const SyncRecord&, const SyncRecord&) = default;
};

/// Bytes of a version 1 message's header (struct ip_vs_sync_mesg).
inline constexpr std::size_t sync_header_size = 8;
/// Bytes that a record takes in version 1, without padding to the next one.
std::size_t sync_record_size(const SyncRecord& record);

/// A version 1 message that grows record by record. Each record begins on a multiple of four
/// bytes. The caller adds no record of mixed families and no more than 255.
class SyncMessageWriter {
public:
    explicit SyncMessageWriter(std::uint8_t syncid);
    void add(const SyncRecord& record);
    /// What the message would be long with this record.
    std::size_t size_with(const SyncRecord& record) const;
    std::uint8_t records() const { return bytes_[4]; }
    const std::vector<std::uint8_t>& bytes() const { return bytes_; }

private:
    std::vector<std::uint8_t> bytes_;
};

/// Why a message, or the rest of it, was dropped.
enum class SyncMalformed : std::uint8_t {
    none,
    short_header,         ///< shorter than a header
    wrong_size,           ///< the header tells another length than the datagram has
    short_record,         ///< a record begins but does not end in the message
    unknown_type,         ///< neither IPv4 nor IPv6
    unknown_version,      ///< a record of a version above 0
    bad_option_length,    ///< an option of length 0, or one that runs over its record's end
    bad_sequence_option,  ///< sequence numbers of a wrong length, or twice
    bad_engine_option,    ///< a persistence engine's name or data too long, or twice
};
/// One line for people: "a record runs over the message's end".
std::string_view to_string(SyncMalformed reason);

/// A message read. As in the kernel, the records before a malformed one count.
struct SyncMessageRead {
    std::uint8_t version = 1;
    std::uint8_t syncid = 0;
    std::vector<SyncRecord> records;
    std::uint32_t passed_over = 0;  ///< records with an option that is unknown and must be known
    SyncMalformed malformed = SyncMalformed::none;
};

/// Reads a datagram of either version (ip_vs_process_message).
SyncMessageRead read_sync_message(std::span<const std::uint8_t> bytes);

}  // namespace lvslab::ipvs
