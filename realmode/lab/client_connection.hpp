// SPDX-License-Identifier: GPL-2.0-only
/// One planned connection as a client's program sees it, from its first packet to its outcome.
#pragma once

#include <cstdint>
#include <memory>

#include <boost/asio/io_context.hpp>

#include "core/base/quantities.hpp"
#include "core/journal/event.hpp"
#include "core/scenario/plan.hpp"
#include "realmode/lab/network_namespace.hpp"
#include "realmode/lab/run_timers.hpp"

namespace lvslab::lab {

class ClientConnection;

/// Who started a connection and hears of it.
class ConnectionOwner {
public:
    virtual ~ConnectionOwner() = default;
    /// A response arrived whole.
    virtual void responded(const ClientConnection& connection, std::uint32_t request,
                           Duration response_time, std::uint64_t bytes) = 0;
    /// It has come to its end and taken leave of the network. The owner destroys it later.
    virtual void ended(ClientConnection& connection, journal::Outcome outcome) = 0;
};

/// Where a client's program runs.
struct ClientPlace {
    boost::asio::io_context& loop;
    RunTimers& timers;
    const NetworkNamespace& where;
    Duration timeout;  ///< it gives up after it
};

/// Runs the requests of one planned connection one after the other. Outcomes are told as in the
/// packet world: `served` when every response arrived; `refused` when it broke (RST, ICMP
/// destination unreachable, a source port in use) before the first byte of a response, `reset` when
/// it broke after that; `timed_out` when the workload's timeout or TCP's own patience ended.
class ClientConnection {
public:
    ClientConnection(ConnectionOwner& owner, scenario::PlannedConnection plan,
                     const ClientPlace& place);
    virtual ~ClientConnection();
    ClientConnection(const ClientConnection&) = delete;
    ClientConnection& operator=(const ClientConnection&) = delete;

    void begin();
    /// Ends it from outside, e.g. because its time is up.
    void give_up(journal::Outcome outcome);

    const scenario::PlannedConnection& plan() const { return plan_; }
    Time opened_at() const { return opened_at_; }
    /// The server that answered; journal::no_index if none did.
    std::uint32_t server() const { return server_; }
    /// How long ago what the last response was made from had been replaced; zero = fresh.
    Duration staleness() const { return staleness_; }

protected:
    const scenario::PlannedRequest& request() const { return plan_.requests[current_]; }
    std::uint32_t request_number() const { return current_; }
    bool is_last_request() const { return current_ + 1 == plan_.requests.size(); }
    bool has_ended() const { return has_ended_; }
    void heard_from(std::uint32_t server, Duration staleness) {
        server_ = server;
        staleness_ = staleness;
    }
    /// The current response is whole: tells the owner, then thinks and asks on, or ends served.
    void response_complete(std::uint64_t bytes);
    /// It broke: refused or reset, see above.
    void broken();
    void end(journal::Outcome outcome);

private:
    /// Connects (TCP) or sends the first request (UDP).
    virtual void open() = 0;
    /// Sends the current request.
    virtual void ask() = 0;
    /// Takes leave of the network: closes, resets or drops what is left of the connection.
    virtual void leave(journal::Outcome outcome) = 0;

    ConnectionOwner& owner_;
    scenario::PlannedConnection plan_;
    RunTimers& timers_;
    Duration timeout_;
    Time opened_at_{}, asked_at_{};
    std::uint32_t current_ = 0;
    std::uint32_t server_ = journal::no_index;
    Duration staleness_{};
    bool has_ended_ = false;
    ports::TimerId thinking_, deadline_;
};

/// TCP, or UDP: request datagrams answered by response datagrams; nothing is sent twice.
std::unique_ptr<ClientConnection> make_connection(ConnectionOwner& owner,
                                                  scenario::PlannedConnection plan,
                                                  const ClientPlace& place, Protocol protocol);

}  // namespace lvslab::lab
