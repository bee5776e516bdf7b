// SPDX-License-Identifier: GPL-2.0-only
/// All clients' programs: execute the plan and tell the journal how each connection fared.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <vector>

#include "core/journal/event.hpp"
#include "core/scenario/carts.hpp"
#include "core/scenario/plan.hpp"
#include "core/scenario/scenario.hpp"
#include "sim/packet/client_connection.hpp"
#include "sim/packet/network.hpp"

namespace lvslab::packet_world {

/// Opens the planned connections at their time, each on its client's node and from its planned
/// source port, and tells the sink ConnectionOpened, ResponseReceived (and StaleResponse after it,
/// if the response says so) and, for every opened connection exactly once, ConnectionClosed; for
/// every shop session that began, SessionEnded. Holds one connection of the plan ahead, those that
/// are open and the sessions under way: memory does not grow with the number that have ended.
class ClientApplication final : private ConnectionOwner {
public:
    /// Where a connection goes instead of where it was planned to.
    using Redirect = std::function<Endpoint(const scenario::PlannedConnection&)>;

    /// Network, scenario and sink must outlive the application.
    ClientApplication(Network& network, const scenario::Scenario& scenario, std::uint64_t seed,
                      journal::Sink& sink, Redirect redirect = {});
    ~ClientApplication() override;
    ClientApplication(const ClientApplication&) = delete;
    ClientApplication& operator=(const ClientApplication&) = delete;

    /// Ends what is still open as `unfinished`. Call it once, when the simulation has stopped.
    void finish();

    std::uint64_t opened() const { return opened_; }
    std::uint64_t open_now() const { return opened_ - closed_; }

private:
    using Connections = std::list<std::unique_ptr<ClientConnection>>;

    void responded(const ClientConnection& connection, std::uint32_t request,
                   Duration response_time, std::uint64_t bytes) override;
    void ended(ClientConnection& connection, journal::Outcome outcome) override;

    void await_next();
    void open_next();
    std::unique_ptr<ClientConnection> connection_of(scenario::PlannedConnection planned,
                                                    ns3::Ptr<ns3::Node> node);
    void dismiss();
    template <class Payload>
    void tell(const Payload& payload);

    Network& network_;
    const scenario::Scenario& scenario_;
    journal::Sink& sink_;
    Redirect redirect_;
    scenario::Plan plan_;
    std::optional<scenario::PlannedConnection> next_;
    ns3::EventId arrival_;
    Connections open_;
    scenario::Carts carts_;
    /// Ended, but still in one of ns-3's callbacks: dismissed by an event of its own.
    Connections ended_;
    ns3::EventId dismissal_;
    std::uint64_t opened_ = 0, closed_ = 0;
};

}  // namespace lvslab::packet_world
