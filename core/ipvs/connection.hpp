// SPDX-License-Identifier: GPL-2.0-only
/// The connection table: pooled entries of 64 bytes, found by hash, alarmed by a timer wheel.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

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
struct Connection {
    std::uint32_t client;        ///< IPv4 address, or the number of the pair of IPv6 addresses
    std::uint32_t virtual_addr;  ///< IPv4 address or firewall mark; unused for IPv6
    std::uint16_t client_port;
    std::uint16_t virtual_port;
    std::uint16_t server_port;
    Protocol protocol;
    TcpState state;  ///< in templates: established = assured

    std::uint8_t method : 3;  ///< ForwardingMethod, as it was when the entry was made
    std::uint8_t in_use : 1;
    std::uint8_t ipv6 : 1;
    std::uint8_t is_template : 1;
    std::uint8_t counted_active : 1;
    std::uint8_t no_output : 1;       ///< no packet of the server was seen (IP_VS_CONN_F_NOOUTPUT)
    std::uint8_t timer_level : 4;     ///< of the kernel's wheel, by the last timeout
    std::uint8_t no_client_port : 1;  ///< waits for its client's first packet (NO_CPORT)
    std::uint8_t by_sync : 1;         ///< another director told of it (IP_VS_CONN_F_SYNC)
    std::uint16_t timer_slot;         ///< where the alarm hangs in our wheel

    std::uint32_t destination;
    ConnectionId next;         ///< in its hash chain
    ConnectionId controller;   ///< the template that made it
    std::uint32_t controlled;  ///< entries that this template made
    union {
        std::uint32_t timeout_ms;  ///< of a template's timer
        std::uint32_t packets;     ///< of a connection's client so far (in_pkts)
    };
    ConnectionId timer_previous;
    ConnectionId timer_next;
    Time expires;  ///< when the timer is due
    Time alarm;    ///< when the wheel looks at it: never after `expires` asks for it
};
static_assert(sizeof(Connection) == 64);

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

/// Alarms of connections in a wheel of 4 x 256 slots of 2^24 ns (16.8 ms): O(1) to set and to
/// move. Alarms come out in the order of their times, equal ones in the order of entries.
class TimerWheel {
public:
    explicit TimerWheel(ConnectionPool& pool) : pool_(pool) { heads_.fill(no_connection); }

    /// Hangs the entry at its `alarm`. It must not hang anywhere.
    void insert(ConnectionId id);
    /// Takes the entry off; does nothing if it hangs nowhere.
    void remove(ConnectionId id);
    /// Takes off the entry with the earliest alarm at or before `now`, or gives no_connection.
    ConnectionId pop(Time now);
    /// A time before which pop() gives nothing, and at which it gives something or comes nearer.
    Time next() const { return next_; }
    std::size_t bytes() const { return due_.capacity() * sizeof(Due); }

    static constexpr std::uint16_t hangs_nowhere = 0xFFFF;

private:
    static constexpr std::uint16_t in_due = 0xFFFE;
    static constexpr unsigned tick_bits = 24;
    static constexpr unsigned slot_bits = 8;
    static constexpr unsigned levels = 4;
    static constexpr std::uint64_t slots = 1U << slot_bits;

    struct Due {
        Time alarm;
        ConnectionId id;
        friend bool operator>(const Due& a, const Due& b) {
            return a.alarm != b.alarm ? a.alarm > b.alarm : a.id > b.id;
        }
    };

    static std::uint64_t tick_of(Time t) {
        const auto ns = t.time_since_epoch().count();
        return ns <= 0 ? 0 : static_cast<std::uint64_t>(ns) >> tick_bits;
    }
    static Time start_of(std::uint64_t tick) {
        return Time(Duration(static_cast<Duration::rep>(tick << tick_bits)));
    }
    void hang(ConnectionId id);
    void push_due(ConnectionId id);
    void take_slot(unsigned level);
    /// The next tick after `tick_` at which a slot has to be taken, or none.
    std::uint64_t next_tick() const;
    void step_to(std::uint64_t tick);
    void find_next();

    ConnectionPool& pool_;
    std::array<ConnectionId, levels * slots> heads_;
    std::array<std::uint64_t, levels * slots / 64> occupied_{};
    std::vector<Due> due_;    ///< a heap: everything up to the end of `tick_`
    std::uint64_t tick_ = 0;  ///< whose alarms are in due_
    Time next_ = never;
};

/// What an entry is found by.
struct ConnectionKey {
    Protocol protocol;
    Endpoint client;
    Endpoint virtual_endpoint;
};

/// The entries by client endpoint, newest first in each chain.
class ConnectionTable {
public:
    ConnectionTable() : heads_(64, no_connection) {}

    Connection& operator[](ConnectionId id) { return pool_[id]; }
    const Connection& operator[](ConnectionId id) const { return pool_[id]; }
    ConnectionPool& pool() { return pool_; }
    const ConnectionPool& pool() const { return pool_; }

    /// A new entry in the table, with everything but its key zero or empty. A template of a
    /// firewall mark has protocol ip and the mark in place of the virtual address.
    ConnectionId insert(const ConnectionKey& key, bool is_template);
    void erase(ConnectionId id);
    /// A connection by client and virtual endpoint (ip_vs_conn_in_get).
    ConnectionId find(const ConnectionKey& key) const;
    ConnectionId find_template(const ConnectionKey& key) const;
    /// The entry, whose client port is 0, takes the first packet from any port of its client.
    void await_client_port(ConnectionId id);
    /// It has come (ip_vs_conn_fill_cport).
    void fill_client_port(ConnectionId id, Port port);
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
    static std::uint64_t hash(Protocol protocol, std::uint64_t client, std::uint16_t port);
    static std::uint64_t client_digest(const Address& a);
    std::uint64_t hash_of(const Connection& c) const;
    std::size_t bucket(std::uint64_t hash) const { return hash >> shift_; }
    bool same_addresses(const Connection& c, const ConnectionKey& key) const;
    enum class Kind : std::uint8_t { connection, waiting, persistence };
    ConnectionId find(const ConnectionKey& key, Kind kind) const;
    void link(ConnectionId id);
    void unlink(ConnectionId id);
    void grow();

    ConnectionPool pool_;
    std::vector<ConnectionId> heads_;
    unsigned shift_ = 58;
    std::size_t size_ = 0;
    std::size_t waiting_ = 0;  ///< entries without a client port
    std::vector<AddressPair> ipv6_;
    std::vector<std::uint32_t> ipv6_free_;
};

template <class ServerOf>
ConnectionId ConnectionTable::find_reply(Protocol protocol, const Endpoint& source,
                                         const Endpoint& client, ServerOf&& server_of) const {
    const auto h = hash(protocol, client_digest(client.address), client.port.value());
    for (auto id = heads_[bucket(h)]; id != no_connection; id = pool_[id].next) {
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
