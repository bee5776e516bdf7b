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
      plan_(scenario, seed) {
    await_next();
}

ClientApplication::~ClientApplication() {
    arrival_.Cancel();
    dismissal_.Cancel();
    for (const auto& connection : open_) {
        connection->drop_deadline();
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
    connection->set_place(open_.insert(open_.end(), nullptr));
    auto& opening = *(open_.back() = std::move(connection));
    // Asked for before TCP asks for its timers: at one time with a SYN that is sent again, the
    // client gives up first, as it does on a kernel, whose timers are never early.
    opening.set_deadline(
        ns3::Simulator::Schedule(to_ns3(scenario_.workloads[workload].timeout), [this, &opening] {
            opening.give_up(journal::Outcome::timed_out);
            dismiss();
        }));
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
    connection.drop_deadline();
    ended_.splice(ended_.end(), open_, connection.place());
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
    while (!open_.empty()) {
        open_.front()->give_up(journal::Outcome::unfinished);
    }
    for (const auto& end : carts_.finish()) {
        tell(end);
    }
    dismissal_.Cancel();
    ended_.clear();
}

}  // namespace lvslab::packet_world
