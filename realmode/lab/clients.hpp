// SPDX-License-Identifier: GPL-2.0-only
/// All clients' programs: execute the plan and tell the journal how each connection fared.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "core/journal/event.hpp"
#include "core/scenario/carts.hpp"
#include "core/scenario/plan.hpp"
#include "core/scenario/scenario.hpp"
#include "realmode/lab/client_connection.hpp"
#include "realmode/lab/ftp_client.hpp"
#include "realmode/lab/lab_network.hpp"
#include "realmode/lab/run_timers.hpp"
#include "realmode/lab/server_programs.hpp"

namespace lvslab::lab {

/// Opens the planned connections at their time, each in its client group's namespace and from its
/// planned source address and port. What it tells is what the packet world's ClientApplication
/// does.
class Clients final : private ConnectionOwner {
public:
    /// All of them must outlive the clients. Asks for the first arrival's alarm now.
    Clients(boost::asio::io_context& loop, RunTimers& timers, const LabNetwork& network,
            const scenario::Scenario& scenario, std::uint64_t seed, journal::Sink& sink,
            const ServerPrograms& servers);
    ~Clients() override;
    Clients(const Clients&) = delete;
    Clients& operator=(const Clients&) = delete;

    /// The run is over: ends what is still open as `unfinished`. Call it once.
    void finish();
    std::uint64_t opened() const { return opened_; }

private:
    void responded(const ClientConnection& connection, std::uint32_t request,
                   Duration response_time, std::uint64_t bytes) override;
    void ended(ClientConnection& connection, journal::Outcome outcome) override;
    void await_next();
    void open_next();
    std::unique_ptr<ClientConnection> make(scenario::PlannedConnection planned);
    void dismiss();
    template <class Payload>
    void tell(const Payload& payload);
    /// What happens between the end and its alarm happens at the end.
    Time now() const { return std::min(timers_.now(), scenario_.end()); }

    boost::asio::io_context& loop_;
    RunTimers& timers_;
    const LabNetwork& network_;
    const scenario::Scenario& scenario_;
    journal::Sink& sink_;
    bool speaks_http_;  ///< the servers are not the lab's own
    scenario::Plan plan_;
    std::optional<scenario::PlannedConnection> next_;
    ports::TimerId arrival_;
    std::map<std::uint64_t, std::unique_ptr<ClientConnection>> open_;  ///< by number in the plan
    scenario::Carts carts_;
    FtpOfferedPorts ftp_ports_;
    /// Ended, but perhaps still in a call of its own.
    std::vector<std::unique_ptr<ClientConnection>> ended_;
    std::uint64_t opened_ = 0;
};

}  // namespace lvslab::lab
