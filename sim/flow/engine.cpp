// SPDX-License-Identifier: GPL-2.0-only
#include "sim/flow/engine.hpp"

#include <set>
#include <stdexcept>

#include <fmt/format.h>

namespace lvslab::flow_world {
namespace {

using ipvs::Direction;
using ipvs::Segment;
using ipvs::TcpFlags;

std::vector<Address> addresses_of(const std::vector<EngineServer>& servers) {
    std::vector<Address> addresses;
    std::set<Address> known;
    for (const auto& server : servers) {
        if (!known.insert(server.endpoint.address).second) {
            throw std::invalid_argument(fmt::format("two servers have the address {}",
                                                    server.endpoint.address.to_string()));
        }
        addresses.push_back(server.endpoint.address);
    }
    return addresses;
}

}  // namespace

Engine::Engine(std::vector<EngineServer> servers, const ipvs::Options& options)
    : ipvs_(options), index_(addresses_of(servers)), armed_(servers.size()) {
    for (const auto& server : servers) {
        stations_.emplace_back(server.station);
        speeds_.push_back(server.speed);
    }
    tally_.chosen.resize(servers.size());
}

void Engine::reset_tally() {
    tally_ = {};
    tally_.chosen.resize(stations_.size());
}

ipvs::Verdict Engine::open_at_director(const Arrival& arrival) {
    Segment segment{.direction = Direction::from_client,
                    .protocol = arrival.protocol,
                    .source = arrival.client,
                    .destination = arrival.to,
                    .flags = TcpFlags::none,
                    .mark = arrival.mark,
                    .count = 1};
    if (arrival.protocol != Protocol::tcp) {
        segment.count = arrival.request_segments;
        return ipvs_.step(segment, now_);
    }
    segment.flags = TcpFlags::syn;
    const auto verdict = ipvs_.step(segment, now_);
    if (verdict.action != ipvs::Action::forward) {
        return verdict;
    }
    if (verdict.method == ipvs::ForwardingMethod::nat) {
        ipvs_.step({.direction = Direction::from_server,
                    .protocol = Protocol::tcp,
                    .source = verdict.server,
                    .destination = arrival.client,
                    .flags = TcpFlags::syn | TcpFlags::ack,
                    .mark = {}},
                   now_);
    }
    segment.flags = TcpFlags::ack;
    segment.entry = verdict.entry;
    segment.count = 1 + arrival.request_segments;
    ipvs_.step(segment, now_);
    return verdict;
}

void Engine::close_at_director(const Open& c, bool with_response) {
    if (c.nat) {
        close_nat_at_director(c, with_response);
    } else if (with_response && c.protocol == Protocol::tcp) {
        // By direct routing the director sees nothing of the server's, not even its reset.
        ipvs_.step(last_segment(c), now_);
    }
}

ipvs::Segment Engine::last_segment(const Open& c) {
    return {.direction = Direction::from_client,
            .protocol = Protocol::tcp,
            .source = c.client,
            .destination = c.to,
            .flags = TcpFlags::fin | TcpFlags::ack,
            .mark = c.mark,
            .entry = c.entry};
}

void Engine::close_nat_at_director(const Open& c, bool with_response) {
    Segment reply{.direction = Direction::from_server,
                  .protocol = c.protocol,
                  .source = c.server_endpoint,
                  .destination = c.client,
                  .flags = TcpFlags::ack,
                  .mark = {},
                  .count = c.response_segments};
    if (c.protocol != Protocol::tcp) {
        if (with_response) {
            ipvs_.step(reply, now_);
        }
        return;
    }
    if (!with_response) {
        reply.flags = TcpFlags::rst;
        ipvs_.step(reply, now_);
        return;
    }
    ipvs_.step(reply, now_);
    auto request = last_segment(c);
    ipvs_.step(request, now_);
    reply.flags = TcpFlags::fin | TcpFlags::ack;
    reply.count = 1;
    ipvs_.step(reply, now_);
    request.flags = TcpFlags::ack;
    ipvs_.step(request, now_);
}

}  // namespace lvslab::flow_world
