// SPDX-License-Identifier: GPL-2.0-only
// What every dataplane does that calls itself IPVS: one suite for the model and the kernel.
#include "tests/real/dataplane/dataplane_suite.hpp"

#include <array>
#include <map>
#include <set>

#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

#include "core/router/service_changes.hpp"

namespace lvslab {
namespace {

using ipvs::ControlResult;
using ipvs::ForwardingMethod;
using realmode::IpvsTable;
using testing::Each;
using testing::ElementsAre;
using testing::IsEmpty;
using namespace std::chrono_literals;

Endpoint at(const std::string& text) {
    return Endpoint::parse(text).value();
}

ipvs::ServiceKey tcp(const std::string& endpoint) {
    return {Protocol::tcp, at(endpoint), {}, at(endpoint).address.family()};
}
ipvs::ServiceKey udp(const std::string& endpoint) {
    return {Protocol::udp, at(endpoint), {}, at(endpoint).address.family()};
}
ipvs::ServiceKey mark(std::uint32_t value, Family family) {
    return realmode::normalised({Protocol::ip, {}, Fwmark{value}, family});
}

const ipvs::ServiceKey http = tcp("10.255.0.1:80");
const Endpoint web1 = at("10.1.0.1:80");
const Endpoint web2 = at("10.1.0.2:80");
const Endpoint web3 = at("10.1.0.3:80");

ipvs::DestinationSettings weighing(int weight) {
    return {.weight = Weight{weight}};
}

// ---- tables without their order ----

using Destinations = std::map<Endpoint, ipvs::DestinationSettings>;
using Services = std::map<ipvs::ServiceKey, std::pair<ipvs::ServiceSettings, Destinations>>;

Services sorted(const IpvsTable& table) {
    Services services;
    for (const auto& service : table.services) {
        auto& [settings, destinations] = services[service.key];
        settings = service.settings;
        for (const auto& d : service.destinations) {
            destinations[d.server] = d.settings;
        }
    }
    return services;
}

Services sorted(const router::ServiceTable& table) {
    Services services;
    for (const auto& service : table) {
        auto& [settings, destinations] = services[service.service.key];
        settings = service.settings;
        for (const auto& d : service.destinations) {
            destinations[d.server.endpoint] = d.settings;
        }
    }
    return services;
}

std::vector<ports::DataplaneChange> orders(const std::vector<router::ServiceChange>& changes) {
    std::vector<ports::DataplaneChange> all;
    for (const auto& change : changes) {
        all.push_back(std::visit(
            [](const auto& c) -> ports::DataplaneChange {
                using Change = std::decay_t<decltype(c)>;
                if constexpr (std::is_same_v<Change, router::RemoveDestination>) {
                    return ports::RemoveDestination{c.service.key, c.server.endpoint};
                } else if constexpr (std::is_same_v<Change, router::RemoveService>) {
                    return ports::RemoveService{c.service.key};
                } else if constexpr (std::is_same_v<Change, router::AddService>) {
                    return ports::AddService{c.service.key, c.settings};
                } else if constexpr (std::is_same_v<Change, router::EditService>) {
                    return ports::EditService{c.service.key, c.settings};
                } else if constexpr (std::is_same_v<Change, router::AddDestination>) {
                    return ports::AddDestination{c.service.key, c.server.endpoint, c.settings};
                } else {
                    return ports::EditDestination{c.service.key, c.server.endpoint, c.settings};
                }
            },
            change));
    }
    return all;
}

class DataplaneSuite : public testing::TestWithParam<DataplaneWorldMaker> {
protected:
    DataplaneSuite() : world(GetParam().make()), ipvs(world->ipvs()) {}

    void add_http(const std::string& scheduler, std::initializer_list<Endpoint> servers) {
        ASSERT_EQ(ipvs.add_service(http, {.scheduler = scheduler}), ControlResult::ok);
        for (const auto& server : servers) {
            ASSERT_EQ(ipvs.add_destination(http, server, {}), ControlResult::ok);
        }
    }
    IpvsTable dump() {
        auto table = ipvs.dump();
        EXPECT_TRUE(table) << table.diagnostics.to_string();
        return table.value.value_or(IpvsTable{});
    }
    std::vector<realmode::ListedDestination> servers(const ipvs::ServiceKey& key = http) {
        const auto table = dump();
        const auto* service = realmode::find_service(table, key);
        return service == nullptr ? std::vector<realmode::ListedDestination>{}
                                  : service->destinations;
    }
    std::optional<Endpoint> connect(std::uint16_t client_port, const ipvs::ServiceKey& to = http) {
        const Endpoint client{Address::v4(0x0A020001U), Port{client_port}};
        return world->open_connection(to.protocol, client, to.endpoint);
    }
    std::vector<std::optional<Endpoint>> connect_times(int times) {
        std::vector<std::optional<Endpoint>> went;
        for (int i = 0; i < times; ++i) {
            went.push_back(connect(static_cast<std::uint16_t>(2000 + i)));
        }
        return went;
    }

    std::unique_ptr<DataplaneWorld> world;
    realmode::ReadableDataplane& ipvs;
};

TEST_P(DataplaneSuite, IsEmptyAtFirst) {
    EXPECT_THAT(dump().services, IsEmpty());
    EXPECT_EQ(connect(2000), std::nullopt);
}

TEST_P(DataplaneSuite, ListsServicesOfEveryKindAsTheyWereAdded) {
    const std::map<ipvs::ServiceKey, ipvs::ServiceSettings> services{
        {http, {.scheduler = "wlc"}},
        {tcp("10.255.0.1:443"),
         {.scheduler = "rr", .persistent = 300s, .persistence_mask = Address::v4(0xFFFFFF00U)}},
        {udp("10.255.0.1:53"), {.scheduler = "wrr", .one_packet = true}},
        {tcp("[fd00:255::1]:80"),
         {.scheduler = "sh",
          .persistent = 60s,
          .persistence_prefix = 64,
          .scheduler_flag_1 = true,
          .scheduler_flag_2 = true}},
        {tcp("10.255.0.2:0"), {.scheduler = "lc", .persistent = 60s}},
        {mark(7, Family::ipv4), {.scheduler = "nq"}},
        {mark(7, Family::ipv6), {.scheduler = "sed"}},
        {mark(0xFFFFFFFFU, Family::ipv4), {.scheduler = "mh", .scheduler_flag_1 = true}},
    };
    for (const auto& [key, settings] : services) {
        EXPECT_EQ(ipvs.add_service(key, settings), ControlResult::ok) << realmode::to_string(key);
    }
    const auto listed = sorted(dump());
    EXPECT_EQ(listed.size(), services.size());
    for (const auto& [key, settings] : services) {
        ASSERT_TRUE(listed.contains(key)) << realmode::to_string(key);
        EXPECT_EQ(listed.at(key).first, settings) << realmode::to_string(key);
    }
}

TEST_P(DataplaneSuite, ListsRealServersOfEveryKindAsTheyWereAdded) {
    const Destinations four{
        {web1, {.weight = Weight{7}, .upper_threshold = 100, .lower_threshold = 50}},
        {at("10.1.0.2:8080"), {.method = ForwardingMethod::nat, .weight = Weight{0}}},
        {web3, {.method = ForwardingMethod::tunnel, .weight = Weight{65535}}},
        {at("10.1.0.4:80"), {.method = ForwardingMethod::direct, .weight = Weight{2147483647}}},
        {at("10.1.0.5:80"), {.method = ForwardingMethod::local}},
    };
    const Destinations six{
        {at("[fd00:1::1]:80"), {.weight = Weight{3}}},
        {at("[fd00:1::2]:80"), {.method = ForwardingMethod::direct}},
    };
    const auto http6 = tcp("[fd00:255::1]:80");
    ASSERT_EQ(ipvs.add_service(http, {}), ControlResult::ok);
    ASSERT_EQ(ipvs.add_service(http6, {}), ControlResult::ok);
    for (const auto& [server, settings] : four) {
        EXPECT_EQ(ipvs.add_destination(http, server, settings), ControlResult::ok);
    }
    for (const auto& [server, settings] : six) {
        EXPECT_EQ(ipvs.add_destination(http6, server, settings), ControlResult::ok);
    }
    const auto listed = sorted(dump());
    EXPECT_EQ(listed.at(http).second, four);
    EXPECT_EQ(listed.at(http6).second, six);
}

TEST_P(DataplaneSuite, ListsTheNewestServerFirst) {
    add_http("rr", {web1, web2, web3});
    std::vector<Endpoint> order;
    for (const auto& d : servers()) {
        order.push_back(d.server);
    }
    EXPECT_THAT(order, ElementsAre(web3, web2, web1));
}

TEST_P(DataplaneSuite, RefusesWhatTheKernelRefusesAndChangesNothing) {
    add_http("wlc", {web1});
    const auto before = sorted(dump());
    const auto nobody = tcp("10.255.0.9:80");
    using R = ControlResult;
    EXPECT_EQ(ipvs.add_service(http, {.scheduler = "rr"}), R::exists);
    EXPECT_EQ(ipvs.add_service(nobody, {.scheduler = "none_such"}), R::unknown_scheduler);
    EXPECT_EQ(ipvs.edit_service(http, {.scheduler = "none_such"}), R::unknown_scheduler);
    EXPECT_EQ(ipvs.edit_service(nobody, {}), R::no_such_service);
    EXPECT_EQ(ipvs.remove_service(nobody), R::no_such_service);
    EXPECT_EQ(ipvs.add_destination(http, web1, weighing(3)), R::exists);
    EXPECT_EQ(ipvs.add_destination(nobody, web1, {}), R::no_such_service);
    EXPECT_EQ(ipvs.add_destination(http, web2, weighing(-1)), R::out_of_range);
    EXPECT_EQ(ipvs.add_destination(http, web2, {.upper_threshold = 1, .lower_threshold = 2}),
              R::out_of_range);
    EXPECT_EQ(ipvs.add_destination(http, at("224.0.0.5:80"), {}), R::invalid);
    EXPECT_EQ(ipvs.edit_destination(http, web2, {}), R::no_such_destination);
    EXPECT_EQ(ipvs.edit_destination(http, web1, weighing(-1)), R::out_of_range);
    EXPECT_EQ(ipvs.remove_destination(http, web2), R::no_such_destination);
    EXPECT_EQ(ipvs.remove_destination(nobody, web1), R::no_such_service);
    EXPECT_EQ(ipvs.add_service(tcp("[fd00:255::9]:80"), {.persistence_prefix = 129}), R::invalid);
    EXPECT_EQ(sorted(dump()), before);
}

TEST_P(DataplaneSuite, ManyChangesInOneGoHaveAResultEach) {
    add_http("rr", {web1});
    const auto mail = tcp("10.255.0.1:25");
    const std::vector<ports::DataplaneChange> changes{
        ports::AddService{http, {}},            // somebody else's, for all it knows
        ports::AddDestination{http, web2, {}},  // not into that
        ports::AddService{mail, {.scheduler = "rr"}},
        ports::AddDestination{mail, web3, weighing(2)},
        ports::AddDestination{mail, web3, {}},
        ports::EditDestination{mail, web3, weighing(5)},
        ports::RemoveDestination{mail, web1},
        ports::RemoveService{mail},
        ports::AddService{mail, {.scheduler = "sh"}},
        ports::AddDestination{mail, web1, {}},
    };
    using R = ControlResult;
    EXPECT_THAT(ipvs.change(changes),
                ElementsAre(R::exists, R::no_such_service, R::ok, R::ok, R::exists, R::ok,
                            R::no_such_destination, R::ok, R::ok, R::ok));
    const auto listed = sorted(dump());
    EXPECT_EQ(listed.at(http).second, (Destinations{{web1, {}}}));
    EXPECT_EQ(listed.at(mail).first.scheduler, "sh");
    EXPECT_EQ(listed.at(mail).second, (Destinations{{web1, {}}}));
}

TEST_P(DataplaneSuite, EditKeepsCountersAndConnections) {
    add_http("rr", {web1});
    EXPECT_EQ(connect(2000), web1);
    EXPECT_EQ(ipvs.edit_destination(http, web1, weighing(9)), ControlResult::ok);
    EXPECT_EQ(ipvs.edit_service(http, {.scheduler = "sh"}), ControlResult::ok);
    const auto listed = servers();
    ASSERT_EQ(listed.size(), 1U);
    EXPECT_EQ(listed[0].active, 1U);
    EXPECT_EQ(connect(2000), web1);
    EXPECT_EQ(servers()[0].active, 1U);
}

TEST_P(DataplaneSuite, CountsConnectionsByState) {
    add_http("rr", {web1, web2});
    connect_times(5);
    const auto listed = servers();
    ASSERT_EQ(listed.size(), 2U);
    EXPECT_EQ(listed[0].active + listed[1].active, 5U);
    EXPECT_EQ(listed[0].inactive + listed[1].inactive, 0U);
}

TEST_P(DataplaneSuite, RoundRobinGoesFromTheNewestOn) {
    add_http("rr", {web1, web2, web3});
    EXPECT_THAT(connect_times(6), ElementsAre(web3, web2, web1, web3, web2, web1));
}

TEST_P(DataplaneSuite, QuiescedServerGetsNothingNew) {
    add_http("rr", {web1, web2});
    ASSERT_EQ(ipvs.edit_destination(http, web2, weighing(0)), ControlResult::ok);
    EXPECT_THAT(connect_times(3), Each(web1));
}

TEST_P(DataplaneSuite, ServiceWithoutServersTakesNothing) {
    add_http("rr", {});
    EXPECT_EQ(connect(2000), std::nullopt);
}

TEST_P(DataplaneSuite, RemovedServerGetsNothingAnyMore) {
    add_http("rr", {web1, web2});
    ASSERT_EQ(ipvs.remove_destination(http, web2), ControlResult::ok);
    EXPECT_THAT(connect_times(3), Each(web1));
}

TEST_P(DataplaneSuite, ForwardsByEveryMethod) {
    for (const auto method :
         {ForwardingMethod::nat, ForwardingMethod::direct, ForwardingMethod::tunnel}) {
        ipvs.clear();
        ASSERT_EQ(ipvs.add_service(http, {.scheduler = "rr"}), ControlResult::ok);
        ASSERT_EQ(ipvs.add_destination(http, web1, {.method = method}), ControlResult::ok);
        EXPECT_EQ(connect(static_cast<std::uint16_t>(3000 + static_cast<int>(method))), web1);
    }
}

TEST_P(DataplaneSuite, NatChangesThePort) {
    add_http("rr", {at("10.1.0.1:8080")});
    EXPECT_EQ(connect(2000), at("10.1.0.1:8080"));
}

TEST_P(DataplaneSuite, PersistentClientStaysWithItsServer) {
    ASSERT_EQ(ipvs.add_service(http, {.scheduler = "rr", .persistent = 300s}), ControlResult::ok);
    for (const auto& server : {web1, web2, web3}) {
        ASSERT_EQ(ipvs.add_destination(http, server, {}), ControlResult::ok);
    }
    EXPECT_THAT(connect_times(4), Each(web3));
    EXPECT_EQ(servers()[0].persistent, 1U);
}

TEST_P(DataplaneSuite, UdpServiceForwards) {
    const auto dns = udp("10.255.0.1:53");
    ASSERT_EQ(ipvs.add_service(dns, {.scheduler = "rr", .one_packet = true}), ControlResult::ok);
    ASSERT_EQ(ipvs.add_destination(dns, at("10.1.0.1:53"), {}), ControlResult::ok);
    EXPECT_EQ(connect(2000, dns), at("10.1.0.1:53"));
}

TEST_P(DataplaneSuite, Ipv6ServiceForwards) {
    const auto http6 = tcp("[fd00:255::1]:80");
    ASSERT_EQ(ipvs.add_service(http6, {.scheduler = "rr"}), ControlResult::ok);
    ASSERT_EQ(ipvs.add_destination(http6, at("[fd00:1::1]:80"), {}), ControlResult::ok);
    EXPECT_EQ(world->open_connection(Protocol::tcp, at("[fd00:2::1]:2000"), http6.endpoint),
              at("[fd00:1::1]:80"));
}

TEST_P(DataplaneSuite, ClearedItIsEmpty) {
    add_http("rr", {web1});
    ASSERT_EQ(ipvs.add_service(mark(3, Family::ipv6), {}), ControlResult::ok);
    ipvs.clear();
    EXPECT_THAT(dump().services, IsEmpty());
    EXPECT_EQ(connect(2000), std::nullopt);
}

// ---- any table into any other ----

ipvs::ServiceKey any_key(int number) {
    switch (number) {
        case 0:
            return mark(80, Family::ipv4);
        case 1:
            return mark(80, Family::ipv6);
        case 2:
            return udp("10.255.0.1:80");
        case 3:
            return tcp("[fd00:255::1]:80");
        default:
            return tcp("10.255.0.1:" + std::to_string(number));
    }
}

Endpoint any_server(Family family, int number) {
    const auto text = std::to_string(number);
    return at(family == Family::ipv4 ? "10.1.0." + text + ":80" : "[fd00:1::" + text + "]:80");
}

router::TableService any_service(int number) {
    constexpr std::array schedulers{"rr", "wlc", "sh", "mh", "wrr", "lblcr"};
    router::TableService service{{"service" + std::to_string(number), any_key(number)}, {}, {}};
    auto& settings = service.settings;
    settings.scheduler = schedulers[*rc::gen::inRange<std::size_t>(0, schedulers.size())];
    settings.persistent = std::chrono::seconds(*rc::gen::element(0, 300));
    settings.scheduler_flag_1 = *rc::gen::arbitrary<bool>();
    if (service.service.key.family == Family::ipv6) {
        settings.persistence_prefix = *rc::gen::inRange(1U, 129U);
    } else {
        settings.persistence_mask = Address::v4(*rc::gen::element(0xFFFFFFFFU, 0xFFFFFF00U));
    }
    for (int i = 1; i <= 4; ++i) {
        if (*rc::gen::arbitrary<bool>()) {
            const auto endpoint = any_server(service.service.key.family, i);
            ipvs::DestinationSettings to{
                *rc::gen::element(ForwardingMethod::nat, ForwardingMethod::direct),
                Weight{*rc::gen::inRange(0, 3)}, *rc::gen::element(0U, 100U), 0};
            service.destinations.push_back({{"server" + std::to_string(i), endpoint}, to});
        }
    }
    return service;
}

/// Some of eight services of every kind, with some of four servers each.
router::ServiceTable any_table() {
    router::ServiceTable table;
    for (int i = 0; i < 8; ++i) {
        if (*rc::gen::inRange(0, 4) != 0) {
            table.push_back(any_service(i));
        }
    }
    return table;
}

TEST_P(DataplaneSuite, AnyTableBecomesAnyOtherByItsChanges) {
    const bool held = rc::check("from one table to another", [&] {
        ipvs.clear();
        const auto from = any_table();
        const auto to = any_table();
        const auto first = ipvs.change(orders(router::service_changes({}, from)));
        RC_ASSERT(std::ranges::all_of(first, [](auto r) { return r == ControlResult::ok; }));
        RC_ASSERT(sorted(dump()) == sorted(from));
        const auto second = ipvs.change(orders(router::service_changes(from, to)));
        RC_ASSERT(std::ranges::all_of(second, [](auto r) { return r == ControlResult::ok; }));
        RC_ASSERT(sorted(dump()) == sorted(to));
    });
    EXPECT_TRUE(held);
}

}  // namespace

void PrintTo(const DataplaneWorldMaker& maker, std::ostream* out) {
    *out << maker.name;
}

namespace {
INSTANTIATE_TEST_SUITE_P(Of, DataplaneSuite, testing::ValuesIn(dataplane_worlds()),
                         [](const auto& world) { return world.param.name; });
}  // namespace

}  // namespace lvslab
