// SPDX-License-Identifier: GPL-2.0-only
// The connection table finds what a plain list of entries has, however full its buckets are.
#include <algorithm>
#include <cstdint>
#include <vector>

#include <gtest/gtest.h>

#include "core/base/random.hpp"
#include "core/ipvs/connection.hpp"

namespace lvslab::ipvs {
namespace {

const Endpoint service{Address::v4(0x0A0A0A0AU), Port{80}};

Endpoint client(std::uint64_t number) {
    return {Address::v4(0xAC100000U + static_cast<std::uint32_t>(number % 60000)),
            Port{static_cast<std::uint16_t>(1 + number / 60000)}};
}

ConnectionKey key(std::uint64_t number) {
    return {Protocol::tcp, client(number), service};
}

/// Clients in the order of their entries, and the table beside them.
class Entries {
public:
    void open(std::uint64_t number) {
        entries_.push_back({number, table_.insert(key(number), false)});
    }
    void close(std::size_t which) {
        table_.erase(entries_[which].id);
        entries_[which] = entries_.back();
        entries_.pop_back();
    }
    /// Looks for a client that is there, or was, or never was.
    void expect_the_same(std::uint64_t number) const {
        const auto found = std::ranges::find(entries_, number, &Entry::number);
        EXPECT_EQ(table_.find(key(number)), found == entries_.end() ? no_connection : found->id);
    }
    void expect_all() const {
        EXPECT_EQ(table_.size(), entries_.size());
        for (const auto& e : entries_) {
            EXPECT_EQ(table_.find(key(e.number)), e.id) << "client " << e.number;
        }
    }
    std::size_t size() const { return entries_.size(); }

private:
    struct Entry {
        std::uint64_t number;
        ConnectionId id;
    };
    std::vector<Entry> entries_;
    ConnectionTable table_;
};

TEST(ConnectionTable, FindsEveryEntryAndNoOtherWhileItGrowsAndShrinks) {
    RandomStream draw(1, "table");
    Entries entries;
    std::uint64_t next = 0;
    for (const std::size_t most : {5U, 63U, 500U, 20U, 4000U, 100U, 3000U, 0U}) {
        while (entries.size() < most) {
            entries.expect_the_same(next);
            entries.open(next++);
            entries.expect_the_same(draw.below(next + 3));
        }
        // As many come as go: places become free in buckets that others have gone past, and are
        // taken, between the look-up of an entry and its making.
        const std::size_t turns = most == 0 ? 0 : std::max<std::size_t>(most, 200000 / most);
        for (std::size_t i = 0; i < turns; ++i) {
            entries.expect_the_same(next);
            if (draw.below(2) == 0) {
                entries.close(draw.below(entries.size()));
                entries.open(next++);
            } else {
                entries.close(draw.below(entries.size()));
                entries.expect_the_same(next);
                entries.open(next + 1);
                entries.open(next);
                entries.close(draw.below(entries.size()));
                next += 2;
            }
        }
        entries.expect_all();
        while (entries.size() > most / 2) {
            entries.close(draw.below(entries.size()));
        }
        entries.expect_all();
    }
}

/// 90 000 entries in 131 072 places: every fifth bucket is full.
TEST(ConnectionTable, FindsEveryEntryWhenBucketsAreFull) {
    RandomStream draw(2, "table");
    Entries entries;
    std::uint64_t next = 0;
    while (entries.size() < 90000) {
        entries.open(next++);
    }
    entries.expect_all();
    for (int i = 0; i < 200000; ++i) {
        entries.close(draw.below(entries.size()));
        entries.open(next++);
    }
    entries.expect_all();
    while (entries.size() > 30000) {
        entries.close(draw.below(entries.size()));
    }
    entries.expect_all();
}

TEST(ConnectionTable, GivesTheNewestOfEntriesAlike) {
    ConnectionTable table;
    const auto first = table.insert(key(1), false);
    const auto second = table.insert(key(1), false);
    EXPECT_EQ(table.find(key(1)), second);
    EXPECT_FALSE(table.matches(first, key(1)));
    EXPECT_TRUE(table.matches(second, key(1)));
    table.erase(second);
    EXPECT_EQ(table.find(key(1)), first);
    table.erase(first);
    EXPECT_EQ(table.find(key(1)), no_connection);
}

/// Entries that wait for their client's port share a place, and take one each when it has come.
TEST(ConnectionTable, GrowsAsWaitingEntriesGetTheirPorts) {
    ConnectionTable table;
    const Address address = client(0).address;
    std::vector<ConnectionId> ids;
    for (std::uint16_t i = 0; i < 1000; ++i) {
        const ConnectionKey waiting{Protocol::tcp, {address, Port{0}}, {service.address, Port{i}}};
        ids.push_back(table.insert(waiting, false));
        table.await_client_port(ids.back());
    }
    for (std::uint16_t i = 0; i < 1000; ++i) {
        const Endpoint known{address, Port{static_cast<std::uint16_t>(2000 + i)}};
        const ConnectionKey found{Protocol::tcp, known, {service.address, Port{i}}};
        ASSERT_EQ(table.find(found), ids[i]);  // by its virtual port, from any port
        table.fill_client_port(ids[i], known.port);
        ASSERT_EQ(table.find(found), ids[i]);
    }
}

}  // namespace
}  // namespace lvslab::ipvs
