// SPDX-License-Identifier: GPL-2.0-only
// From one table to another: all that is needed, and nothing else.
#include <algorithm>
#include <array>
#include <map>
#include <ostream>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "core/ipvs/ipvs.hpp"
#include "core/router/service_changes.hpp"

namespace lvslab::router {

void PrintTo(const ServiceChange& change, std::ostream* out) {
    *out << to_string(change);
}

namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::array schedulers{"rr", "wlc", "sh", "mh"};

ports::ServiceName service_name(int number) {
    ports::ServiceName name{"service" + std::to_string(number), {}};
    if (number == 0) {
        name.key.protocol = Protocol::ip;
        name.key.fwmark = Fwmark{80};
    } else {
        name.key.endpoint = {Address::v4(0x0AFF0001U), Port{static_cast<std::uint16_t>(number)}};
    }
    return name;
}

ports::ServerName server_name(int number) {
    return {"server" + std::to_string(number),
            {Address::v4(0x0A000000U + static_cast<std::uint32_t>(number)), Port{80}}};
}

TableService any_service(int number) {
    TableService service{service_name(number), {}, {}};
    service.settings.scheduler = schedulers[*rc::gen::inRange<std::size_t>(0, schedulers.size())];
    service.settings.persistent = std::chrono::seconds(*rc::gen::element(0, 300));
    for (int i = 1; i <= 4; ++i) {
        if (*rc::gen::arbitrary<bool>()) {
            ipvs::DestinationSettings settings;
            settings.weight = Weight{*rc::gen::inRange(0, 3)};
            settings.upper_threshold = *rc::gen::element(0U, 100U);
            service.destinations.push_back({server_name(i), settings});
        }
    }
    return service;
}

/// Some of four services with some of four servers each, in any order.
ServiceTable any_table() {
    ServiceTable table;
    for (int i = 0; i < 4; ++i) {
        if (*rc::gen::inRange(0, 4) != 0) {
            table.push_back(any_service(i));
        }
    }
    if (*rc::gen::arbitrary<bool>()) {
        std::ranges::reverse(table);
    }
    return table;
}

/// The table without its order.
std::map<ipvs::ServiceKey,
         std::pair<ipvs::ServiceSettings, std::map<Endpoint, ipvs::DestinationSettings>>>
sorted(const ServiceTable& table) {
    decltype(sorted(table)) result;
    for (const auto& service : table) {
        auto& [settings, destinations] = result[service.service.key];
        settings = service.settings;
        for (const auto& d : service.destinations) {
            destinations[d.server.endpoint] = d.settings;
        }
    }
    return result;
}

bool equal(const ServiceTable& a, const ServiceTable& b) {
    const auto one = sorted(a);
    const auto other = sorted(b);
    return std::ranges::equal(one, other, [](const auto& x, const auto& y) {
        return x.first == y.first && x.second.first == y.second.first &&
               x.second.second == y.second.second;
    });
}

ipvs::ControlResult make(ipvs::Ipvs& ipvs, const ServiceChange& change) {
    const Time now{};
    return std::visit(
        [&](const auto& c) {
            using Change = std::decay_t<decltype(c)>;
            if constexpr (std::is_same_v<Change, RemoveDestination>) {
                return ipvs.remove_destination(c.service.key, c.server.endpoint, now);
            } else if constexpr (std::is_same_v<Change, RemoveService>) {
                return ipvs.remove_service(c.service.key, now);
            } else if constexpr (std::is_same_v<Change, AddService>) {
                return ipvs.add_service(c.service.key, c.settings, now);
            } else if constexpr (std::is_same_v<Change, EditService>) {
                return ipvs.edit_service(c.service.key, c.settings, now);
            } else if constexpr (std::is_same_v<Change, AddDestination>) {
                return ipvs.add_destination(c.service.key, c.server.endpoint, c.settings, now);
            } else {
                return ipvs.edit_destination(c.service.key, c.server.endpoint, c.settings, now);
            }
        },
        change);
}

void load(ipvs::Ipvs& ipvs, const ServiceTable& table) {
    for (const auto& change : service_changes({}, table)) {
        RC_ASSERT(make(ipvs, change) == ipvs::ControlResult::ok);
    }
}

void open_connections(ipvs::Ipvs& ipvs, const ServiceTable& table) {
    for (const auto& service : table) {
        for (std::uint16_t port = 1000; port < 1010; ++port) {
            ipvs::Segment syn;
            syn.source = {Address::v4(0xC0000201U + port % 3U), Port{port}};
            syn.destination = {Address::v4(0x0AFF0001U), service.service.key.fwmark != Fwmark{}
                                                             ? Port{9}
                                                             : service.service.key.endpoint.port};
            syn.flags = ipvs::TcpFlags::syn;
            syn.mark = service.service.key.fwmark;
            ipvs.step(syn, Time{});
        }
    }
}

const TableDestination* find(const TableService* service, const Endpoint& server) {
    if (service == nullptr) {
        return nullptr;
    }
    const auto found = std::ranges::find_if(
        service->destinations, [&](const auto& d) { return d.server.endpoint == server; });
    return found == service->destinations.end() ? nullptr : &*found;
}

/// The change finds what it needs, and does something.
bool needed(const ServiceChange& change, const ServiceTable& from, const ServiceTable& to) {
    const auto& key = service_of(change).key;
    const auto* before = find_service(from, key);
    const auto* after = find_service(to, key);
    return std::visit(
        [&](const auto& c) {
            using Change = std::decay_t<decltype(c)>;
            if constexpr (std::is_same_v<Change, AddService>) {
                return before == nullptr && after != nullptr;
            } else if constexpr (std::is_same_v<Change, RemoveService>) {
                return before != nullptr && after == nullptr;
            } else if constexpr (std::is_same_v<Change, EditService>) {
                return before->settings != after->settings;
            } else {
                const auto* old = find(before, c.server.endpoint);
                const auto* wanted = find(after, c.server.endpoint);
                if constexpr (std::is_same_v<Change, AddDestination>) {
                    return old == nullptr && wanted != nullptr;
                } else if constexpr (std::is_same_v<Change, RemoveDestination>) {
                    return old != nullptr && wanted == nullptr;
                } else {
                    return old->settings != wanted->settings;
                }
            }
        },
        change);
}

RC_GTEST_PROP(ServiceChanges, MakeTheOldTheNewAndTouchNothingThatIsTheSame, ()) {
    const auto from = any_table();
    const auto to = any_table();
    auto table = from;
    for (const auto& change : service_changes(from, to)) {
        RC_ASSERT(needed(change, from, to));
        apply(table, change);
    }
    RC_ASSERT(equal(table, to));
}

RC_GTEST_PROP(ServiceChanges, AreTakenByIpvsAndLeaveItWithTheNew, ()) {
    const auto from = any_table();
    const auto to = any_table();
    ipvs::Ipvs ipvs;
    load(ipvs, from);
    for (const auto& change : service_changes(from, to)) {
        RC_ASSERT(make(ipvs, change) == ipvs::ControlResult::ok);
    }
    for (int i = 0; i < 4; ++i) {
        const auto key = service_name(i).key;
        const auto* wanted = find_service(to, key);
        const auto listed = ipvs.destinations(key);
        RC_ASSERT(listed.size() == (wanted == nullptr ? 0 : wanted->destinations.size()));
        for (const auto& d : listed) {
            const auto* destination = find(wanted, d.endpoint);
            RC_ASSERT(destination != nullptr);
            RC_ASSERT(destination->settings.weight == d.weight);
            RC_ASSERT(destination->settings.upper_threshold == d.upper_threshold);
        }
    }
}

RC_GTEST_PROP(ServiceChanges, LeaveEachConnectionOfAServerThatStays, ()) {
    const auto from = any_table();
    const auto to = any_table();
    ipvs::Ipvs ipvs;
    load(ipvs, from);
    open_connections(ipvs, from);
    std::map<std::pair<ipvs::ServiceKey, Endpoint>, std::int64_t> before;
    for (const auto& service : from) {
        for (const auto& d : ipvs.destinations(service.service.key)) {
            before[{service.service.key, d.endpoint}] = d.active + d.inactive;
        }
    }
    for (const auto& change : service_changes(from, to)) {
        make(ipvs, change);
    }
    for (const auto& service : to) {
        for (const auto& d : ipvs.destinations(service.service.key)) {
            if (const auto old = before.find({service.service.key, d.endpoint});
                old != before.end()) {
                RC_ASSERT(d.active + d.inactive == old->second);
            }
        }
    }
}

TEST(ServiceChanges, OfTwoTablesThatAreTheSameAreNone) {
    const ServiceTable table{{service_name(1), {}, {{server_name(1), {}}}}};
    auto renamed = table;
    renamed[0].service.name = "other";
    EXPECT_THAT(service_changes(table, renamed), IsEmpty());
    auto names = table;
    rename(names, renamed);
    EXPECT_EQ(names[0].service.name, "other");
}

TEST(ServiceChanges, RemoveFirstAndThenGoByTheNewTable) {
    const ServiceTable from{{service_name(1), {}, {{server_name(1), {}}, {server_name(2), {}}}},
                            {service_name(2), {}, {{server_name(1), {}}}}};
    ServiceTable to{{service_name(3), {}, {{server_name(3), {}}}}, from[0]};
    to[1].destinations[0].settings.weight = Weight{7};
    to[1].destinations.erase(to[1].destinations.begin() + 1);
    to[1].settings.scheduler = "rr";
    std::vector<std::string> words;
    for (const auto& change : service_changes(from, to)) {
        words.push_back(to_string(change));
    }
    EXPECT_THAT(words, ElementsAre("remove server server2 (10.0.0.2:80) from service1",
                                   "remove server server1 (10.0.0.1:80) from service2",
                                   "remove service service2", "add service service3, scheduler wlc",
                                   "add server server3 (10.0.0.3:80) to service3, weight 1",
                                   "change service service1, scheduler rr",
                                   "change server server1 (10.0.0.1:80) of service1, weight 7"));
}

}  // namespace
}  // namespace lvslab::router
