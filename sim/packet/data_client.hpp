// SPDX-License-Identifier: GPL-2.0-only
/// The real server's side of the third tier: its connections to the data server that it needs.
#pragma once

#include <cstdint>
#include <memory>

#include "core/world/data_client.hpp"
#include "core/world/machine_timers.hpp"
#include "sim/packet/network.hpp"
#include "sim/packet/ns3.hpp"
#include "sim/packet/simulation_timers.hpp"

namespace lvslab::packet_world {

/// world::DataClient over ns-3's TCP.
class DataClient final : public world::DataClient {
public:
    /// Network, scenario and sink must outlive it.
    DataClient(Network& network, std::uint32_t server, const scenario::Scenario& scenario,
               journal::Sink& sink, std::uint64_t seed, Ended ended);
    ~DataClient() override;

    /// The machine stands still: timeouts wait.
    void freeze() { timers_.suspend(); }
    void thaw() { timers_.resume(); }

private:
    class Connection;

    std::unique_ptr<world::DataConnection> connect(Ticket request) override;
    void clear_graves_later() override;

    ns3::Ptr<ns3::Node> node_;
    SimulationTimers clock_;
    world::MachineTimers timers_{clock_};
    ns3::EventId burial_;
};

}  // namespace lvslab::packet_world
