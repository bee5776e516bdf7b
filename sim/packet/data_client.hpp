// SPDX-License-Identifier: GPL-2.0-only
/// The real server's side of the third tier: its connections to the data server that it needs.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "core/base/random.hpp"
#include "core/journal/event.hpp"
#include "core/scenario/scenario.hpp"
#include "core/server/data_accesses.hpp"
#include "core/server/station.hpp"
#include "sim/packet/network.hpp"
#include "sim/packet/node_timers.hpp"
#include "sim/packet/ns3.hpp"

namespace lvslab::packet_world {

/// Makes the accesses of each held request, one after the other, over real TCP connections.
///
/// To `files` a request opens a connection and closes it after its last access. To a `database`
/// connections stay open and are taken by one request after the other; an idle one that turns out
/// to be broken at a request's first access is replaced by a new one, once, within that access's
/// time.
///
/// An access fails if its answer is not whole within `timeout`, or if its connection breaks (RST,
/// FIN, refused). Then the request fails and the connection is given up.
class DataClient {
public:
    using Ticket = server::Station::Ticket;
    /// A request's accesses are over: all are answered, or one failed. Never from within begin().
    using Ended = std::function<void(Ticket request, bool ok)>;

    /// Of a server that needs data. Network, scenario and sink must outlive it. Tells the sink a
    /// DataRequestEnded for each access.
    DataClient(Network& network, std::uint32_t server, const scenario::Scenario& scenario,
               journal::Sink& sink, std::uint64_t seed, Ended ended);
    ~DataClient();
    DataClient(const DataClient&) = delete;
    DataClient& operator=(const DataClient&) = delete;

    void begin(Ticket request);
    /// The process ends: its connections are reset, or (the machine dies) nobody hears of it. No
    /// request ends by that.
    void end(bool with_resets);
    /// The machine stands still: timeouts wait.
    void freeze() { timers_.suspend(); }
    void thaw() { timers_.resume(); }

    /// Connections that are open, in use or idle.
    std::size_t connections() const { return busy_.size() + idle_.size(); }

private:
    class Connection;
    struct Request {
        server::DataAccesses accesses;
        std::unique_ptr<Connection> connection;
        Time asked_at{};
        ports::TimerId timeout{};
        bool first = true;  ///< it is at its first access, on a connection that stood idle before
    };
    enum class Leave : std::uint8_t { close, reset, drop };
    struct Grave {
        std::unique_ptr<Connection> connection;
        Leave how;
    };

    std::unique_ptr<Connection> take_connection(Ticket request);
    void access(Ticket request);
    void answered(Ticket request);
    void broken(Ticket request);
    void timed_out(Ticket request);
    void tell(const Request& request, bool ok);
    void finish(Ticket request, bool ok);
    void bury(std::unique_ptr<Connection> connection, Leave how);
    void bury_idle(Connection& connection);
    void clear_graves();

    const scenario::DataNeed& need_;
    const scenario::DataServer& data_;
    journal::Sink& sink_;
    std::uint32_t server_;
    ns3::Ptr<ns3::Node> node_;
    RandomStream draws_;
    Ended ended_;
    NodeTimers timers_;
    std::map<Ticket, Request> busy_;
    std::vector<std::unique_ptr<Connection>> idle_;  ///< of a database; the last used one is last
    std::vector<Grave> graves_;
    ns3::EventId burial_;
};

}  // namespace lvslab::packet_world
