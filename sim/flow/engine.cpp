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
    : ipvs_(options),
      index_(addresses_of(servers)),
      completions_(servers.size()),
      armed_(servers.size()) {
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

void Engine::open_nat_at_director(const Segment& first, const ipvs::Verdict& verdict,
                                  std::uint32_t request_segments) {
    ipvs_.step({.direction = Direction::from_server,
                .protocol = Protocol::tcp,
                .source = verdict.server,
                .destination = first.source,
                .flags = TcpFlags::syn | TcpFlags::ack,
                .mark = {}},
               now_);
    auto ack = first;
    ack.flags = TcpFlags::ack;
    ack.entry = verdict.entry;
    ack.count = 1 + request_segments;
    ipvs_.pass(ack, now_);
}

void Engine::close_nat_at_director(const Open& c, bool with_response) {
    Segment reply{.direction = Direction::from_server,
                  .protocol = c.segment.protocol,
                  .source = c.server_endpoint,
                  .destination = c.segment.source,
                  .flags = TcpFlags::ack,
                  .mark = {},
                  .count = c.response_segments};
    if (c.segment.protocol != Protocol::tcp) {
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
    auto request = c.segment;
    ipvs_.pass(request, now_);
    reply.flags = TcpFlags::fin | TcpFlags::ack;
    reply.count = 1;
    ipvs_.step(reply, now_);
    request.flags = TcpFlags::ack;
    ipvs_.pass(request, now_);
}

}  // namespace lvslab::flow_world
