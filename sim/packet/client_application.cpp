// SPDX-License-Identifier: GPL-2.0-only
#include "sim/packet/client_application.hpp"

#include <algorithm>
#include <utility>

#include "sim/packet/clock.hpp"
#include "sim/packet/ftp_client.hpp"

namespace lvslab::packet_world {

ClientApplication::ClientApplication(Network& network, const scenario::Scenario& scenario,
                                     std::uint64_t seed, journal::Sink& sink, Redirect redirect)
    : network_(network),
      scenario_(scenario),
      sink_(sink),
      redirect_(std::move(redirect)),
      plan_(scenario, seed),
      open_(scenario.workloads.size()) {
    await_next();
}

ClientApplication::~ClientApplication() {
    arrival_.Cancel();
    dismissal_.Cancel();
    for (auto& open : open_) {
        open.timer.Cancel();
    }
}

template <class Payload>
void ClientApplication::tell(const Payload& payload) {
    sink_.take({now(), payload});
}

void ClientApplication::await_next() {
    next_ = plan_.next();
    if (next_) {
        if (redirect_) {
            next_->to = redirect_(*next_);
        }
        const Duration wait = std::max(next_->at - now(), Duration::zero());
        arrival_ = ns3::Simulator::Schedule(to_ns3(wait), &ClientApplication::open_next, this);
    }
}

void ClientApplication::open_next() {
    auto planned = std::move(*next_);
    const auto workload = planned.workload;
    const auto group = scenario_.workloads[workload].from;
    auto node = network_.client(group, planned.client);
    tell(journal::ConnectionOpened{planned.id, workload, planned.source, planned.to});
    ++opened_;
    auto connection = connection_of(std::move(planned), std::move(node));
    auto& open = open_[workload].connections;
    connection->set_place(open.insert(open.end(), nullptr));
    auto& opening = *(open.back() = std::move(connection));
    arm(workload);
    opening.open();
    await_next();
}

std::unique_ptr<ClientConnection> ClientApplication::connection_of(
    scenario::PlannedConnection planned, ns3::Ptr<ns3::Node> node) {
    const auto& workload = scenario_.workloads[planned.workload];
    if (workload.kind == scenario::Workload::Kind::ftp) {
        return make_ftp_connection(*this, std::move(planned), std::move(node), scenario_);
    }
    return workload.protocol == Protocol::udp
               ? make_udp_exchange(*this, std::move(planned), std::move(node))
               : make_tcp_connection(*this, std::move(planned), std::move(node));
}

void ClientApplication::arm(std::uint32_t workload) {
    auto& [connections, timer] = open_[workload];
    if (connections.empty() || timer.IsRunning()) {
        return;
    }
    const Time deadline = connections.front()->opened_at() + scenario_.workloads[workload].timeout;
    timer = ns3::Simulator::Schedule(to_ns3(std::max(deadline - now(), Duration::zero())),
                                     &ClientApplication::expire, this, workload);
}

void ClientApplication::expire(std::uint32_t workload) {
    auto& connections = open_[workload].connections;
    const Duration timeout = scenario_.workloads[workload].timeout;
    // ended() takes it out of the list.
    while (!connections.empty() && connections.front()->opened_at() + timeout <= now()) {
        connections.front()->give_up(journal::Outcome::timed_out);
    }
    arm(workload);
}

void ClientApplication::responded(const ClientConnection& connection, std::uint32_t request,
                                  Duration response_time, std::uint64_t bytes) {
    tell(journal::ResponseReceived{connection.plan().id, request, connection.plan().workload,
                                   connection.server(), response_time, bytes});
    if (connection.staleness() > Duration::zero()) {
        tell(journal::StaleResponse{connection.plan().id, connection.plan().workload,
                                    connection.server(), connection.staleness()});
    }
}

void ClientApplication::ended(ClientConnection& connection, journal::Outcome outcome) {
    const auto& plan = connection.plan();
    tell(journal::ConnectionClosed{plan.id, plan.workload, connection.server(), outcome,
                                   now() - connection.opened_at()});
    ++closed_;
    if (plan.session) {
        if (const auto end = carts_.ended(plan, connection.server())) {
            tell(*end);
        }
    }
    ended_.splice(ended_.end(), open_[plan.workload].connections, connection.place());
    if (!dismissal_.IsRunning()) {
        dismissal_ = ns3::Simulator::ScheduleNow(&ClientApplication::dismiss, this);
    }
}

void ClientApplication::dismiss() {
    while (!ended_.empty()) {
        ended_.front()->leave();
        ended_.pop_front();
    }
}

void ClientApplication::finish() {
    arrival_.Cancel();
    for (auto& [connections, timer] : open_) {
        timer.Cancel();
        while (!connections.empty()) {
            connections.front()->give_up(journal::Outcome::unfinished);
        }
    }
    for (const auto& end : carts_.finish()) {
        tell(end);
    }
    dismissal_.Cancel();
    ended_.clear();
}

}  // namespace lvslab::packet_world
