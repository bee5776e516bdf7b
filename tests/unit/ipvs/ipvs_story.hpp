// SPDX-License-Identifier: GPL-2.0-only
/// Short words for stories about one virtual service.
#pragma once

#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "core/ipvs/ipvs.hpp"

namespace lvslab::ipvs {

using namespace std::chrono_literals;

inline Endpoint at(std::string_view text) {
    return Endpoint::parse(text).value();
}

inline constexpr TcpFlags syn = TcpFlags::syn;
inline constexpr TcpFlags ack = TcpFlags::ack;
inline constexpr TcpFlags fin = TcpFlags::fin | TcpFlags::ack;
inline constexpr TcpFlags rst = TcpFlags::rst;
inline constexpr TcpFlags syn_ack = TcpFlags::syn | TcpFlags::ack;

/// One service and the packets of its clients; time goes on by what the story says.
struct Story {
    explicit Story(Options options = {}) : ipvs(options) {}

    Ipvs ipvs;
    Time now{};
    ServiceKey key{Protocol::tcp, at("10.255.0.1:80"), {}, Family::ipv4};

    void service(const std::string& scheduler) {
        ServiceSettings settings;
        settings.scheduler = scheduler;
        service(settings);
    }
    void service(const ServiceSettings& settings) {
        ASSERT_EQ(ipvs.add_service(key, settings, now), ControlResult::ok);
    }
    static DestinationSettings weighing(int weight) {
        DestinationSettings settings;
        settings.weight = Weight{weight};
        return settings;
    }
    void server(std::string_view name, int weight = 1) { server(name, weighing(weight)); }
    void server(std::string_view name, const DestinationSettings& settings) {
        ASSERT_EQ(ipvs.add_destination(key, at(name), settings, now), ControlResult::ok);
    }
    void edit(std::string_view name, const DestinationSettings& settings) {
        ASSERT_EQ(ipvs.edit_destination(key, at(name), settings, now), ControlResult::ok);
    }
    void edit(std::string_view name, int weight) { edit(name, weighing(weight)); }
    void remove(std::string_view name) {
        ASSERT_EQ(ipvs.remove_destination(key, at(name), now), ControlResult::ok);
    }
    void wait(Duration d) {
        now += d;
        ipvs.advance(now);
    }

    Verdict from_client(std::string_view client, TcpFlags flags) {
        Segment s;
        s.protocol = key.protocol;
        s.source = at(client);
        s.destination = key.endpoint;
        s.flags = flags;
        return ipvs.step(s, now);
    }
    Verdict from_server(std::string_view server, std::string_view client, TcpFlags flags) {
        Segment s;
        s.direction = Direction::from_server;
        s.protocol = key.protocol;
        s.source = at(server);
        s.destination = at(client);
        s.flags = flags;
        return ipvs.step(s, now);
    }
    /// Where the client's packet went, or what became of it.
    std::string goes(std::string_view client, TcpFlags flags) {
        const auto v = from_client(client, flags);
        switch (v.action) {
            case Action::forward:
                return v.server.to_string();
            case Action::reject:
                return "rejected";
            case Action::drop:
                return "dropped";
            case Action::reset:
                return "reset";
            case Action::pass:
                break;
        }
        return "passed";
    }
    /// "active/inactive/templates" of a server.
    std::string counters(std::string_view name) const {
        for (const auto& d : ipvs.destinations(key)) {
            if (d.endpoint == at(name)) {
                return std::to_string(d.active) + "/" + std::to_string(d.inactive) + "/" +
                       std::to_string(d.persistent);
            }
        }
        return "not listed";
    }
};

}  // namespace lvslab::ipvs
