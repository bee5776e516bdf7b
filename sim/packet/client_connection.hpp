// SPDX-License-Identifier: GPL-2.0-only
/// One planned connection as a client's program sees it, from its first packet to its outcome.
#pragma once

#include <cstdint>
#include <list>
#include <memory>

#include "core/journal/event.hpp"
#include "core/scenario/plan.hpp"
#include "sim/packet/ns3.hpp"

namespace lvslab::packet_world {

class ClientConnection;

/// Who started a connection and hears of it.
class ConnectionOwner {
public:
    virtual ~ConnectionOwner() = default;
    /// A response arrived whole.
    virtual void responded(const ClientConnection& connection, std::uint32_t request,
                           Duration response_time, std::uint64_t bytes) = 0;
    /// It has come to its end. The owner calls leave() and destroys it later, never from here.
    virtual void ended(ClientConnection& connection, journal::Outcome outcome) = 0;
};

/// Runs the requests of one planned connection one after the other.
///
/// Outcomes: `served` when every response arrived; `refused` when it broke (RST, ICMP destination
/// unreachable, a source port in use) before the first byte of a response, `reset` when it broke
/// after that; `timed_out` when the workload's timeout or TCP's own patience ended. The owner may
/// end it too (give_up).
class ClientConnection {
public:
    ClientConnection(ConnectionOwner& owner, scenario::PlannedConnection plan);
    virtual ~ClientConnection();
    ClientConnection(const ClientConnection&) = delete;
    ClientConnection& operator=(const ClientConnection&) = delete;

    /// Connects (TCP) or sends the first request (UDP).
    virtual void open() = 0;
    /// Takes leave of the network: closes, resets or drops what is left of the connection.
    virtual void leave() = 0;
    /// Ends it from outside, e.g. because its time is up.
    void give_up(journal::Outcome outcome);

    const scenario::PlannedConnection& plan() const { return plan_; }
    Time opened_at() const { return opened_at_; }
    /// The server that answered; journal::no_index if none did.
    std::uint32_t server() const { return server_; }
    /// How long ago what the last response was made from had been replaced; zero = fresh.
    Duration staleness() const { return staleness_; }
    bool has_ended() const { return has_ended_; }

    /// Where the owner keeps it.
    using Place = std::list<std::unique_ptr<ClientConnection>>::iterator;
    Place place() const { return place_; }
    void set_place(Place place) { place_ = place; }
    /// When the owner ends it, unless it ends before.
    void set_deadline(ns3::EventId deadline) { deadline_ = deadline; }
    void drop_deadline() { deadline_.Remove(); }

protected:
    const scenario::PlannedRequest& request() const { return plan_.requests[current_]; }
    std::uint32_t request_number() const { return current_; }
    /// Remembers which server answers, and how stale its content is.
    void heard_from(std::uint32_t server, Duration staleness = {}) {
        server_ = server;
        staleness_ = staleness;
    }
    /// The current response is whole: tells the owner, then thinks and asks on, or ends served.
    void response_complete(std::uint64_t bytes);
    /// It broke: refused or reset, see above.
    void broken();
    void end(journal::Outcome outcome);

private:
    /// Sends the current request.
    virtual void ask() = 0;
    void next_request();

    ConnectionOwner& owner_;
    scenario::PlannedConnection plan_;
    Place place_;
    ns3::EventId deadline_;
    Time opened_at_;
    Time asked_at_;
    std::uint32_t current_ = 0;
    std::uint32_t server_ = journal::no_index;
    Duration staleness_{};
    bool has_ended_ = false;
    ns3::EventId thinking_;
};

/// A real TCP connection of `node`.
std::unique_ptr<ClientConnection> make_tcp_connection(ConnectionOwner& owner,
                                                      scenario::PlannedConnection plan,
                                                      ns3::Ptr<ns3::Node> node);
/// Request datagrams answered by response datagrams; nothing is sent twice, so a lost one leads to
/// `timed_out`.
std::unique_ptr<ClientConnection> make_udp_exchange(ConnectionOwner& owner,
                                                    scenario::PlannedConnection plan,
                                                    ns3::Ptr<ns3::Node> node);

}  // namespace lvslab::packet_world
