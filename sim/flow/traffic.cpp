// SPDX-License-Identifier: GPL-2.0-only
#include "sim/flow/traffic.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include "core/world/message.hpp"

namespace lvslab::flow_world {
namespace {

using ipvs::TcpFlags;
using journal::Outcome;

/// 1500 bytes of MTU less IP (20), TCP (20) and the timestamp option (12).
constexpr std::uint64_t segment_bytes = 1448;
constexpr std::uint64_t tcp_headers = 66, udp_headers = 42;
/// Linux's: a SYN again after 1 s, 2 s, ..., six times; data after 200 ms, 400 ms, ...
constexpr Duration first_syn_retry = std::chrono::seconds(1);
constexpr Duration first_data_retry = std::chrono::milliseconds(200);
constexpr Duration longest_retry = std::chrono::seconds(120);
constexpr std::uint32_t most_syn_tries = 6, most_data_tries = 15, most_fin_tries = 4;

std::uint32_t narrow(std::uint64_t count) {
    return static_cast<std::uint32_t>(std::min<std::uint64_t>(count, 0xFFFFFFFFU));
}

}  // namespace

Traffic::Traffic(const Surroundings& around, const Options& options)
    : around_(around),
      simulation_(around.simulation),
      network_(around.network),
      options_(options),
      plan_(around.scenario, options.seed),
      open_(around.scenario.workloads.size()) {}

template <class Payload>
void Traffic::tell(const Payload& payload) {
    if (options_.connections) {
        around_.sink.take({simulation_.now(), payload});
    }
}

// ---- arrivals and timeouts ----

void Traffic::begin() {
    await_next();
}

void Traffic::await_next() {
    next_ = plan_.next();
    if (next_) {
        simulation_.push(std::max(next_->at, simulation_.now()), Hop::arrival, 0);
    }
}

void Traffic::open_next() {
    const auto number = connections_.take();
    if (number >= Simulation::most_numbers) {
        throw std::runtime_error("more than 33 million connections are open at one time");
    }
    auto& c = connections_[number];
    const auto generation = c.generation + 1;
    c = {};
    c.generation = generation;
    c.in_use = true;
    c.plan = std::move(*next_);
    c.opened_at = c.asked_at = simulation_.now();
    c.floating = network_.floating_for(c.plan.to.address);
    ++opened_;
    tell(journal::ConnectionOpened{c.plan.id, c.plan.workload, c.plan.source, c.plan.to});
    link(number);
    arm(c.plan.workload);
    send(number, udp(c) ? Message::request : Message::syn);
    await_next();
}

void Traffic::link(Number number) {
    auto& c = connections_[number];
    auto& open = open_[c.plan.workload];
    c.previous = open.last;
    if (open.last == none) {
        open.first = number;
    } else {
        connections_[open.last].next = number;
    }
    open.last = number;
}

void Traffic::unlink(Number number) {
    auto& c = connections_[number];
    auto& open = open_[c.plan.workload];
    (c.previous == none ? open.first : connections_[c.previous].next) = c.next;
    (c.next == none ? open.last : connections_[c.next].previous) = c.previous;
    c.previous = c.next = none;
}

/// When its client gives up.
Time Traffic::deadline(const Connection& c) const {
    return c.opened_at + around_.scenario.workloads[c.plan.workload].timeout;
}

void Traffic::arm(std::uint32_t workload) {
    auto& open = open_[workload];
    if (open.armed || open.first == none) {
        return;
    }
    open.armed = true;
    simulation_.at(deadline(connections_[open.first]), [this, workload] { expire(workload); });
}

void Traffic::expire(std::uint32_t workload) {
    auto& open = open_[workload];
    open.armed = false;
    while (open.first != none && deadline(connections_[open.first]) <= simulation_.now()) {
        const auto number = open.first;
        const bool established = connections_[number].established;
        end(number, Outcome::timed_out);
        if (established) {
            send(number, Message::client_rst);
        }
        release_if_over(number);
    }
    arm(workload);
}

// ---- messages ----

void Traffic::handle(Hop hop, std::uint32_t number, std::uint32_t detail) {
    if (hop == Hop::arrival) {
        open_next();
        return;
    }
    const auto message = static_cast<Message>(detail);
    --connections_[number].pending;
    switch (hop) {
        case Hop::at_director:
            at_director(number, message);
            break;
        case Hop::at_server:
            at_server(number, message);
            break;
        case Hop::reply_at_director:
            reply_at_director(number, message);
            break;
        case Hop::at_client:
            at_client(number, message);
            break;
        default:
            retry(number, message);
            break;
    }
    release_if_over(number);
}

void Traffic::push(Time at, Hop hop, Number number, Message message) {
    ++connections_[number].pending;
    simulation_.push(at, hop, number, static_cast<std::uint32_t>(message));
}

void Traffic::release_if_over(Number number) {
    auto& c = connections_[number];
    if (c.in_use && c.ended && c.pending == 0) {
        c.in_use = false;
        ++c.generation;  // what a station still has of it is nobody's
        c.plan.requests = {};
        connections_.give_back(number);
    }
}

std::uint64_t Traffic::payload(const Connection& c, Message message) const {
    const auto& request = c.plan.requests[c.current];
    return message == Message::request    ? world::request_size(request.request_bytes)
           : message == Message::response ? world::response_size(request.response_bytes)
                                          : 0;
}

std::uint32_t Traffic::packets(const Connection& c, Message message) const {
    const auto bytes = payload(c, message);
    if (udp(c)) {
        return message == Message::response ? narrow(world::datagrams(bytes)) : 1;
    }
    return narrow(std::max<std::uint64_t>(1, (bytes + segment_bytes - 1) / segment_bytes));
}

std::uint64_t Traffic::bytes_on_wire(const Connection& c, Message message) const {
    return payload(c, message) + packets(c, message) * (udp(c) ? udp_headers : tcp_headers);
}

/// Its sender sends it again, if anybody would.
void Traffic::lost(Number number, Message message) {
    auto& c = connections_[number];
    const bool fin = message == Message::fin || message == Message::server_fin;
    const bool data = message == Message::syn || message == Message::syn_ack ||
                      message == Message::request || message == Message::response;
    const bool answer = message == Message::syn_ack || message == Message::response;
    // A server does not know that its client has given up.
    const bool wanted = fin || (data && (!c.ended || (answer && has_session(c))));
    if (udp(c) || !wanted) {
        return;
    }
    const bool handshake = message == Message::syn || message == Message::syn_ack;
    const auto most = fin ? most_fin_tries : handshake ? most_syn_tries : most_data_tries;
    if (c.tries >= most) {
        if (data && !answer) {
            end(number, Outcome::timed_out);  // TCP's own patience has ended
        }
        return;
    }
    const auto first = handshake ? first_syn_retry : first_data_retry;
    push(simulation_.now() + std::min(first * (std::int64_t{1} << c.tries), longest_retry),
         Hop::retry, number, message);
    ++c.tries;
}

void Traffic::retry(Number number, Message message) {
    auto& c = connections_[number];
    switch (message) {
        case Message::think:
            if (!c.ended) {
                c.asked_at = simulation_.now();
                ask(number);
            }
            break;
        case Message::syn_ack:
        case Message::response:
            if (has_session(c)) {
                reply(number, message);
            }
            break;
        case Message::server_fin:
            reply(number, message);
            break;
        default:
            // Whoever gives up at this very moment has done so: a kernel's timers are never early.
            if ((!c.ended && simulation_.now() < deadline(c)) || message == Message::fin) {
                send(number, message);
            }
            break;
    }
}

/// From the client towards the router that its gateway sends to.
void Traffic::send(Number number, Message message) {
    auto& c = connections_[number];
    const auto router =
        c.floating == Network::nobody ? Network::nobody : network_.holder_of(c.floating);
    const auto travel =
        router == Network::nobody
            ? TravelTime{}
            : network_.client_to_router(group(c), router, bytes_on_wire(c, message));
    if (travel) {
        push(simulation_.now() + *travel, Hop::at_director, number, message);
    } else {
        lost(number, message);
    }
}

void Traffic::at_director(Number number, Message message) {
    auto& c = connections_[number];
    const auto router = network_.holder_of(c.floating);
    if (router == Network::nobody || !network_.holds(router, c.floating) ||
        !network_.client_to_router(group(c), router, 0)) {
        lost(number, message);
        return;
    }
    meet_director(number, message, router);
}

void Traffic::meet_director(Number number, Message message, unsigned router) {
    auto& c = connections_[number];
    auto& director = around_.routers[router]->director();
    ipvs::Segment segment{.direction = ipvs::Direction::from_client,
                          .protocol = udp(c) ? Protocol::udp : Protocol::tcp,
                          .source = c.plan.source,
                          .destination = c.plan.to,
                          .flags = TcpFlags::none,
                          .mark = {},
                          .count = 1};
    // The ACKs of what came before go with the message that follows them at once.
    const auto acks = std::exchange(c.acks, 0);
    if (!udp(c)) {
        segment.flags = TcpFlags::ack;
        if (message == Message::syn) {
            segment.flags = TcpFlags::syn;
        } else if (message == Message::request) {
            segment.count = acks + packets(c, message);
        } else if (acks > 0) {
            segment.count = acks;
            director.take_request(segment);
            segment.count = 1;
        }
        if (message == Message::fin) {
            segment.flags = TcpFlags::fin | TcpFlags::ack;
        } else if (message == Message::client_rst) {
            segment.flags = TcpFlags::rst | TcpFlags::ack;
        }
    }
    const auto verdict = director.take_request(segment);
    const auto answer = [&](Message with) {
        if (const auto travel = network_.router_to_client(router, group(c), tcp_headers)) {
            push(simulation_.now() + *travel, Hop::at_client, number, with);
        }
    };
    switch (verdict.action) {
        case ipvs::Action::forward:
            break;
        case ipvs::Action::reject:
            answer(Message::unreachable);
            return;
        case ipvs::Action::reset:
        case ipvs::Action::pass:
            // The host's own stack has no socket for it.
            if (message != Message::client_rst && message != Message::last_ack) {
                answer(udp(c) ? Message::unreachable : Message::director_rst);
            }
            return;
        case ipvs::Action::drop:
            lost(number, message);
            return;
    }
    c.target = director.server_index(verdict.server.address);
    c.server_endpoint = verdict.server;
    c.nat = verdict.method == ipvs::ForwardingMethod::nat;
    const auto travel =
        c.target == journal::no_index
            ? TravelTime{}
            : network_.router_to_server(router, c.target, bytes_on_wire(c, message));
    if (travel) {
        push(simulation_.now() + *travel, Hop::at_server, number, message);
    } else {
        lost(number, message);
    }
}

bool Traffic::has_session(const Connection& c) const {
    return c.session != journal::no_index && c.session == c.target &&
           around_.servers[c.session]->running() &&
           around_.servers[c.session]->incarnation() == c.incarnation;
}

void Traffic::at_server(Number number, Message message) {
    auto& c = connections_[number];
    auto& server = *around_.servers[c.target];
    const Machine machine{Machine::Kind::server, c.target};
    if (network_.state(machine) != MachineState::up || (!c.nat && !server.takes_virtual())) {
        lost(number, message);
        return;
    }
    if (udp(c)) {
        at_server_udp(number);
        return;
    }
    c.tries = 0;
    switch (message) {
        case Message::syn:
            if (server.running() &&
                server.listens(Protocol::tcp, c.nat ? c.server_endpoint : c.plan.to)) {
                c.session = c.target;
                c.incarnation = server.incarnation();
                reply(number, Message::syn_ack);
            } else {
                reply(number, Message::server_rst);
            }
            break;
        case Message::request:
            if (!has_session(c) || !submit(number)) {
                c.session = journal::no_index;
                reply(number, Message::server_rst);
            }
            break;
        case Message::fin:
            if (has_session(c)) {
                reply(number, Message::server_fin);
            }
            break;
        case Message::client_rst:
            c.session = journal::no_index;
            break;
        default:
            break;
    }
}

void Traffic::at_server_udp(Number number) {
    auto& c = connections_[number];
    auto& server = *around_.servers[c.target];
    if (!server.running() ||
        !server.listens(Protocol::udp, c.nat ? c.server_endpoint : c.plan.to)) {
        reply(number, Message::unreachable);
        return;
    }
    c.session = c.target;
    c.incarnation = server.incarnation();
    submit(number);  // one that is turned away is never heard of again
}

bool Traffic::submit(Number number) {
    auto& c = connections_[number];
    const auto ticket = std::uint64_t{c.generation & 0x7FFFFFFFU} << 32 | number;
    return around_.servers[c.target]->submit(ticket, c.plan.requests[c.current].service_quantile,
                                             c.plan.to.address);
}

void Traffic::work_done(std::uint64_t ticket, bool ok) {
    const auto number = static_cast<Number>(ticket);
    auto& c = connections_[number];
    if (!c.in_use || c.ended || (c.generation & 0x7FFFFFFFU) != ticket >> 32) {
        return;
    }
    if (ok) {
        c.staleness = around_.servers[c.session]->staleness();
        reply(number, Message::response);
    } else if (!udp(c)) {
        c.session = journal::no_index;
        reply(number, Message::server_rst);
    }
}

/// From the server that has it: by NAT through the router that is its gateway.
void Traffic::reply(Number number, Message message) {
    auto& c = connections_[number];
    const auto bytes = bytes_on_wire(c, message);
    if (!c.nat) {
        if (const auto travel = network_.server_to_client(c.target, group(c), bytes)) {
            push(simulation_.now() + *travel, Hop::at_client, number, message);
        } else {
            lost(number, message);
        }
        return;
    }
    const auto router = network_.gateway_router(c.target);
    const auto travel = router ? network_.server_to_router(c.target, *router, bytes) : TravelTime{};
    if (travel) {
        push(simulation_.now() + *travel, Hop::reply_at_director, number, message);
    } else {
        lost(number, message);
    }
}

void Traffic::reply_at_director(Number number, Message message) {
    auto& c = connections_[number];
    const auto router = network_.gateway_router(c.target);
    if (!router || !network_.server_to_router(c.target, *router, 0)) {
        lost(number, message);
        return;
    }
    auto& director = around_.routers[*router]->director();
    if (message != Message::unreachable) {
        ipvs::Segment segment{.direction = ipvs::Direction::from_server,
                              .protocol = udp(c) ? Protocol::udp : Protocol::tcp,
                              .source = c.server_endpoint,
                              .destination = c.plan.source,
                              .flags = udp(c) ? TcpFlags::none : TcpFlags::ack,
                              .mark = {},
                              .count = packets(c, message)};
        if (message == Message::syn_ack) {
            segment.flags = TcpFlags::syn | TcpFlags::ack;
        } else if (message == Message::server_fin) {
            segment.flags = TcpFlags::fin | TcpFlags::ack;
        } else if (message == Message::server_rst) {
            segment.flags = TcpFlags::rst | TcpFlags::ack;
        }
        const auto verdict = director.take_reply(segment);
        if (verdict.action != ipvs::Action::forward || !director.forwarding()) {
            lost(number, message);  // what goes on is nothing that the client knows
            return;
        }
    }
    const auto travel = network_.router_to_client(*router, group(c), bytes_on_wire(c, message));
    if (travel) {
        push(simulation_.now() + *travel, Hop::at_client, number, message);
    } else {
        lost(number, message);
    }
}

void Traffic::at_client(Number number, Message message) {
    auto& c = connections_[number];
    c.tries = 0;
    if (c.ended) {
        if (message == Message::server_fin) {
            send(number, Message::last_ack);
        } else if (message == Message::syn_ack || (message == Message::response && !udp(c))) {
            send(number, Message::client_rst);  // it has given up: no socket has asked for this
        }
        return;
    }
    switch (message) {
        case Message::syn_ack:
            if (!c.established) {
                c.established = true;
                c.acks = 1;
                ask(number);
            }
            break;
        case Message::response:
            responded(number);
            break;
        case Message::server_rst:
        case Message::director_rst:
            broken(number);
            break;
        case Message::unreachable:
            // A connection that stands outlives an ICMP error (RFC 1122, 4.2.3.9).
            if (!c.established) {
                broken(number);
            }
            break;
        default:
            break;
    }
}

// ---- the client's program ----

void Traffic::ask(Number number) {
    send(number, Message::request);
}

void Traffic::responded(Number number) {
    auto& c = connections_[number];
    c.server = c.session;
    const auto bytes = payload(c, Message::response);
    tell(journal::ResponseReceived{c.plan.id, c.current, c.plan.workload, c.server,
                                   simulation_.now() - c.asked_at, bytes});
    if (c.staleness > Duration::zero()) {
        tell(journal::StaleResponse{c.plan.id, c.plan.workload, c.server, c.staleness});
    }
    // An acknowledgement for every other segment.
    c.acks = udp(c) ? 0 : (packets(c, Message::response) + 1) / 2;
    if (c.current + 1 == c.plan.requests.size()) {
        end(number, Outcome::served);
        if (!udp(connections_[number])) {
            send(number, Message::fin);
        }
        return;
    }
    ++c.current;
    push(simulation_.now() + c.plan.requests[c.current].think, Hop::retry, number, Message::think);
}

void Traffic::broken(Number number) {
    end(number,
        connections_[number].server == journal::no_index ? Outcome::refused : Outcome::reset);
}

void Traffic::end(Number number, Outcome outcome) {
    auto& c = connections_[number];
    c.ended = true;
    unlink(number);
    tell(journal::ConnectionClosed{c.plan.id, c.plan.workload, c.server, outcome,
                                   simulation_.now() - c.opened_at});
    if (c.plan.session) {
        if (const auto session = carts_.ended(c.plan, c.server)) {
            tell(*session);
        }
    }
}

// ---- what happens to servers ----

void Traffic::server_stopped(std::uint32_t server) {
    for (Number number = 0; number < connections_.size(); ++number) {
        auto& c = connections_[number];
        if (c.in_use && !c.ended && c.session == server && !udp(c)) {
            c.session = journal::no_index;
            reply(number, Message::server_rst);
        }
    }
}

void Traffic::finish() {
    for (auto& open : open_) {
        while (open.first != none) {
            end(open.first, Outcome::unfinished);
        }
    }
    for (const auto& session : carts_.finish()) {
        tell(session);
    }
}

}  // namespace lvslab::flow_world
