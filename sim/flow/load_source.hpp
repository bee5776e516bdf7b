// SPDX-License-Identifier: GPL-2.0-only
/// The one-minute load of real servers, asked for over the network (rup, ruptime, uptime).
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "core/health/told_loads.hpp"
#include "core/ports/load_source.hpp"
#include "core/ports/timers.hpp"
#include "sim/flow/prober.hpp"

namespace lvslab::flow_world {

/// rstatd: one round trip by a datagram; a remote shell: two by a connection; rwhod is not asked,
/// its broadcasts are heard. Part of the server's system: it tells whether or not the application
/// runs.
class LoadSource final : public ports::LoadSource {
public:
    /// Longer than this nobody waits for an answer.
    static constexpr Duration limit = std::chrono::seconds(5);

    LoadSource(const AskingRouter& router, ports::Timers& timers)
        : router_(router), timers_(timers) {}
    ~LoadSource() override { *alive_ = false; }
    LoadSource(const LoadSource&) = delete;
    LoadSource& operator=(const LoadSource&) = delete;

    void ask(const Address& server, const ports::LoadMethod& method,
             std::function<void(std::optional<double> load)> answer) override;
    /// A broadcast of the server's rwhod has come.
    void hear(const Address& server, double load);

private:
    using Answer = std::function<void(std::optional<double> load)>;
    void answer_after(Duration d, Answer answer, std::function<std::optional<double>()> load);

    AskingRouter router_;
    ports::Timers& timers_;
    health::ToldLoads told_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace lvslab::flow_world
