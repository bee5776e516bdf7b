// SPDX-License-Identifier: GPL-2.0-only
/// Health checks of the flow world: the round trips and the work that they cost, and what the
/// server's application answers.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/ports/prober.hpp"
#include "core/ports/timers.hpp"
#include "core/scenario/scenario.hpp"
#include "sim/flow/network.hpp"
#include "sim/flow/simulation.hpp"

namespace lvslab::flow_world {

class ServerHost;

/// What a router's asking of real servers needs to know.
struct AskingRouter {
    const scenario::Scenario& scenario;
    Simulation& simulation;
    Network& network;
    std::vector<std::unique_ptr<ServerHost>>& servers;
    unsigned router;
};

/// A probe is a handful of messages on the same ways as connections: a handshake, a question that
/// takes its turn in the server's station, its answer. One that is lost is sent again as TCP does
/// (a SYN after 1 s, 2 s, ...), not over UDP.
class Prober final : public ports::Prober {
public:
    Prober(const AskingRouter& router, ports::Timers& timers);
    ~Prober() override;
    Prober(const Prober&) = delete;
    Prober& operator=(const Prober&) = delete;

    ports::ProbeId start(const health::Probe& probe, std::function<void(bool up)> ended) override;
    void cancel(ports::ProbeId probe) override;

private:
    class Run;
    Run* find(std::uint64_t id);
    void finished(std::uint64_t id, bool up);

    AskingRouter router_;
    ports::Timers& timers_;
    std::map<std::uint64_t, std::unique_ptr<Run>> runs_;
    std::uint64_t last_ = 0;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace lvslab::flow_world
