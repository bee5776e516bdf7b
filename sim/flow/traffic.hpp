// SPDX-License-Identifier: GPL-2.0-only
/// All clients and their connections: the plan, each connection's messages on their way, and what
/// the journal hears of it.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "core/journal/event.hpp"
#include "core/scenario/carts.hpp"
#include "core/scenario/plan.hpp"
#include "core/scenario/scenario.hpp"
#include "sim/flow/network.hpp"
#include "sim/flow/router_host.hpp"
#include "sim/flow/server_host.hpp"
#include "sim/flow/simulation.hpp"
#include "sim/flow/slots.hpp"

namespace lvslab::flow_world {

/// Executes the plan. A connection's requests and responses strictly alternate, so what goes to and
/// fro is one message at a time: SYN, SYN-ACK, request, response, ..., FINs and a last ACK. Each
/// meets the machines on its way when it is there; one that finds its way cut or its machine dead
/// is lost, and its sender sends it again as TCP does.
///
/// Memory: connections under way. One that is over is forgotten with its last message.
class Traffic final : public WorkOwner {
public:
    struct Options {
        std::uint64_t seed = 1;
        bool connections = true;  ///< tells the sink of each connection
    };
    Traffic(const Surroundings& around, const Options& options);

    void begin();
    void handle(Hop hop, std::uint32_t number, std::uint32_t detail);
    /// Ends what is still open as `unfinished`.
    void finish();

    /// The application of a server ended: its sessions are reset.
    void server_stopped(std::uint32_t server);
    void work_done(std::uint64_t ticket, bool ok) override;

    std::uint64_t opened() const { return opened_; }

private:
    using Number = std::uint32_t;

    enum class Message : std::uint8_t {
        // of the client
        syn,
        request,
        fin,
        last_ack,
        client_rst,
        // of the server
        syn_ack,
        response,
        server_fin,
        server_rst,
        // of the director, or of a host without a socket for a datagram
        unreachable,
        director_rst,
        // of the client to itself
        think,
    };
    static constexpr Number none = 0xFFFFFFFFU;

    struct Connection {
        scenario::PlannedConnection plan;
        Time opened_at, asked_at;
        Endpoint server_endpoint;             ///< where the director sends it
        Number previous = none, next = none;  ///< in its workload's list of open ones
        std::uint32_t generation = 0;
        std::uint32_t floating = Network::nobody;
        std::uint32_t target = journal::no_index;   ///< where the director sends it
        std::uint32_t session = journal::no_index;  ///< the server that has its session
        std::uint32_t incarnation = 0;              ///< of that server's application
        std::uint32_t server = journal::no_index;   ///< who answered
        std::uint32_t current = 0;                  ///< request
        std::uint32_t acks = 0;     ///< of the client's, that go with its next message
        std::uint32_t pending = 0;  ///< events that will name it
        std::uint32_t tries = 0;    ///< of the message under way
        Duration staleness{};
        bool nat = false;
        bool established = false;
        bool ended = false;
        bool in_use = false;
    };
    /// A workload's open connections, in the order of their opening. All have the same timeout, so
    /// one alarm is enough.
    struct Open {
        Number first = none, last = none;
        bool armed = false;
    };

    void await_next();
    void open_next();
    void link(Number number);
    void unlink(Number number);
    Time deadline(const Connection& c) const;
    void arm(std::uint32_t workload);
    void expire(std::uint32_t workload);

    void push(Time at, Hop hop, Number number, Message message);
    void retry(Number number, Message message);
    void lost(Number number, Message message);
    void send(Number number, Message message);
    void at_director(Number number, Message message);
    void meet_director(Number number, Message message, unsigned router);
    void at_server(Number number, Message message);
    void at_server_udp(Number number);
    void reply(Number number, Message message);
    void reply_at_director(Number number, Message message);
    void at_client(Number number, Message message);

    bool has_session(const Connection& c) const;
    bool submit(Number number);
    void ask(Number number);
    void responded(Number number);
    void broken(Number number);
    void end(Number number, journal::Outcome outcome);
    void release_if_over(Number number);

    bool udp(const Connection& c) const {
        return around_.scenario.workloads[c.plan.workload].protocol == Protocol::udp;
    }
    unsigned group(const Connection& c) const {
        return around_.scenario.workloads[c.plan.workload].from;
    }
    std::uint64_t payload(const Connection& c, Message message) const;
    std::uint32_t packets(const Connection& c, Message message) const;
    std::uint64_t bytes_on_wire(const Connection& c, Message message) const;
    template <class Payload>
    void tell(const Payload& payload);

    Surroundings around_;
    Simulation& simulation_;
    Network& network_;
    Options options_;
    scenario::Plan plan_;
    std::optional<scenario::PlannedConnection> next_;
    Slots<Connection> connections_;
    std::vector<Open> open_;  ///< by workload
    scenario::Carts carts_;
    std::uint64_t opened_ = 0;
};

}  // namespace lvslab::flow_world
