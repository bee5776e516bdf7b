// SPDX-License-Identifier: GPL-2.0-only
#include "core/ipvs/connection.hpp"

#include <utility>

namespace lvslab::ipvs {

ConnectionId ConnectionPool::allocate() {
    if (free_ != no_connection) {
        const auto id = free_;
        free_ = (*this)[id].next;
        return id;
    }
    if (end_ >> chunk_bits == chunks_.size()) {
        chunks_.push_back(std::make_unique_for_overwrite<Connection[]>(1U << chunk_bits));
    }
    return end_++;
}

void ConnectionPool::release(ConnectionId id) {
    auto& c = (*this)[id];
    c.in_use = 0;
    c.next = free_;
    free_ = id;
}

std::uint64_t ConnectionTable::ipv6_digest(const Address& a) {
    return std::hash<Address>{}(a)&0xFFFFFFFFULL;
}

std::uint64_t ConnectionTable::hash_of(const Connection& c) const {
    return hash(c.protocol, c.ipv6 != 0 ? client_digest(ipv6_[c.client].client) : c.client,
                c.client_port);
}

Address ConnectionTable::client_address(const Connection& c) const {
    return c.ipv6 != 0 ? ipv6_[c.client].client : Address::v4(c.client);
}

Address ConnectionTable::virtual_address(const Connection& c) const {
    return c.ipv6 != 0 ? ipv6_[c.client].virtual_addr : Address::v4(c.virtual_addr);
}

bool ConnectionTable::same_ipv6_addresses(const Connection& c, const ConnectionKeyView& key) const {
    return ipv6_[c.client].client == key.client.address &&
           ipv6_[c.client].virtual_addr == key.virtual_endpoint.address;
}

void ConnectionTable::link(ConnectionId id) {
    if (used_places_ >= most_used_) {
        grow();
    }
    auto& c = pool_[id];
    const auto tag = tag_of(hash_of(c));
    const bool known = looked_for_.tag == tag && looked_for_.place.bucket != no_bucket;
    const auto place = known ? looked_for_.place : place_of(tag);
    looked_for_.place.bucket = no_bucket;
    auto& newest = newest_at(place);
    if (newest == no_connection) {
        ++used_places_;
        buckets_[place.bucket].tags[place.place] = tag;
    } else {
        pool_[newest].shadowed = 1;
    }
    c.shadowed = 0;
    c.next = newest;
    newest = id;
}

void ConnectionTable::unlink(ConnectionId id) {
    const auto place = place_of(tag_of(hash_of(pool_[id])));
    auto* at = &newest_at(place);
    while (*at != id) {
        at = &pool_[*at].next;
    }
    *at = pool_[id].next;
    looked_for_.place.bucket = no_bucket;
    if (newest_at(place) == no_connection) {
        --used_places_;
        // Nobody went past a bucket that was not full.
        if (std::has_single_bit(buckets_[place.bucket].look(0) >> Bucket::room)) {
            fill_hole(place);
        }
    }
}

/// Those who went past a bucket while it was full come back, so that each is still reached from
/// its home.
void ConnectionTable::fill_hole(Place hole) {
    const auto mask = buckets_.size() - 1;
    for (auto at = (hole.bucket + 1) & mask;; at = (at + 1) & mask) {
        auto& bucket = buckets_[at];
        const bool full = bucket.full();
        for (unsigned i = 0; i < Bucket::room; ++i) {
            if (bucket.newest[i] != no_connection &&
                ((at - home(bucket.tags[i])) & mask) >= ((at - hole.bucket) & mask)) {
                buckets_[hole.bucket].tags[hole.place] = bucket.tags[i];
                newest_at(hole) = std::exchange(bucket.newest[i], no_connection);
                hole = {at, i};
                break;
            }
        }
        if (!full) {
            return;
        }
    }
}

void ConnectionTable::grow() {
    const auto old = std::move(buckets_);
    looked_for_.place.bucket = no_bucket;
    buckets_ = std::vector<Bucket>(old.size() * 2);
    const auto places = buckets_.size() * Bucket::room;
    most_used_ = buckets_.size() <= small ? places / 2 : places / 4 * 3;
    --shift_;
    for (const auto& bucket : old) {
        for (unsigned i = 0; i < Bucket::room; ++i) {
            if (bucket.newest[i] != no_connection) {
                const auto place = place_of(bucket.tags[i]);
                buckets_[place.bucket].tags[place.place] = bucket.tags[i];
                newest_at(place) = bucket.newest[i];
            }
        }
    }
}

ConnectionId ConnectionTable::insert(const ConnectionKeyView& key, bool is_template) {
    const auto id = pool_.allocate();
    auto& c = pool_[id];
    c = Connection{};
    c.protocol = key.protocol;
    c.client_port = key.client.port.value();
    c.virtual_port = key.virtual_endpoint.port.value();
    c.in_use = 1;
    c.is_template = is_template ? 1 : 0;
    if (key.client.address.is_v4()) {
        c.client = key.client.address.v4_host_order();
        c.virtual_addr = key.virtual_endpoint.address.v4_host_order();
    } else {
        c.ipv6 = 1;
        const AddressPair pair{key.client.address, key.virtual_endpoint.address};
        if (ipv6_free_.empty()) {
            c.client = static_cast<std::uint32_t>(ipv6_.size());
            ipv6_.push_back(pair);
        } else {
            c.client = ipv6_free_.back();
            ipv6_free_.pop_back();
            ipv6_[c.client] = pair;
        }
    }
    c.destination = no_destination;
    c.controller = no_connection;
    link(id);
    ++size_;
    return id;
}

void ConnectionTable::erase(ConnectionId id) {
    unlink(id);
    waiting_ -= pool_[id].no_client_port != 0 ? 1U : 0U;
    if (pool_[id].ipv6 != 0) {
        ipv6_free_.push_back(pool_[id].client);
    }
    pool_.release(id);
    --size_;
}

ConnectionId ConnectionTable::find(const ConnectionKeyView& key, Kind kind) const {
    const auto h = hash(key.protocol, client_digest(key.client.address), key.client.port.value());
    for (auto id = newest_of(tag_of(h)); id != no_connection; id = pool_[id].next) {
        const auto& c = pool_[id];
        if (c.client_port == key.client.port.value() &&
            c.virtual_port == key.virtual_endpoint.port.value() && c.protocol == key.protocol &&
            (kind != Kind::persistence || c.is_template != 0) &&
            (kind != Kind::waiting || c.no_client_port != 0) && same_addresses(c, key)) {
            return id;
        }
    }
    return no_connection;
}

ConnectionId ConnectionTable::find(const ConnectionKeyView& key) const {
    auto id = key.client.port.value() == 0 ? no_connection : find(key, Kind::connection);
    if (id == no_connection && waiting_ > 0) {
        const Endpoint any_port{key.client.address, Port{0}};
        id = find({key.protocol, any_port, key.virtual_endpoint}, Kind::waiting);
    }
    return id;
}

ConnectionId ConnectionTable::find_template(const ConnectionKeyView& key) const {
    return find(key, Kind::persistence);
}

void ConnectionTable::await_client_port(ConnectionId id) {
    waiting_ += pool_[id].no_client_port == 0 ? 1U : 0U;
    pool_[id].no_client_port = 1;
}

void ConnectionTable::fill_client_port(ConnectionId id, Port port) {
    unlink(id);
    pool_[id].client_port = port.value();
    pool_[id].no_client_port = 0;
    --waiting_;
    link(id);
}

void ConnectionTable::invalidate_template(ConnectionId id) {
    auto& c = pool_[id];
    if (c.virtual_port == 0xFFFF) {
        return;
    }
    unlink(id);
    c.client_port = 0;
    c.virtual_port = 0xFFFF;
    c.server_port = 0xFFFF;
    link(id);
}

std::size_t ConnectionTable::bytes() const {
    return pool_.bytes() + buckets_.capacity() * sizeof(Bucket) +
           ipv6_.capacity() * sizeof(AddressPair) + ipv6_free_.capacity() * sizeof(std::uint32_t);
}

}  // namespace lvslab::ipvs
