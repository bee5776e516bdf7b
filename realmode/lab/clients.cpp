// SPDX-License-Identifier: GPL-2.0-only
#include "realmode/lab/clients.hpp"

#include <utility>

#include "realmode/lab/http_client.hpp"

namespace lvslab::lab {

Clients::Clients(boost::asio::io_context& loop, RunTimers& timers, const LabNetwork& network,
                 const scenario::Scenario& scenario, std::uint64_t seed, journal::Sink& sink,
                 const ServerPrograms& servers)
    : loop_(loop),
      timers_(timers),
      network_(network),
      scenario_(scenario),
      sink_(sink),
      speaks_http_(servers.nginx),
      plan_(scenario, seed) {
    await_next();
}

Clients::~Clients() {
    timers_.cancel(arrival_);
}

template <class Payload>
void Clients::tell(const Payload& payload) {
    sink_.take({now(), payload});
}

void Clients::await_next() {
    next_ = plan_.next();
    if (next_) {
        arrival_ = timers_.at(next_->at, [this] { open_next(); });
    }
}

void Clients::open_next() {
    dismiss();
    auto planned = std::move(*next_);
    tell(journal::ConnectionOpened{planned.id, planned.workload, planned.source, planned.to});
    ++opened_;
    const auto id = planned.id;
    auto& connection = *(open_[id] = make(std::move(planned)));
    connection.begin();
    await_next();
}

std::unique_ptr<ClientConnection> Clients::make(scenario::PlannedConnection planned) {
    const auto& workload = scenario_.workloads[planned.workload];
    const ClientPlace place{loop_, timers_, network_.clients(workload.from), workload.timeout};
    if (workload.kind == scenario::Workload::Kind::ftp) {
        return make_ftp_connection(*this, std::move(planned), place, scenario_, ftp_ports_);
    }
    return speaks_http_ ? make_http_connection(*this, std::move(planned), place, scenario_)
                        : make_connection(*this, std::move(planned), place, workload.protocol);
}

void Clients::responded(const ClientConnection& connection, std::uint32_t request,
                        Duration response_time, std::uint64_t bytes) {
    const auto& plan = connection.plan();
    tell(journal::ResponseReceived{plan.id, request, plan.workload, connection.server(),
                                   response_time, bytes});
    if (connection.staleness() > Duration::zero()) {
        tell(journal::StaleResponse{plan.id, plan.workload, connection.server(),
                                    connection.staleness()});
    }
}

void Clients::ended(ClientConnection& connection, journal::Outcome outcome) {
    const auto& plan = connection.plan();
    tell(journal::ConnectionClosed{plan.id, plan.workload, connection.server(), outcome,
                                   now() - connection.opened_at()});
    if (plan.session) {
        if (const auto end = carts_.ended(plan, connection.server())) {
            tell(*end);
        }
    }
    const auto found = open_.find(plan.id);
    ended_.push_back(std::move(found->second));
    open_.erase(found);
}

void Clients::dismiss() {
    ended_.clear();
}

void Clients::finish() {
    timers_.cancel(arrival_);
    while (!open_.empty()) {
        open_.begin()->second->give_up(journal::Outcome::unfinished);
    }
    for (const auto& session : carts_.finish()) {
        tell(session);
    }
    dismiss();
}

}  // namespace lvslab::lab
