// SPDX-License-Identifier: GPL-2.0-only
#include <ostream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <nlohmann/json.hpp>

#include "realmode/daemon/event_lines.hpp"

namespace lvslab::realmode {
namespace {

using testing::HasSubstr;

Address any_address() {
    if (*rc::gen::arbitrary<bool>()) {
        return Address::v4(*rc::gen::arbitrary<std::uint32_t>());
    }
    Address::Bytes bytes;
    for (auto& byte : bytes) {
        byte = *rc::gen::arbitrary<std::uint8_t>();
    }
    return Address::v6(bytes);
}

std::string any_text() {
    return *rc::gen::container<std::string>(rc::gen::inRange('\1', '\x7f'));
}

Endpoint any_endpoint() {
    return {any_address(), Port(*rc::gen::arbitrary<std::uint16_t>())};
}

ports::ServiceName any_service() {
    return {
        any_text(),
        {.protocol = *rc::gen::element(Protocol::ip, Protocol::tcp, Protocol::udp, Protocol::sctp),
         .endpoint = any_endpoint(),
         .fwmark = Fwmark(*rc::gen::arbitrary<std::uint32_t>()),
         .family = *rc::gen::element(Family::ipv4, Family::ipv6)}};
}

ports::ServerName any_server() {
    return {any_text(), any_endpoint()};
}

ipvs::ServiceSettings any_settings() {
    return {.scheduler = any_text(),
            .persistent = Duration(*rc::gen::arbitrary<Duration::rep>()),
            .persistence_mask = any_address(),
            .persistence_prefix = *rc::gen::arbitrary<unsigned>(),
            .one_packet = *rc::gen::arbitrary<bool>(),
            .scheduler_flag_1 = *rc::gen::arbitrary<bool>(),
            .scheduler_flag_2 = *rc::gen::arbitrary<bool>()};
}

pulse::Path any_path() {
    return *rc::gen::element(pulse::Path::public_net, pulse::Path::private_net);
}
pulse::Word any_word() {
    return *rc::gen::element(pulse::Word::running, pulse::Word::stopped);
}
Weight any_weight() {
    return Weight(*rc::gen::arbitrary<std::int32_t>());
}

ports::RouterEvent any_event() {
    using enum pulse::Reason;
    switch (*rc::gen::inRange(0, 14)) {
        case 0:
            return ports::RoleChanged{
                *rc::gen::arbitrary<bool>(),
                *rc::gen::element(settled, forced, partner_silent, partner_stopped, failback,
                                  partner_running, router_died, links_down, released, terminated)};
        case 1:
            return ports::HeartbeatSent{any_path(), any_word()};
        case 2:
            return ports::HeartbeatHeard{any_path(), any_word()};
        case 3:
            return ports::AddressRaised{any_address()};
        case 4:
            return ports::AddressLowered{any_address()};
        case 5:
            return ports::AddressAnnounced{any_address(), *rc::gen::arbitrary<int>()};
        case 6:
            return ports::ServiceSet{any_service(), any_settings()};
        case 7:
            return ports::ServiceRemoved{any_service()};
        case 8:
            return ports::DestinationAdded{any_service(), any_server(), any_weight()};
        case 9:
            return ports::DestinationEdited{any_service(), any_server(), any_weight()};
        case 10:
            return ports::DestinationRemoved{any_service(), any_server()};
        case 11:
            return ports::CheckEnded{any_service(), any_server(), *rc::gen::arbitrary<bool>(),
                                     Duration(*rc::gen::arbitrary<Duration::rep>())};
        case 12:
            return ports::LoadMeasured{any_service(), any_server(),
                                       *rc::gen::arbitrary<bool>()
                                           ? std::optional(*rc::gen::arbitrary<double>())
                                           : std::nullopt};
        default:
            return ports::Note{any_text()};
    }
}

RC_GTEST_PROP(EventLines, AreReadBackAsTheyWere, ()) {
    const TimedEvent event{Time(Duration(*rc::gen::arbitrary<Duration::rep>())), any_event()};
    const auto line = event_line(event);
    RC_ASSERT(line.find('\n') == std::string::npos);
    const auto read = parse_event_line(line);
    RC_LOG() << line << '\n' << read.diagnostics.to_string();
    RC_ASSERT(read.value == event);
}

TEST(EventLines, HaveTheShapeThatReadersAreTold) {
    EXPECT_EQ(event_line(
                  {Time(Duration(12345)), ports::RoleChanged{true, pulse::Reason::partner_silent}}),
              R"({"time":12345,"event":"role_changed","active":true,"reason":"partner dead"})");
    ipvs::ServiceKey key;
    key.endpoint = Endpoint::parse("192.168.26.10:80").value();
    const ports::ServerName server{"web1", Endpoint::parse("10.11.12.1:80").value()};
    EXPECT_EQ(
        event_line({Time(Duration(7)), ports::DestinationAdded{{"shop", key}, server, Weight{2}}}),
        R"({"time":7,"event":"destination_added","service":{"name":"shop","protocol":"tcp",)"
        R"("endpoint":"192.168.26.10:80","fwmark":0,"family":"ipv4"},)"
        R"("server":{"name":"web1","endpoint":"10.11.12.1:80"},"weight":2})");
}

TEST(EventLines, KeepNotesOfAnyBytesReadable) {
    const auto line = event_line({Time{}, ports::Note{"bad \xff byte\nand a second line"}});
    const auto read = parse_event_line(line);
    ASSERT_TRUE(read) << read.diagnostics.to_string();
    EXPECT_THAT(std::get<ports::Note>(read->event).text, HasSubstr("byte\nand a second line"));
}

TEST(EventLines, SayWhatIsWrongWithALine) {
    const auto error = [](std::string_view line) {
        const auto read = parse_event_line(line);
        EXPECT_FALSE(read);
        return read.diagnostics.to_string();
    };
    EXPECT_THAT(error("{"), HasSubstr("parse error"));
    EXPECT_THAT(error(R"({"time":1,"event":"dance"})"), HasSubstr("no event is called \"dance\""));
    EXPECT_THAT(error(R"({"time":1,"event":"address_raised","address":"ten"})"),
                HasSubstr("\"ten\" is no address"));
    EXPECT_THAT(error(R"({"time":1,"event":"note"})"), HasSubstr("text"));
    EXPECT_THAT(error(R"({"event":"note","text":""})"), HasSubstr("time"));
    EXPECT_THAT(error(R"({"time":"one","event":"note","text":""})"), HasSubstr("number"));
    EXPECT_THAT(error(R"({"time":1,"event":"role_changed","active":true,"reason":"whim"})"),
                HasSubstr("\"whim\" is no reason of a role"));
}

}  // namespace
}  // namespace lvslab::realmode
