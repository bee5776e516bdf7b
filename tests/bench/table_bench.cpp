// SPDX-License-Identifier: GPL-2.0-only
// The connection table at ten million live entries: look-ups a second beside absl::flat_hash_map
// with the same keys and as much to a value, in an order that no cache foresees, and the bytes of
// a live entry, all included (alarms too: a whole Ipvs is filled for that).
#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include <absl/container/flat_hash_map.h>
#include <fmt/format.h>

#include "core/base/random.hpp"
#include "core/ipvs/connection.hpp"
#include "core/ipvs/ipvs.hpp"
#include "tests/bench/interleaved.hpp"

namespace lvslab::bench {
namespace {

constexpr Endpoint service{Address::v4(0x0AFF0001U), Port{80}};
constexpr std::uint32_t clients = 60000;

/// Each its own address and port.
Endpoint client_of(std::uint32_t i) {
    return {Address::v4(0xAC100000U + i % clients),
            Port{static_cast<std::uint16_t>(1024 + i / clients)}};
}

/// An entry of struct Connection by what it is found by, and the rest of its 64 bytes.
struct Key {
    std::uint32_t client, virtual_addr;
    std::uint16_t client_port, virtual_port;
    std::uint32_t protocol;
    friend bool operator==(const Key&, const Key&) = default;
    template <class H>
    friend H AbslHashValue(H h, const Key& k) {
        return H::combine(std::move(h), k.client, k.virtual_addr, k.client_port, k.virtual_port,
                          k.protocol);
    }
};
struct Rest {
    std::array<std::uint64_t, 6> words;
};
static_assert(sizeof(Key) + sizeof(Rest) == sizeof(ipvs::Connection));

Key key_of(std::uint32_t i) {
    const auto client = client_of(i);
    return {client.address.v4_host_order(), service.address.v4_host_order(), client.port.value(),
            service.port.value(), static_cast<std::uint32_t>(Protocol::tcp)};
}

/// All of them in an order of chance, again and again.
class Order {
public:
    explicit Order(std::uint32_t count) : order_(count) {
        RandomStream draw(1, "bench/order");
        for (std::uint32_t i = 0; i < count; ++i) {
            order_[i] = i;
        }
        for (auto i = count; i > 1; --i) {
            std::swap(order_[i - 1], order_[draw.below(i)]);
        }
    }
    std::uint32_t next() {
        at_ = at_ + 1 == order_.size() ? 0 : at_ + 1;
        return order_[at_];
    }

private:
    std::vector<std::uint32_t> order_;
    std::size_t at_ = 0;
};

/// Both find what they look for: else the bench stops.
void expect(bool found) {
    if (!found) {
        throw std::runtime_error("an entry that was put in is not found");
    }
}

Contestant absl_map(std::uint32_t count, std::uint64_t units, const std::string& name) {
    const auto map = std::make_shared<absl::flat_hash_map<Key, Rest>>();
    for (std::uint32_t i = 0; i < count; ++i) {
        map->emplace(key_of(i), Rest{{i}});
    }
    const auto order = std::make_shared<Order>(count);
    return {name,
            [map, order](std::uint64_t n) {
                for (std::uint64_t i = 0; i < n; ++i) {
                    const auto which = order->next();
                    const auto found = map->find(key_of(which));
                    expect(found != map->end() && found->second.words[0] == which);
                }
            },
            0,
            units,
            "look-ups",
            ""};
}

Contestant connection_table(std::uint32_t count, std::uint64_t units, const std::string& against) {
    const auto table = std::make_shared<ipvs::ConnectionTable>();
    for (std::uint32_t i = 0; i < count; ++i) {
        const auto id =
            table->insert(ipvs::ConnectionKey{Protocol::tcp, client_of(i), service}, false);
        (*table)[id].packets = i;
    }
    const auto order = std::make_shared<Order>(count);
    return {fmt::format("connection table, {} entries", count),
            [table, order](std::uint64_t n) {
                for (std::uint64_t i = 0; i < n; ++i) {
                    const auto which = order->next();
                    const auto client = client_of(which);
                    const auto id = table->find({Protocol::tcp, client, service});
                    expect(id != ipvs::no_connection && (*table)[id].packets == which);
                }
            },
            0,
            units,
            "look-ups",
            against};
}

/// A whole Ipvs with as many connections, opened in ten minutes, all established.
std::vector<Figure> filled(std::uint32_t count) {
    const ipvs::ServiceKey key{Protocol::tcp, service, {}, Family::ipv4};
    ipvs::Ipvs ipvs;
    ipvs::ServiceSettings settings;
    settings.scheduler = "rr";
    ipvs.add_service(key, settings, Time{});
    ipvs::DestinationSettings d;
    d.method = ipvs::ForwardingMethod::direct;
    for (std::uint32_t i = 0; i < 100; ++i) {
        ipvs.add_destination(key, {Address::v4(0x0A010001U + i), Port{80}}, d, Time{});
    }
    const Duration gap = Duration(std::chrono::minutes(10)) / count;
    for (std::uint32_t i = 0; i < count; ++i) {
        ipvs::Segment s;
        s.source = client_of(i);
        s.destination = service;
        s.flags = ipvs::TcpFlags::syn;
        s.entry = ipvs.step(s, Time{gap * i}).entry;
        s.flags = ipvs::TcpFlags::ack;
        ipvs.step(s, Time{gap * i});
    }
    const auto live = static_cast<double>(ipvs.connection_count());
    return {{"live entries", "entries", live},
            {"bytes of a live entry", "bytes",
             static_cast<double>(ipvs.connection_table_bytes()) / live}};
}

int run(const std::vector<std::string>& arguments) {
    std::uint32_t count = 10'000'000;
    std::uint64_t units = 2'000'000;
    std::string json;
    for (std::size_t i = 0; i < arguments.size(); i += 2) {
        if (i + 1 == arguments.size()) {
            fmt::print(stderr, "table_bench: {} wants a value\n", arguments[i]);
            return 2;
        }
        if (arguments[i] == "--entries") {
            count = static_cast<std::uint32_t>(std::stoul(arguments[i + 1]));
        } else if (arguments[i] == "--json") {
            json = arguments[i + 1];
        } else {
            fmt::print(stderr, "table_bench: what is {}?\n", arguments[i]);
            return 2;
        }
    }
    const auto figures = filled(count);
    const auto map_name = fmt::format("absl::flat_hash_map, {} entries", count);
    std::vector<Contestant> all;
    all.push_back(absl_map(count, units, map_name));
    all.push_back(connection_table(count, units, map_name));
    const auto rates = measure(all, 9);
    print(rates, figures);
    if (!json.empty()) {
        write_json(json, "table", rates, figures);
    }
    return 0;
}

}  // namespace
}  // namespace lvslab::bench

int main(int argc, char** argv) {
    return lvslab::bench::run({argv + 1, argv + argc});
}
