// SPDX-License-Identifier: GPL-2.0-only
#include "sim/flow/data_tier.hpp"

#include <utility>

#include <fmt/format.h>

#include "sim/flow/server_host.hpp"

namespace lvslab::flow_world {
namespace {

constexpr std::uint64_t headers = 66;
constexpr std::uint64_t question_bytes = 32, answer_bytes = 16;
constexpr Duration first_retry = std::chrono::milliseconds(200);

}  // namespace

// ---- pairs ----

StandbyPair::StandbyPair(Simulation& simulation, unsigned nodes, Duration takeover,
                         std::function<void(unsigned)> begun, std::function<void(unsigned)> ended)
    : simulation_(simulation),
      roles_(nodes, takeover),
      begun_(std::move(begun)),
      ended_(std::move(ended)) {}

void StandbyPair::died(unsigned node) {
    if (roles_.died(node, simulation_.now())) {
        ended_(node);
    }
    arm();
}

void StandbyPair::returned(unsigned node) {
    if (roles_.returned(node)) {
        begun_(node);
    }
    arm();
}

void StandbyPair::arm() {
    simulation_.cancel(std::exchange(takeover_, {}));
    takeover_ = simulation_.at(roles_.next_takeover(), [this] {
        if (const auto node = roles_.take_over(simulation_.now())) {
            begun_(*node);
        }
    });
}

// ---- data servers ----

DataServerHost::DataServerHost(Simulation& simulation, unsigned index,
                               const scenario::Scenario& scenario, journal::Sink& sink,
                               std::uint64_t seed)
    : simulation_(simulation),
      index_(index),
      server_(scenario.data[index]),
      sink_(sink),
      pair_(
          simulation, server_.standby ? 2 : 1,
          server_.standby ? server_.standby->takeover : Duration{},
          [this](unsigned node) { begun(node); }, [this](unsigned node) { tell(node, false); }) {
    for (unsigned node = 0; node < (server_.standby ? 2U : 1U); ++node) {
        nodes_.push_back(
            {.draws = RandomStream(seed, fmt::format("data/{}/{}", server_.name, node))});
    }
    begin_service(0);
}

void DataServerHost::begin_service(unsigned node) {
    auto& n = nodes_[node];
    if (!n.station) {
        n.station.emplace(server_, n.draws);
        n.station->slow_down(n.slowness);
    }
}

void DataServerHost::end_service(unsigned node) {
    auto& n = nodes_[node];
    simulation_.cancel(std::exchange(n.event, {}));
    n.station.reset();
    n.waiting.clear();
    n.frozen_at.reset();
}

void DataServerHost::begun(unsigned node) {
    for (unsigned other = 0; other < nodes_.size(); ++other) {
        if (other != node) {
            end_service(other);
        }
    }
    holder_ = node;
    begin_service(node);
    tell(node, true);
}

void DataServerHost::tell(unsigned node, bool active) {
    if (nodes_.size() > 1) {
        sink_.take({simulation_.now(), journal::DataRole{index_, node, active}});
    }
}

Time DataServerHost::working_time(const Node& node) const {
    return node.frozen_at.value_or(simulation_.now()) - node.frozen_for;
}

void DataServerHost::submit(std::function<void()> answered) {
    serve(holder_);
    auto& n = nodes_[holder_];
    const auto ticket = next_++;
    n.waiting.emplace(ticket, std::move(answered));
    n.station->arrive(ticket, working_time(n));
    arm(holder_);
}

void DataServerHost::serve(unsigned node) {
    auto& n = nodes_[node];
    while (n.station) {
        const auto done = n.station->complete(working_time(n));
        if (!done) {
            return;
        }
        if (const auto waiting = n.waiting.extract(*done)) {
            waiting.mapped()();
        }
    }
}

void DataServerHost::arm(unsigned node) {
    auto& n = nodes_[node];
    simulation_.cancel(std::exchange(n.event, {}));
    const Time due = n.station ? n.station->next_completion() : never;
    if (due != never && !n.frozen_at) {
        n.event = simulation_.at(due + n.frozen_for, [this, node] {
            serve(node);
            arm(node);
        });
    }
}

void DataServerHost::crash(unsigned node) {
    end_service(node);
    pair_.died(node);
}
void DataServerHost::restart(unsigned node) {
    nodes_[node].stopped = false;
    pair_.returned(node);
}
void DataServerHost::freeze(unsigned node) {
    auto& n = nodes_[node];
    if (!n.frozen_at) {
        n.frozen_at = simulation_.now();
    }
    arm(node);
    pair_.died(node);
}
void DataServerHost::thaw(unsigned node) {
    auto& n = nodes_[node];
    if (n.frozen_at) {
        n.frozen_for += simulation_.now() - *n.frozen_at;
        n.frozen_at.reset();
        arm(node);
    }
    if (!n.stopped) {
        pair_.returned(node);
    }
}
void DataServerHost::stop(unsigned node) {
    nodes_[node].stopped = true;
    end_service(node);
    pair_.died(node);
}
void DataServerHost::start(unsigned node) {
    nodes_[node].stopped = false;
    pair_.returned(node);
}
void DataServerHost::slow_down(unsigned node, double factor) {
    nodes_[node].slowness = factor;
    if (nodes_[node].station) {
        nodes_[node].station->slow_down(factor);
    }
}

// ---- the real server's side ----

DataClient::DataClient(Simulation& simulation, Network& network, std::uint32_t server,
                       const scenario::Scenario& scenario, journal::Sink& sink, std::uint64_t seed,
                       DataServerHost& data, ServerHost& host)
    : simulation_(simulation),
      network_(network),
      server_(server),
      need_(*scenario.servers[server].data),
      description_(scenario.data[need_.data_server]),
      sink_(sink),
      data_(data),
      host_(host),
      draws_(seed, "data/" + scenario.servers[server].name) {}

bool DataClient::current(Ticket request, std::uint64_t attempt) const {
    const auto found = busy_.find(request);
    return found != busy_.end() && found->second.attempt == attempt;
}

TravelTime DataClient::way(bool there, std::uint64_t bytes) const {
    const Machine server{Machine::Kind::server, server_};
    const Machine data{Machine::Kind::data_server, need_.data_server, data_.holder()};
    return there ? network_.between(server, data, headers + bytes)
                 : network_.between(data, server, headers + bytes);
}

void DataClient::begin(Ticket request) {
    busy_.emplace(request, Request{server::DataAccesses(need_, draws_)});
    auto& r = busy_.at(request);
    if (r.accesses.done()) {
        // Nothing is asked after all. Not from here: the station is in the middle of its call.
        const auto attempt = r.attempt = ++attempts_;
        simulation_.after({}, [this, request, attempt] {
            if (current(request, attempt)) {
                ended(request, true);
            }
        });
        return;
    }
    access(request);
}

void DataClient::access(Ticket request) {
    auto& r = busy_.at(request);
    const bool first = r.attempt == 0;
    const auto attempt = r.attempt = ++attempts_;
    r.asked_at = simulation_.now();
    simulation_.after(need_.timeout, [this, request, attempt] {
        if (current(request, attempt)) {
            sink_.take({simulation_.now(), journal::DataRequestEnded{server_, need_.data_server,
                                                                     false, need_.timeout}});
            ended(request, false);
        }
    });
    Duration handshake{};
    if (first) {
        if (description_.kind == scenario::DataServer::Kind::database && idle_ > 0) {
            --idle_;
        } else {
            handshake = way(true, 0).value_or(Duration{}) + way(false, 0).value_or(Duration{});
        }
    }
    simulation_.after(handshake, [this, request, attempt] { ask(request, attempt, first_retry); });
}

void DataClient::ask(Ticket request, std::uint64_t attempt, Duration retry) {
    if (!current(request, attempt)) {
        return;
    }
    const auto& asked = busy_.at(request).accesses.current();
    const auto travel = way(true, question_bytes + (asked.write ? asked.bytes : 0));
    if (!travel) {
        simulation_.after(retry, [=, this] { ask(request, attempt, 2 * retry); });
        return;
    }
    simulation_.after(*travel, [=, this] {
        if (!current(request, attempt)) {
            return;
        }
        if (way(true, 0)) {
            arrived(request, attempt);
        } else {
            simulation_.after(retry, [=, this] { ask(request, attempt, 2 * retry); });
        }
    });
}

void DataClient::arrived(Ticket request, std::uint64_t attempt) {
    if (!data_.serves()) {
        // Refused: nobody listens.
        simulation_.after(way(false, 0).value_or(Duration{}), [this, request, attempt] {
            if (current(request, attempt)) {
                sink_.take(
                    {simulation_.now(),
                     journal::DataRequestEnded{server_, need_.data_server, false,
                                               simulation_.now() - busy_.at(request).asked_at}});
                ended(request, false);
            }
        });
        return;
    }
    data_.submit([this, request, attempt] { answer(request, attempt, first_retry); });
}

void DataClient::answer(Ticket request, std::uint64_t attempt, Duration retry) {
    if (!current(request, attempt)) {
        return;
    }
    const auto& asked = busy_.at(request).accesses.current();
    const auto travel = way(false, answer_bytes + (asked.write ? 0 : asked.bytes));
    if (!travel) {
        simulation_.after(retry, [=, this] { answer(request, attempt, 2 * retry); });
        return;
    }
    simulation_.after(*travel, [this, request, attempt] {
        if (!current(request, attempt)) {
            return;
        }
        auto& r = busy_.at(request);
        sink_.take({simulation_.now(), journal::DataRequestEnded{server_, need_.data_server, true,
                                                                 simulation_.now() - r.asked_at}});
        r.accesses.answered();
        if (r.accesses.done()) {
            ended(request, true);
        } else {
            access(request);
        }
    });
}

void DataClient::ended(Ticket request, bool ok) {
    busy_.erase(request);
    if (ok && description_.kind == scenario::DataServer::Kind::database) {
        ++idle_;
    }
    host_.data_ended(request, ok);
}

void DataClient::end() {
    busy_.clear();
    idle_ = 0;
}

}  // namespace lvslab::flow_world
