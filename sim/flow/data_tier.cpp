// SPDX-License-Identifier: GPL-2.0-only
#include "sim/flow/data_tier.hpp"

#include <utility>

#include <fmt/format.h>

#include "core/server/data_station.hpp"
#include "core/world/server_process.hpp"
#include "sim/flow/server_host.hpp"

namespace lvslab::flow_world {
namespace {

constexpr std::uint64_t headers = 66;
constexpr std::uint64_t question_bytes = 32, answer_bytes = 16;
constexpr Duration first_retry = std::chrono::milliseconds(200);

}  // namespace

// ---- data servers ----

/// Its waiting accesses are lost with its service, not its role alone.
class DataServerHost::Node final : public world::DataNode {
public:
    Node(Simulation& simulation, const scenario::DataServer& server, unsigned number,
         std::uint64_t seed, unsigned& holder)
        : server_(server),
          number_(number),
          holder_(holder),
          draws_(seed, fmt::format("data/{}/{}", server.name, number)),
          process_(simulation, [this](Ticket access) { answer(access); }) {}

    bool running() const { return process_.running(); }
    void submit(std::function<void()> answered) {
        process_.offer([&](server::DataStation& station, Time now) {
            const auto ticket = next_++;
            waiting_.emplace(ticket, std::move(answered));
            station.arrive(ticket, now);
            return true;
        });
    }

    void start() override { process_.start(server_, draws_); }
    void stop() override {
        process_.end();
        waiting_.clear();
    }
    void crash() override {
        process_.crash();
        waiting_.clear();
    }
    void freeze() override { process_.freeze(); }
    void thaw() override { process_.thaw(); }
    void slow_down(double factor) override { process_.slow_down(factor); }
    void raise_address() override { holder_ = number_; }
    void lower_address() override {}     // the other one raises it in the same moment
    void announce_address() override {}  // nobody remembers where it was

private:
    using Ticket = server::Station::Ticket;

    void answer(Ticket access) {
        if (const auto waiting = waiting_.extract(access)) {
            waiting.mapped()();
        }
    }

    const scenario::DataServer& server_;
    unsigned number_;
    unsigned& holder_;
    RandomStream draws_;
    world::ServerProcess<server::DataStation> process_;
    std::map<Ticket, std::function<void()>> waiting_;
    Ticket next_ = 1;
};

DataServerHost::DataServerHost(Simulation& simulation, unsigned index,
                               const scenario::Scenario& scenario, journal::Sink& sink,
                               std::uint64_t seed)
    : server_(simulation, index, scenario.data[index], sink,
              nodes(simulation, scenario.data[index], seed)) {}

std::vector<std::unique_ptr<world::DataNode>> DataServerHost::nodes(
    Simulation& simulation, const scenario::DataServer& server, std::uint64_t seed) {
    std::vector<std::unique_ptr<world::DataNode>> result;
    for (unsigned number = 0; number < (server.standby ? 2U : 1U); ++number) {
        auto node = std::make_unique<Node>(simulation, server, number, seed, holder_);
        nodes_.push_back(node.get());
        result.push_back(std::move(node));
    }
    return result;
}

bool DataServerHost::serves() const {
    return nodes_[holder_]->running();
}

void DataServerHost::submit(std::function<void()> answered) {
    nodes_[holder_]->submit(std::move(answered));
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
