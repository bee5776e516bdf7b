// SPDX-License-Identifier: GPL-2.0-only
/// The connection table: pooled entries of 64 bytes, found by hash.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <memory>
#include <vector>

#include "core/base/prefetch.hpp"
#include "core/base/time.hpp"
#include "core/ipvs/service.hpp"
#include "core/ipvs/tcp_states.hpp"

namespace lvslab::ipvs {

/// The number of an entry in its pool; reused after the entry is gone.
using ConnectionId = std::uint32_t;
inline constexpr ConnectionId no_connection = 0xFFFFFFFFU;
inline constexpr std::uint32_t no_destination = 0xFFFFFFFFU;

/// One entry (struct ip_vs_conn). IPv6 addresses stand in a pool of their own; the entry then
/// holds their number.
struct alignas(64) Connection {
    struct Alarm* queued;        ///< its alarm, if that waits in one of the wheel's queues
    std::uint32_t client;        ///< IPv4 address, or the number of the pair of IPv6 addresses
    std::uint32_t virtual_addr;  ///< IPv4 address or firewall mark; unused for IPv6
    std::uint16_t client_port;
    std::uint16_t virtual_port;
    std::uint16_t server_port;
    Protocol protocol;

    // What is asked together stands in one byte, which is read as it was written: a wider read
    // after a write of a byte makes the processor wait. The two bytes of bits stand apart, or the
    // compiler takes them together.
    std::uint8_t method : 3;          ///< ForwardingMethod, as it was when the entry was made
    std::uint8_t no_client_port : 1;  ///< waits for its client's first packet (NO_CPORT)
    std::uint8_t timer_level : 4;     ///< of the kernel's wheel, by the last timeout

    TcpState state;  ///< in templates: established = assured

    std::uint8_t in_use : 1;
    std::uint8_t alarmed : 1;  ///< the wheel looks at it at `alarm`
    /// A newer entry may have the same key (ConnectionTable::matches).
    std::uint8_t shadowed : 1;
    std::uint8_t ipv6 : 1;
    std::uint8_t is_template : 1;
    std::uint8_t counted_active : 1;
    std::uint8_t no_output : 1;  ///< no packet of the server was seen (IP_VS_CONN_F_NOOUTPUT)
    std::uint8_t by_sync : 1;    ///< another director told of it (IP_VS_CONN_F_SYNC)

    std::uint32_t destination;
    ConnectionId next;         ///< in its hash chain
    ConnectionId controller;   ///< the template that made it
    std::uint32_t controlled;  ///< entries that this template made
    union {
        std::uint32_t timeout_ms;  ///< of a template's timer
        std::uint32_t packets;     ///< of a connection's client so far (in_pkts)
    };
    Time expires;  ///< when the timer is due
    Time alarm;    ///< when the wheel looks at it: never after `expires` asks for it
};
static_assert(sizeof(Connection) == 64);  // one cache line

/// Entries in chunks that never move, with a free list.
class ConnectionPool {
public:
    Connection& operator[](ConnectionId id) { return chunks_[id >> chunk_bits][id & chunk_mask]; }
    const Connection& operator[](ConnectionId id) const {
        return chunks_[id >> chunk_bits][id & chunk_mask];
    }
    ConnectionId allocate();
    void release(ConnectionId id);
    /// Numbers ever given out are below this.
    ConnectionId end() const { return end_; }
    std::size_t bytes() const { return chunks_.size() * sizeof(Connection) << chunk_bits; }

private:
    static constexpr unsigned chunk_bits = 12;
    static constexpr ConnectionId chunk_mask = (1U << chunk_bits) - 1;
    std::vector<std::unique_ptr<Connection[]>> chunks_;
    ConnectionId end_ = 0;
    ConnectionId free_ = no_connection;
};

/// What an entry is found by.
struct ConnectionKey {
    Protocol protocol;
    Endpoint client;
    Endpoint virtual_endpoint;
};

/// The same, where it stands: for the length of a call.
struct ConnectionKeyView {
    ConnectionKeyView(Protocol p, const Endpoint& c, const Endpoint& v)
        : protocol(p), client(c), virtual_endpoint(v) {}
    ConnectionKeyView(const ConnectionKey& key)  // a key is where it stands
        : ConnectionKeyView(key.protocol, key.client, key.virtual_endpoint) {}

    Protocol protocol;
    const Endpoint& client;
    const Endpoint& virtual_endpoint;
};

/// The entries by protocol and client endpoint, newest first among those alike. Buckets of eight
/// places, a cache line each, say by the hash's upper half where they begin: a look-up touches one
/// line, mostly, and the entry itself. An open table of buckets, at most three quarters full, half
/// while it is small: what finds its bucket full goes to the next one that is not.
class ConnectionTable {
public:
    ConnectionTable() : buckets_(first_buckets) {}

    Connection& operator[](ConnectionId id) { return pool_[id]; }
    const Connection& operator[](ConnectionId id) const { return pool_[id]; }
    ConnectionPool& pool() { return pool_; }
    const ConnectionPool& pool() const { return pool_; }

    /// A new entry in the table, with everything but its key zero or empty. A template of a
    /// firewall mark has protocol ip and the mark in place of the virtual address.
    ConnectionId insert(const ConnectionKeyView& key, bool is_template);
    void erase(ConnectionId id);
    /// A connection by client and virtual endpoint (ip_vs_conn_in_get).
    ConnectionId find(const ConnectionKeyView& key) const;
    /// The entry of this number is the one that find(key) gives, for certain. For a caller that
    /// remembers an entry's number; no other entry need be looked at.
    bool matches(ConnectionId id, const ConnectionKeyView& key) const {
        if (id >= pool_.end()) {
            return false;
        }
        const auto& c = pool_[id];
        return c.in_use != 0 && c.shadowed == 0 && c.client_port != 0 &&
               c.client_port == key.client.port.value() &&
               c.virtual_port == key.virtual_endpoint.port.value() && c.protocol == key.protocol &&
               same_addresses(c, key);
    }
    /// Too large for the processor's nearer caches: only then the next three do something, and are
    /// worth being called.
    bool is_far() const { return pool_.end() > far; }
    /// Asks the processor for the entry's cache line.
    void prefetch(ConnectionId id) const {
        if (is_far() && id < pool_.end()) {
            lvslab::prefetch(&pool_[id]);
        }
    }
    /// Asks for the bucket by which erase() will find the entry.
    void prefetch_bucket(ConnectionId id) const {
        if (is_far()) {
            lvslab::prefetch(&buckets_[home(tag_of(hash_of(pool_[id])))]);
        }
    }
    /// Asks for the bucket of a connection to come.
    void prefetch_bucket_for(Protocol protocol, const Endpoint& client) const {
        if (is_far()) {
            const auto h = hash(protocol, client_digest(client.address), client.port.value());
            lvslab::prefetch(&buckets_[home(tag_of(h))]);
        }
    }
    ConnectionId find_template(const ConnectionKeyView& key) const;
    /// The entry, whose client port is 0, takes the first packet from any port of its client.
    void await_client_port(ConnectionId id);
    /// It has come (ip_vs_conn_fill_cport).
    [[gnu::noinline]] void fill_client_port(ConnectionId id, Port port);
    /// A connection by a reply's source (real server, or virtual endpoint unless NAT) and client
    /// (ip_vs_conn_out_get). `server_of(entry)` gives the real server's address.
    template <class ServerOf>
    ConnectionId find_reply(Protocol protocol, const Endpoint& source, const Endpoint& client,
                            ServerOf&& server_of) const;
    /// Renames a template so that no client finds it any more (ip_vs_check_template).
    void invalidate_template(ConnectionId id);

    Address client_address(const Connection& c) const;
    Address virtual_address(const Connection& c) const;
    std::size_t size() const { return size_; }
    std::size_t bytes() const;

private:
    struct AddressPair {
        Address client;
        Address virtual_addr;
    };
    struct Packed {
        std::uint32_t client;
        std::uint32_t virtual_addr;
        bool ipv6;
    };
    static std::uint64_t hash(Protocol protocol, std::uint64_t client, std::uint16_t port) {
        auto h =
            (client ^ (std::uint64_t{port} << 32) ^ (static_cast<std::uint64_t>(protocol) << 48)) *
            0x9E3779B97F4A7C15ULL;
        h ^= h >> 29;  // not 32: ports in turn would crowd in places
        return h * 0xD6E8FEB86659FD93ULL;
    }
    static std::uint64_t client_digest(const Address& a) {
        return a.is_v4() ? a.v4_host_order() : ipv6_digest(a);
    }
    [[gnu::noinline]] static std::uint64_t ipv6_digest(const Address& a);
    /// Four numbers that are looked at at once.
    using Four [[gnu::vector_size(16)]] = std::uint32_t;
    template <std::size_t size>
    static Four four_of(const std::array<std::uint32_t, size>& numbers, std::size_t from) {
        Four four;
        std::memcpy(&four, &numbers[from], sizeof(four));
        return four;
    }
    struct alignas(64) Bucket {
        static constexpr unsigned room = 8;
        std::array<std::uint32_t, room> tags{};
        std::array<ConnectionId, room> newest;  ///< none: the place is free

        Bucket() { newest.fill(no_connection); }
        /// Bit i: place i is the tag's. Bit `room` + i: place i is free. All places at once, for
        /// where a loop would end cannot be foretold.
        std::uint32_t look(std::uint32_t tag) const {
            constexpr Four first{1, 2, 4, 8}, second = first << 4;
            const Four free_1 = four_of(newest, 0) == no_connection;
            const Four free_2 = four_of(newest, 4) == no_connection;
            const Four tag_1 = four_of(tags, 0) == tag;
            const Four tag_2 = four_of(tags, 4) == tag;
            const Four bits = (tag_1 & ~free_1 & first) | (tag_2 & ~free_2 & second) |
                              (free_1 & (first << room)) | (free_2 & (second << room));
            const auto halves = std::bit_cast<std::array<std::uint64_t, 2>>(bits);
            const auto folded = halves[0] | halves[1];
            return static_cast<std::uint32_t>(folded | folded >> 32);
        }
        bool full() const { return look(0) >> room == 0; }
    };
    static constexpr std::size_t no_bucket = ~std::size_t{0};
    /// A place in a bucket.
    struct Place {
        std::size_t bucket;
        unsigned place;
    };
    static constexpr std::size_t first_buckets = 16;
    static constexpr unsigned first_shift = 28;
    static constexpr std::size_t small = std::size_t{1} << 13;  ///< buckets: half a megabyte
    static constexpr ConnectionId far = 1U << 15;               ///< entries: two megabytes

    std::uint64_t hash_of(const Connection& c) const;
    static std::uint32_t tag_of(std::uint64_t hash) {
        return static_cast<std::uint32_t>(hash >> 32);
    }
    std::size_t home(std::uint32_t tag) const { return tag >> shift_; }
    /// The place of this tag, or the free one that it would get.
    Place place_of(std::uint32_t tag) const {
        const auto* const buckets = buckets_.data();
        const auto mask = buckets_.size() - 1;
        auto at = home(tag);
        auto bits = buckets[at].look(tag);
        while (bits == 0) {
            at = (at + 1) & mask;
            bits = buckets[at].look(tag);
        }
        return {at, static_cast<unsigned>(std::countr_zero(bits)) % Bucket::room};
    }
    ConnectionId& newest_at(Place p) { return buckets_[p.bucket].newest[p.place]; }
    /// The newest entry of this tag, or none.
    ConnectionId newest_of(std::uint32_t tag) const {
        looked_for_ = {tag, place_of(tag)};
        return buckets_[looked_for_.place.bucket].newest[looked_for_.place.place];
    }
    bool same_addresses(const Connection& c, const ConnectionKeyView& key) const {
        if (c.ipv6 == 0) {
            return key.client.address.is_v4() && c.client == key.client.address.v4_host_order() &&
                   c.virtual_addr == key.virtual_endpoint.address.v4_host_order();
        }
        return same_ipv6_addresses(c, key);
    }
    [[gnu::noinline]] bool same_ipv6_addresses(const Connection& c,
                                               const ConnectionKeyView& key) const;
    enum class Kind : std::uint8_t { connection, waiting, persistence };
    ConnectionId find(const ConnectionKeyView& key, Kind kind) const;
    void link(ConnectionId id);
    void unlink(ConnectionId id);
    [[gnu::noinline]] void fill_hole(Place hole);
    [[gnu::noinline]] void grow();

    ConnectionPool pool_;
    std::vector<Bucket> buckets_;
    std::size_t most_used_ = first_buckets * Bucket::room / 2;  ///< places, before there are more
    unsigned shift_ = first_shift;  ///< a bucket's number is this much of a tag's upper bits
    std::size_t used_places_ = 0;
    /// Of the last look-up, if nothing changed since: an entry that was missed is made next.
    struct LookedFor {
        std::uint32_t tag = 0;
        Place place{no_bucket, 0};
    };
    mutable LookedFor looked_for_;
    std::size_t size_ = 0;
    std::size_t waiting_ = 0;  ///< entries without a client port
    std::vector<AddressPair> ipv6_;
    std::vector<std::uint32_t> ipv6_free_;
};

template <class ServerOf>
ConnectionId ConnectionTable::find_reply(Protocol protocol, const Endpoint& source,
                                         const Endpoint& client, ServerOf&& server_of) const {
    const auto h = hash(protocol, client_digest(client.address), client.port.value());
    for (auto id = newest_of(tag_of(h)); id != no_connection; id = pool_[id].next) {
        const auto& c = pool_[id];
        if (c.client_port != client.port.value() || c.protocol != protocol ||
            client_address(c) != client.address) {
            continue;
        }
        const bool nat = c.method == static_cast<unsigned>(ForwardingMethod::nat);
        if (nat ? c.server_port == source.port.value() && server_of(c) == source.address
                : c.virtual_port == source.port.value() && virtual_address(c) == source.address) {
            return id;
        }
    }
    return no_connection;
}

}  // namespace lvslab::ipvs
