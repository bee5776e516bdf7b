// SPDX-License-Identifier: GPL-2.0-only
// A packet's way through IPVS (ip_vs_core.c): its entry, a new one, or none.
#include "core/ipvs/model.hpp"

namespace lvslab::ipvs {
namespace {

/// Where a mark stands for an address: its four bytes, and nothing behind them in an IPv6 one.
Address mark_as_address(Fwmark mark, bool v6) {
    if (!v6) {
        return Address::v4(mark.value());
    }
    Address::Bytes bytes{};
    for (std::size_t i = 0; i < 4; ++i) {
        bytes.at(i) = static_cast<std::uint8_t>(mark.value() >> (24 - 8 * i));
    }
    return Address::v6(bytes);
}

constexpr std::uint16_t ftp_data_port = 20;
/// The first port that a process may bind without privilege: FTP's passive ports begin here.
constexpr std::uint16_t first_unprivileged_port = 1024;
constexpr std::uint32_t nat = static_cast<std::uint32_t>(ForwardingMethod::nat);

/// Without a call, and for IPv4 by one word.
bool same(const Address& a, const Address& b) {
    return a.word(0) == b.word(0) && a.family() == b.family() && (a.is_v4() || a == b);
}

}  // namespace

/// Compiled as one function with all that it calls, but for what model.hpp keeps out (noinline):
/// the calls cost more than what is done in them.
[[gnu::flatten]] Verdict Ipvs::Model::step(const Segment& segment, Time now) {
    advance(now);
    Verdict verdict;
    if ((segment.protocol != Protocol::tcp && segment.protocol != Protocol::udp) ||
        !sees(segment)) {
        return verdict;
    }
    if (segment.direction == Direction::from_client) {
        step_in(segment, now, verdict);
    } else {
        step_out(segment, now, verdict);
    }
    return verdict;
}

[[gnu::flatten]] Verdict Ipvs::Model::step_opening(const Segment& syn, std::uint32_t acks,
                                                   Time now) {
    advance(now);
    Verdict verdict;
    if (!sees(syn)) {
        return verdict;
    }
    const auto id = enter(syn, now, verdict);
    const bool both = verdict.action == Action::forward && verdict.method != ForwardingMethod::nat;
    if (both && id != no_connection && !is_due(now) && !sender_ && table_[id].client_port != 0) {
        follow_opening(id, syn, acks, now);  // nothing comes between: a look-up finds it again
        return verdict;
    }
    if (id != no_connection) {
        follow(id, syn.flags, syn.count, now);
    }
    if (both) {
        auto ack = syn;
        ack.flags = TcpFlags::ack;
        ack.count = acks;
        ack.entry = verdict.entry;
        step(ack, now);
    }
    return verdict;
}

/// Most packets have a known entry, and nothing else is to be found out about them.
[[gnu::flatten]] void Ipvs::Model::pass(const Segment& segment, Time now) {
    advance(now);
    const bool plain = segment.protocol == Protocol::tcp &&
                       segment.direction == Direction::from_client &&
                       !has(segment.flags, TcpFlags::syn) && sees(segment);
    const ConnectionKeyView key{segment.protocol, segment.source, segment.destination};
    if (plain && table_.matches(segment.entry, key) && goes_on(segment.entry)) {
        follow(segment.entry, segment.flags, segment.count, now);
    } else {
        step(segment, now);
    }
}

/// With a family's last service its hooks go (ip_vs_unregister_hooks); entries and timers stay.
bool Ipvs::Model::sees(const Segment& segment) const {
    return services_of_family_[segment.destination.address.is_v4() ? 0 : 1] > 0;
}

/// ip_vs_out_hook: a reply is rewritten if its entry is known, and goes on as it is if not.
void Ipvs::Model::step_out(const Segment& segment, Time now, Verdict& verdict) {
    const auto id = find_reply(segment);
    if (id == no_connection) {
        return;
    }
    auto& c = table_[id];
    verdict.action = c.method == nat ? Action::forward : Action::pass;
    verdict.origin = Origin::entry;
    answer(c, verdict);
    verdict.virtual_endpoint.address = table_.virtual_address(c);
    verdict.virtual_endpoint.port = Port{c.virtual_port};
    const auto before = c.state;
    transition(c, TcpSide::output, segment.flags);
    if (c.is_template == 0) {
        const auto timeout = timeout_of(c);
        arm(id, timeout, now, c.state != before && timeout < tcp_timeout(before));
    }
}

/// A SYN on this entry starts a new connection (ip_vs_in_hook, is_new_conn_expected).
bool Ipvs::Model::reschedules(const Connection& c) const {
    if (options_.expire_nodest_conn && destinations_[c.destination]->weight == 0) {
        return true;
    }
    if (options_.conn_reuse_mode == 0 || c.controller != no_connection) {
        return false;
    }
    return c.state == TcpState::time_wait || c.state == TcpState::close ||
           ((options_.conn_reuse_mode & 2U) != 0 && c.state == TcpState::fin_wait &&
            c.no_output != 0);
}

/// The entry that the packet belongs to, or a new one. Without any, the verdict says what becomes
/// of the packet (one-packet entries are gone at once).
ConnectionId Ipvs::Model::entry_for(const Arrival& arrival, Verdict& verdict) {
    const auto& segment = arrival.segment;
    const auto key = arrival.key();
    const auto id = table_.matches(segment.entry, key) ? segment.entry : table_.find(key);
    if (id == no_connection) {
        return new_entry_for(arrival, verdict);
    }
    const bool syn = segment.protocol == Protocol::tcp && has(segment.flags, TcpFlags::syn);
    if (!(syn && reschedules(table_[id])) && goes_on(id)) {
        return id;
    }
    if (!(syn && reschedules(table_[id])) && !options_.expire_nodest_conn) {
        verdict.action = Action::drop;
        return no_connection;
    }
    expire_now(id, arrival.now);
    return new_entry_for(arrival, verdict);
}

ConnectionId Ipvs::Model::new_entry_for(const Arrival& arrival, Verdict& verdict) {
    const auto& segment = arrival.segment;
    auto* service = service_for(segment);
    const bool opens = segment.protocol == Protocol::udp ||
                       (!has(segment.flags, TcpFlags::rst) &&
                        (options_.sloppy_tcp || has(segment.flags, TcpFlags::syn)));
    Scheduled made;
    if (service != nullptr && opens) {
        made = schedule(*service, arrival);
    }
    if (made.server == nullptr) {
        verdict.action = refuse(segment, service, made.refusal);
        verdict.origin = Origin::none;
        return no_connection;
    }
    verdict.origin = made.by_template ? Origin::persistence : Origin::scheduled;
    if (made.id == no_connection) {
        verdict.method = made.server->method;
        verdict.server.address = made.server->endpoint.address;
        verdict.server.port = Port{made.server_port};
    }
    return made.id;
}

void Ipvs::Model::step_in(const Segment& segment, Time now, Verdict& verdict) {
    if (const auto id = enter(segment, now, verdict); id != no_connection) {
        follow(id, segment.flags, segment.count, now);
    }
}

/// All but what the packet does to its entry.
ConnectionId Ipvs::Model::enter(const Segment& segment, Time now, Verdict& verdict) {
    verdict.action = Action::forward;
    verdict.origin = Origin::entry;
    verdict.virtual_endpoint = segment.destination;
    const auto id = entry_for({segment, now}, verdict);
    if (id != no_connection) {
        verdict.entry = id;
        const auto& c = table_[id];
        answer(c, verdict);
        if (c.no_client_port != 0 && c.method == nat) {
            table_.fill_client_port(id, segment.source.port);
        }
    }
    return id;
}

/// Where the entry sends its packets.
void Ipvs::Model::answer(const Connection& c, Verdict& verdict) const {
    verdict.method = static_cast<ForwardingMethod>(c.method);
    verdict.server.address = destinations_[c.destination]->endpoint.address;
    verdict.server.port = Port{c.server_port};
    verdict.ftp_control = is_ftp_control(c);
}

/// What a client's packet does to its entry: state, count, timer.
void Ipvs::Model::follow(ConnectionId id, TcpFlags flags, std::uint32_t packets, Time now) {
    auto& c = table_[id];
    const auto before = c.state;
    transition(c, TcpSide::input, flags);
    c.packets += packets;
    if (sender_) {
        sync_packets(id, packets, now);
    }
    const auto timeout = timeout_of(c);
    arm(id, timeout, now, c.state != before && timeout < tcp_timeout(before));
}

/// follow() with a SYN and with the ACK of the same moment: only where both lead counts.
void Ipvs::Model::follow_opening(ConnectionId id, const Segment& syn, std::uint32_t acks,
                                 Time now) {
    auto& c = table_[id];
    const auto before = c.state;
    const auto side = c.no_output != 0 ? TcpSide::input_only : TcpSide::input;
    const auto opened = next_state(before, side, syn.flags, options_.secure_tcp);
    const auto next = next_state(opened, side, TcpFlags::ack, options_.secure_tcp);
    if (opened != before || next != opened) {
        c.state = next;
        set_active(c, is_active(next));
    }
    if ((opened != before && opened == TcpState::established) ||
        (next != opened && next == TcpState::established)) {
        assure_template(c);
    }
    c.packets += syn.count + acks;
    const auto timeout = tcp_timeout(next);
    arm(id, timeout, now, next != before && timeout < tcp_timeout(before));
}

Service* Ipvs::Model::service_for(const Segment& segment) {
    if (segment.mark.value() != 0) {
        return look_service_up(segment);
    }
    auto& last = last_service_;
    if (last.service == nullptr || last.protocol != segment.protocol ||
        last.endpoint.port != segment.destination.port ||
        !same(last.endpoint.address, segment.destination.address)) {
        last = {segment.protocol, segment.destination, look_service_up(segment)};
    }
    return last.service;
}

/// ip_vs_service_find: the mark, the exact service, FTP's for its data, any port.
Service* Ipvs::Model::look_service_up(const Segment& segment) const {
    const auto& address = segment.destination.address;
    const auto port = segment.destination.port.value();
    const auto look = [&](Protocol protocol, const Address& a, std::uint32_t port_or_mark) {
        const auto found = lookup_.find({address.family(), protocol, a, port_or_mark});
        return found == lookup_.end() ? nullptr : found->second;
    };
    if (segment.mark.value() != 0) {
        if (auto* service = look(Protocol::ip, {}, segment.mark.value())) {
            return service;
        }
    }
    auto* service = look(segment.protocol, address, port);
    if (service == nullptr && segment.protocol == Protocol::tcp && ftp_services_ > 0 &&
        (port == ftp_data_port || port >= first_unprivileged_port)) {
        service = look(segment.protocol, address, ftp_port);
    }
    if (service == nullptr && any_port_services_ > 0) {
        service = look(segment.protocol, address, 0);
    }
    return service;
}

/// What becomes of a packet that got no entry (ip_vs_leave, or the host's own stack).
Action Ipvs::Model::refuse(const Segment& segment, const Service* service, Refusal refusal) {
    const bool ftp_data = service != nullptr && service->port() == ftp_port &&
                          segment.destination.port.value() != ftp_port;
    if (refusal == Refusal::no_server && !ftp_data) {
        return Action::reject;
    }
    const bool reset = service != nullptr && segment.protocol == Protocol::tcp &&
                       !has(segment.flags, TcpFlags::rst);
    return reset ? Action::reset : Action::pass;
}

Destination* Ipvs::Model::choose(Service& service, const Arrival& arrival) {
    if (scripted_ && service.entry->random) {
        auto* d = find_destination(service, *scripted_);
        scripted_.reset();
        if (d != nullptr && d->eligible()) {
            return d;
        }
    }
    tell_scheduler();
    const auto& segment = arrival.segment;
    return service.scheduler->schedule(
        {segment.source.address, segment.source.port, segment.destination.address,
         service.settings.scheduler_flag_1, service.settings.scheduler_flag_2, arrival.now});
}

/// ip_vs_schedule.
Ipvs::Model::Scheduled Ipvs::Model::schedule(Service& service, const Arrival& arrival) {
    if (arrival.segment.source.port.value() == ftp_data_port) {
        return {};
    }
    if (service.is_persistent()) {
        return schedule_persistent(service, arrival);
    }
    Scheduled made;
    made.refusal = Refusal::no_server;
    const auto port = arrival.port();
    if (service.key.fwmark.value() == 0 && port != service.port()) {
        return made;
    }
    made.server = choose(service, arrival);
    if (made.server == nullptr) {
        return made;
    }
    auto& d = *made.server;
    made.server_port = d.endpoint.port.value() != 0 ? d.endpoint.port.value() : port;
    ++d.connections;
    if (service.settings.one_packet && arrival.segment.protocol == Protocol::udp) {
        one_packet(d);
    } else {
        made.id = new_connection(arrival.key(), d, made.server_port, false, arrival.segment.mark);
    }
    return made;
}

/// The template's key: by address and port, FTP and port 0 for all ports, a mark's for all
/// (ip_vs_sched_persist).
ConnectionKey Ipvs::Model::template_key(const Service& service, const Arrival& arrival) const {
    const auto& client = arrival.client();
    const auto& settings = service.settings;
    Address network;
    if (client.is_v6()) {
        network = client.masked(settings.persistence_prefix);
    } else {
        const auto mask = settings.persistence_mask.is_unspecified()
                              ? 0xFFFFFFFFU
                              : settings.persistence_mask.v4_host_order();
        network = Address::v4(client.v4_host_order() & mask);
    }
    ConnectionKey key{arrival.segment.protocol, {network, Port{0}}, arrival.segment.destination};
    const bool own_port = key.virtual_endpoint.port.value() == service.port();
    if (!own_port || service.port() == ftp_port) {
        key.virtual_endpoint.port = Port{0};
    }
    if (!own_port && service.key.fwmark.value() != 0) {
        key.protocol = Protocol::ip;
        key.virtual_endpoint.address = mark_as_address(service.key.fwmark, client.is_v6());
    }
    return key;
}

/// A valid template for this client, an old one or a new one; none if no server can take it.
ConnectionId Ipvs::Model::template_for(Service& service, const Arrival& arrival) {
    const auto key = template_key(service, arrival);
    const auto old = table_.find_template(key);
    if (old != no_connection) {
        // ip_vs_check_template
        const auto& d = *destinations_[table_[old].destination];
        if (d.available && d.bound && !(options_.expire_quiescent_template && d.weight == 0)) {
            return old;
        }
        table_.invalidate_template(old);
    }
    auto* d = choose(service, arrival);
    if (d == nullptr) {
        return no_connection;
    }
    const bool with_port = arrival.port() == service.port() && service.port() != ftp_port;
    const auto port = with_port ? d->endpoint.port.value() : std::uint16_t{0};
    const auto id = new_connection(key, *d, port, true, arrival.segment.mark);
    table_[id].timeout_ms = static_cast<std::uint32_t>(
        std::chrono::duration_cast<std::chrono::milliseconds>(service.settings.persistent).count());
    return id;
}

/// ip_vs_sched_persist.
Ipvs::Model::Scheduled Ipvs::Model::schedule_persistent(Service& service, const Arrival& arrival) {
    Scheduled made;
    const auto before = table_.size();
    const auto id = template_for(service, arrival);
    if (id == no_connection) {
        made.refusal = Refusal::no_server;
        return made;
    }
    made.by_template = table_.size() == before;
    made.server = destinations_[table_[id].destination].get();
    auto& d = *made.server;
    const auto port = arrival.port();
    made.server_port =
        port == service.port() && d.endpoint.port.value() != 0 ? d.endpoint.port.value() : port;
    ++d.connections;
    arm_template(id, arrival.now);
    if (service.settings.one_packet && arrival.segment.protocol == Protocol::udp) {
        one_packet(d);
        if (sender_) {
            sync_chain(id, ++track(id).template_packets, arrival.now);
        }
    } else {
        made.id = new_connection(arrival.key(), d, made.server_port, false, arrival.segment.mark);
        table_[made.id].controller = id;
        ++table_[id].controlled;
    }
    return made;
}

/// ip_vs_conn_new.
ConnectionId Ipvs::Model::new_connection(const ConnectionKeyView& key, Destination& d,
                                         std::uint16_t port, bool is_template, Fwmark mark) {
    const auto id = table_.insert(key, is_template);
    auto& c = table_[id];
    c.server_port = port;
    take_method(c, d);
    bind(c, d);
    if (tracking_) {
        track(id) = {mark.value(), 0, TcpState::none, 0};
    }
    return id;
}

void Ipvs::Model::take_method(Connection& c, const Destination& d) {
    c.method = static_cast<std::uint8_t>(d.method) & 7U;
    c.no_output = d.method == ForwardingMethod::nat ? 0 : 1;
}

/// A one-packet entry: counted, and uncounted at once.
void Ipvs::Model::one_packet(Destination& d) {
    entry_counted(d);
    entry_uncounted(d);
}

/// set_tcp_state and udp_state_transition. A state that is held on a server's word, or a
/// handshake that was finished, assures the template (ip_vs_control_assure_ct).
void Ipvs::Model::transition(Connection& c, TcpSide side, TcpFlags flags) {
    bool assured = false;
    if (c.protocol == Protocol::tcp) {
        if (c.no_output != 0) {
            if (side == TcpSide::output) {
                c.no_output = 0;
            } else {
                side = TcpSide::input_only;
            }
        }
        const auto next = next_state(c.state, side, flags, options_.secure_tcp);
        if (next != c.state) {
            set_active(c, is_active(next));
            assured = next == TcpState::established;
            c.state = next;
        }
    } else {
        assured = side == TcpSide::output;
    }
    if (assured) {
        assure_template(c);
    }
}

void Ipvs::Model::assure_template(const Connection& c) {
    if (c.controller != no_connection && table_[c.controller].is_template != 0) {
        table_[c.controller].state = TcpState::established;
    }
}

}  // namespace lvslab::ipvs
