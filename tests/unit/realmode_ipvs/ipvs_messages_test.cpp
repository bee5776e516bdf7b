// SPDX-License-Identifier: GPL-2.0-only
// The kernel's messages, byte for byte (linux/ip_vs.h, linux/genetlink.h).
#include "realmode/ipvs/ipvs_messages.hpp"

#include <bit>
#include <string>

#include <gtest/gtest.h>

namespace lvslab::realmode {
namespace {

using namespace std::chrono_literals;

static_assert(std::endian::native == std::endian::little, "the bytes below are of such a machine");

constexpr IpvsFamily family{0x22};
const ipvs::ServiceKey http{Protocol::tcp, *Endpoint::parse("10.255.0.1:80"), {}, Family::ipv4};
const ipvs::ServiceKey dns6{Protocol::udp, *Endpoint::parse("[fd00:255::1]:53"), {}, Family::ipv6};
const ipvs::ServiceKey mark6 = normalised({Protocol::ip, {}, Fwmark{7}, Family::ipv6});

/// Bytes from hexadecimal digits; blanks and line ends are for the reader.
NetlinkMessage bytes(const std::string& text) {
    NetlinkMessage result;
    std::string digits;
    for (const char c : text) {
        if (c != ' ' && c != '\n') {
            digits += c;
        }
    }
    for (std::size_t i = 0; i + 1 < digits.size(); i += 2) {
        result.push_back(static_cast<std::uint8_t>(std::stoi(digits.substr(i, 2), nullptr, 16)));
    }
    return result;
}

// Length, family 0x22, NLM_F_REQUEST, number and port 0; command, version 1.
std::string header(const char* length, const char* command) {
    return std::string(length) + " 000000  2200 0100  00000000 00000000  " + command + " 01 0000 ";
}

// SERVICE{AF 2, PROTOCOL 6, ADDR 10.255.0.1, PORT 80
const std::string http_key =
    "0600 0100 0200 0000  0600 0200 0600 0000"
    "1400 0300 0aff0001 00000000 00000000 00000000  0600 0400 0050 0000";

TEST(IpvsMessages, AddAService) {
    const ipvs::ServiceSettings settings{
        .scheduler = "rr", .persistent = 300s, .persistence_mask = Address::v4(0xFFFFFF00U)};
    const auto message = encode(family, ports::AddService{http, settings});
    EXPECT_EQ(message, bytes(header("68", "01") + "5400 0180" + http_key +
                             "0700 0600 727200 00"          // SCHED_NAME "rr"
                             "0c00 0700 01000000 ffffffff"  // FLAGS persistent, all of them
                             "0800 0800 2c010000"           // TIMEOUT 300 s
                             "0800 0900 ffffff00"));        // NETMASK, network order
    const auto back = decode_service(message);
    ASSERT_TRUE(back);
    EXPECT_EQ(back->key, http);
    EXPECT_EQ(back->settings, settings);
}

TEST(IpvsMessages, EditAServiceOfAMark) {
    const ipvs::ServiceSettings settings{.scheduler = "sh",
                                         .persistence_prefix = 64,
                                         .scheduler_flag_1 = true,
                                         .scheduler_flag_2 = true};
    const auto message = encode(family, ports::EditService{mark6, settings});
    EXPECT_EQ(message, bytes(header("4c", "02") + "3800 0180"
                                                  "0600 0100 0a00 0000"          // AF 10
                                                  "0800 0500 07000000"           // FWMARK 7
                                                  "0700 0600 736800 00"          // "sh"
                                                  "0c00 0700 18000000 ffffffff"  // both flags
                                                  "0800 0800 00000000"           // TIMEOUT none
                                                  "0800 0900 40000000"));        // NETMASK: 64 bits
    const auto back = decode_service(message);
    ASSERT_TRUE(back);
    EXPECT_EQ(back->key, mark6);
    EXPECT_EQ(back->settings, settings);
}

TEST(IpvsMessages, RemoveAServiceByItsKeyAlone) {
    EXPECT_EQ(encode(family, ports::RemoveService{dns6}),
              bytes(header("44", "03") +
                    "3000 0180  0600 0100 0a00 0000  0600 0200 1100 0000"
                    "1400 0300 fd000255 00000000 00000000 00000001  0600 0400 0035 0000"));
}

TEST(IpvsMessages, AOnePacketServiceHasItsFlag) {
    const ipvs::ServiceSettings settings{.scheduler = "wrr", .one_packet = true};
    const auto back = decode_service(encode(family, ports::AddService{dns6, settings}));
    ASSERT_TRUE(back);
    EXPECT_EQ(back->key, dns6);
    EXPECT_EQ(back->settings, settings);
    EXPECT_EQ(back->other_flags, 0U);
}

TEST(IpvsMessages, AddAndEditARealServer) {
    const auto server = *Endpoint::parse("10.1.0.2:8080");
    const ipvs::DestinationSettings settings{ipvs::ForwardingMethod::tunnel, Weight{5}, 100, 50};
    const auto body = "3000 0180" + http_key +
                      "4800 0280"
                      "1400 0100 0a010002 00000000 00000000 00000000"  // ADDR
                      "0600 0200 1f90 0000"                            // PORT 8080
                      "0600 0b00 0200 0000"                            // ADDR_FAMILY 2
                      "0800 0300 02000000"                             // FWD_METHOD tunnel
                      "0800 0400 05000000"                             // WEIGHT
                      "0800 0500 64000000  0800 0600 32000000";        // U_THRESH, L_THRESH
    const auto message = encode(family, ports::AddDestination{http, server, settings});
    EXPECT_EQ(message, bytes(header("8c", "05") + body));
    EXPECT_EQ(encode(family, ports::EditDestination{http, server, settings}),
              bytes(header("8c", "06") + body));
    const auto back = decode_destination(message, Family::ipv4);
    ASSERT_TRUE(back);
    EXPECT_EQ(back->server, server);
    EXPECT_EQ(back->settings, settings);
}

TEST(IpvsMessages, RemoveARealServerByItsEndpointAlone) {
    EXPECT_EQ(encode(family, ports::RemoveDestination{http, *Endpoint::parse("10.1.0.2:8080")}),
              bytes(header("6c", "07") + "3000 0180" + http_key +
                    "2800 0280 1400 0100 0a010002 00000000 00000000 00000000"
                    "0600 0200 1f90 0000  0600 0b00 0200 0000"));
}

TEST(IpvsMessages, SetTheTimeoutsThatAreGiven) {
    const auto message = encode(family, ipvs::Timeouts{.tcp = 900s, .udp = 1500ms});
    EXPECT_EQ(message, bytes(header("24", "0c") + "0800 0400 84030000  0800 0600 02000000"));
    EXPECT_EQ(decode_timeouts(message), (ipvs::Timeouts{.tcp = 900s, .udp = 2s}));
}

TEST(IpvsMessages, StartAndStopASyncDaemon) {
    const SyncDaemon master{pulse::SyncRole::master, "eth1", 3};
    const auto message = encode_start(family, master);
    EXPECT_EQ(message, bytes(header("34", "09") + "2000 0380"
                                                  "0800 0100 01000000"            // STATE master
                                                  "0900 0200 65746831 00 000000"  // "eth1"
                                                  "0800 0300 03000000"));         // SYNC_ID
    EXPECT_EQ(decode_daemon(message), master);
    EXPECT_EQ(encode_stop(family, pulse::SyncRole::backup),
              bytes(header("20", "0a") + "0c00 0380 0800 0100 02000000"));
}

TEST(IpvsMessages, AskAndFlush) {
    EXPECT_EQ(encode_get_services(family), bytes(header("14", "04")));
    EXPECT_EQ(encode_get_destinations(family, http),
              bytes(header("44", "08") + "3000 0180" + http_key));
    EXPECT_EQ(encode_get_daemons(family), bytes(header("14", "0b")));
    EXPECT_EQ(encode_get_timeouts(family), bytes(header("14", "0d")));
    EXPECT_EQ(encode_get_info(family), bytes(header("14", "0f")));
    EXPECT_EQ(encode_flush(family), bytes(header("14", "11")));
}

// ---- what only answers have ----

TEST(IpvsMessages, CountersAreReadInBothWidths) {
    const std::string narrow =
        "4c00 0a00  0800 0100 05000000  0800 0200 06000000  0800 0300 07000000"
        "0c00 0400 08000000 00000000  0c00 0500 09000000 00000000"
        "0800 0600 01000000  0800 0700 02000000  0800 0800 03000000";
    const std::string wide = "1c00 0c00  0c00 0100 05000000 01000000  0c00 0200 06000000 00000000";
    const std::string settings =
        "0700 0600 727200 00  0c00 0700 02000000 ffffffff  0800 0800 00000000"
        "0800 0900 ffffffff";
    const auto old =
        decode_service(bytes(header("b4", "01") + "a000 0100" + http_key + settings + narrow));
    ASSERT_TRUE(old);
    EXPECT_EQ(old->traffic, (Traffic{5, 6, 7, 8, 9, 1, 2, 3, 0, 0}));
    const auto both = decode_service(
        bytes(header("d0", "01") + "bc00 0100" + http_key + settings + narrow + wide));
    ASSERT_TRUE(both);
    EXPECT_EQ(both->traffic.connections, 0x100000005U);
    EXPECT_EQ(both->traffic.packets_in, 6U);
}

TEST(IpvsMessages, WhatNoSettingSaysIsKeptApart) {
    const auto service = decode_service(bytes(header("70", "01") + "5c00 0100" + http_key +
                                              "0700 0600 6d6800 00"
                                              "0c00 0700 22000000 ffffffff"  // hashed, third flag
                                              "0800 0800 3c000000"  // a timeout without its flag
                                              "0800 0900 ffffffff"
                                              "0800 0b00 73697000"));  // PE_NAME "sip"
    ASSERT_TRUE(service);
    EXPECT_EQ(service->settings, ipvs::ServiceSettings{.scheduler = "mh"});
    EXPECT_EQ(service->other_flags, 0x20U);
    EXPECT_EQ(service->persistence_engine, "sip");
}

TEST(IpvsMessages, ConnectionsOfARealServerAreRead) {
    const auto d = decode_destination(
        bytes(header("5c", "05") + "4800 0200"
                                   "1400 0100 fd000001 00000000 00000000 00000002"
                                   "0600 0200 0050 0000  0800 0300 03010000  0800 0400 ffffffff"
                                   "0800 0700 01000000  0800 0800 02000000  0800 0900 03000000"),
        Family::ipv6);  // an old kernel does not tell
    ASSERT_TRUE(d);
    EXPECT_EQ(d->server, *Endpoint::parse("[fd00:1::2]:80"));
    EXPECT_EQ(d->settings.method, ipvs::ForwardingMethod::direct);
    EXPECT_EQ(d->settings.weight, Weight{-1});
    EXPECT_EQ(d->active, 1U);
    EXPECT_EQ(d->inactive, 2U);
    EXPECT_EQ(d->persistent, 3U);
}

TEST(IpvsMessages, VersionIsRead) {
    const auto info =
        decode_info(bytes(header("24", "0e") + "0800 0100 01020100  0800 0200 00100000"));
    ASSERT_TRUE(info);
    EXPECT_EQ(info->version_text(), "1.2.1");
    EXPECT_EQ(info->table_size, 4096U);
}

TEST(IpvsMessages, EveryCutMessageIsNone) {
    const auto service = encode(family, ports::AddService{http, {}});
    const auto server =
        encode(family, ports::AddDestination{http, *Endpoint::parse("10.1.0.2:80"), {}});
    for (std::size_t size = 0; size < service.size(); ++size) {
        EXPECT_FALSE(decode_service(std::span(service).first(size)));
    }
    for (std::size_t size = 0; size < server.size(); ++size) {
        EXPECT_FALSE(decode_destination(std::span(server).first(size), Family::ipv4));
    }
    EXPECT_FALSE(decode_service(encode_flush(family)));
    EXPECT_FALSE(decode_daemon(encode_flush(family)));
    EXPECT_FALSE(decode_info(encode_flush(family)));
    EXPECT_FALSE(decode_timeouts(encode_flush(family)));
}

TEST(IpvsMessages, ASchedulersNameThatNoMessageHoldsIsRefused) {
    EXPECT_THROW(encode(family, ports::AddService{http, {.scheduler = std::string(5000, 'x')}}),
                 std::length_error);
}

}  // namespace
}  // namespace lvslab::realmode
