// SPDX-License-Identifier: GPL-2.0-only
// Connection sync inside the model: what entries tell, and what is made of what others tell
// (ip_vs_sync_conn and ip_vs_proc_conn, ip_vs_sync.c).
#include "core/ipvs/model.hpp"

namespace lvslab::ipvs {
namespace {

/// A template's timeout, or that of an entry without a table of timeouts, where none is told.
constexpr Duration untold_timeout = std::chrono::minutes(3);
/// A template's timer counts milliseconds in 32 bits.
constexpr std::uint32_t longest_timeout_seconds = 0xFFFFFFFFU / 1000;
constexpr std::uint16_t assured_template = 1;  // IP_VS_CTPL_S_ASSURED

bool is_template(const SyncRecord& record) {
    return (record.flags & sync_flag::is_template) != 0;
}

bool is_active(const SyncRecord& record) {
    return (record.flags & (sync_flag::inactive | sync_flag::is_template)) == 0;
}

std::uint32_t seconds_of(Duration d) {
    return static_cast<std::uint32_t>(std::chrono::duration_cast<std::chrono::seconds>(d).count());
}

/// A protocol and a state that this model follows.
bool is_known(const SyncRecord& record) {
    if (record.has_persistence_engine) {
        return false;
    }
    return is_template(record) ||
           (record.protocol == static_cast<std::uint8_t>(Protocol::tcp)
                ? record.state < tcp_state_count
                : record.protocol == static_cast<std::uint8_t>(Protocol::udp) && record.state == 0);
}

TcpState state_of(const SyncRecord& record) {
    if (is_template(record)) {
        return (record.state & assured_template) != 0 ? TcpState::established : TcpState::none;
    }
    return static_cast<TcpState>(record.state);
}

ConnectionKey key_of(const SyncRecord& record) {
    return {static_cast<Protocol>(record.protocol), record.client, record.virtual_endpoint};
}

}  // namespace

void Ipvs::Model::set_sync_master(const std::optional<SyncMaster>& daemon, Time now) {
    sender_.reset();
    if (daemon) {
        start_tracking();
        sender_.emplace(*daemon, now);
    }
}

void Ipvs::Model::set_sync_backup(const std::optional<SyncBackup>& daemon) {
    backup_ = daemon;
    if (daemon) {
        start_tracking();
    }
}

/// Entries that are there already keep no mark of their own: their service's stands for it.
void Ipvs::Model::start_tracking() {
    if (tracking_) {
        return;
    }
    tracking_ = true;
    for (ConnectionId id = 0; id < table_.pool().end(); ++id) {
        if (table_[id].in_use != 0) {
            track(id).fwmark = destinations_[table_[id].destination]->service.fwmark.value();
        }
    }
}

SyncTrack& Ipvs::Model::track(ConnectionId id) {
    if (id >= tracks_.size()) {
        tracks_.resize(table_.pool().end());
    }
    return tracks_[id];
}

std::vector<SyncMessage> Ipvs::Model::take_sync_messages(Time now) {
    advance(now);
    return sender_ ? sender_->take(now) : std::vector<SyncMessage>{};
}

void Ipvs::Model::sync_packets(ConnectionId id, std::uint32_t count, Time now) {
    for (auto packets = table_[id].packets - count; count > 0; --count) {
        sync_chain(id, ++packets, now);
    }
}

/// ip_vs_sync_conn: an entry, then whoever controls it. `timeout` is the first one's if its timer
/// is set to another one than its state's, or zero.
void Ipvs::Model::sync_chain(ConnectionId id, std::uint32_t packets, Time now, Duration timeout) {
    while (id != no_connection) {
        const auto& c = table_[id];
        const auto timer = timeout != Duration::zero() ? timeout : told_timeout(c);
        const SyncQuestion question{c.protocol,        c.state, c.is_template != 0,
                                    in_persistence(c), packets, timer};
        if (sync_needed(options_.sync, question, track(id), now)) {
            auto record = record_of(id);
            record.timeout_seconds = seconds_of(timer);
            // The kernel refuses to sync with servers of another family than their clients.
            if (record.server.address.family() == record.client.address.family()) {
                sender_->add(record, now);
            }
        }
        timeout = Duration::zero();
        id = c.controller;
        if (id != no_connection) {
            packets = table_[id].is_template != 0 ? ++track(id).template_packets
                                                  : options_.sync.threshold;
        }
    }
}

bool Ipvs::Model::in_persistence(const Connection& c) const {
    for (auto id = c.controller; id != no_connection; id = table_[id].controller) {
        if (table_[id].is_template != 0) {
            return true;
        }
    }
    return false;
}

Duration Ipvs::Model::told_timeout(const Connection& c) const {
    return c.is_template != 0 ? std::chrono::milliseconds(c.timeout_ms) : timeout_of(c);
}

SyncRecord Ipvs::Model::record_of(ConnectionId id) {
    const auto& c = table_[id];
    SyncRecord r;
    r.protocol = static_cast<std::uint8_t>(c.protocol);
    r.flags = c.method;
    r.flags |= c.by_sync != 0 ? sync_flag::sync : 0;
    r.flags |= c.no_output != 0 ? sync_flag::no_output : 0;
    r.flags |= c.counted_active == 0 ? sync_flag::inactive : 0;
    r.flags |= c.no_client_port != 0 ? sync_flag::no_client_port : 0;
    r.flags |= c.is_template != 0 ? sync_flag::is_template : 0;
    r.state = static_cast<std::uint16_t>(c.state);
    r.client = {table_.client_address(c), Port{c.client_port}};
    r.virtual_endpoint = {table_.virtual_address(c), Port{c.virtual_port}};
    r.server = {destinations_[c.destination]->endpoint.address, Port{c.server_port}};
    r.fwmark = track(id).fwmark;
    r.timeout_seconds = seconds_of(told_timeout(c));
    return r;
}

SyncReceipt Ipvs::Model::apply_sync(std::span<const std::uint8_t> datagram, Time now) {
    advance(now);
    SyncReceipt receipt;
    const auto message = read_sync_message(datagram);
    receipt.malformed = message.malformed;
    const bool no_message = message.malformed == SyncMalformed::short_header ||
                            message.malformed == SyncMalformed::wrong_size;
    if (!backup_ || no_message || (backup_->syncid != 0 && backup_->syncid != message.syncid)) {
        return receipt;
    }
    receipt.taken = true;
    receipt.refused = message.passed_over;
    for (const auto& record : message.records) {
        if (is_known(record)) {
            apply(record, receipt, now);
        } else {
            ++receipt.refused;
        }
    }
    return receipt;
}

/// ip_vs_proc_conn.
void Ipvs::Model::apply(const SyncRecord& record, SyncReceipt& receipt, Time now) {
    const auto key = key_of(record);
    bool late = false;
    auto id = is_template(record) ? table_.find_template(key)
                                  : replaced_or(table_.find(key), record, late, now);
    if (late) {
        ++receipt.late;
        return;
    }
    if (id == no_connection) {
        ++receipt.made;
        id = made_by_sync(record);
    } else {
        ++receipt.updated;
        updated_by_sync(id, record);
    }
    auto& c = table_[id];
    c.state = state_of(record);
    track(id).told_state = c.state;
    auto timeout = c.is_template != 0 ? untold_timeout : timeout_of(c);
    if (record.timeout_seconds != 0) {
        timeout = std::chrono::seconds(std::min(record.timeout_seconds, longest_timeout_seconds));
    }
    if (c.is_template != 0) {
        track(id).template_packets = options_.sync.threshold;
        c.timeout_ms = static_cast<std::uint32_t>(
            std::chrono::duration_cast<std::chrono::milliseconds>(timeout).count());
    } else {
        c.packets = options_.sync.threshold;
    }
    arm(id, timeout, now);
}

/// The entry that a record means. One that goes to another server gives way, but not to the end of
/// a connection that it has replaced itself.
ConnectionId Ipvs::Model::replaced_or(ConnectionId id, const SyncRecord& record, bool& late,
                                      Time now) {
    if (id == no_connection) {
        return id;
    }
    const auto& c = table_[id];
    const bool same = c.server_port == record.server.port.value() &&
                      destinations_[c.destination]->endpoint.address == record.server.address;
    if (same) {
        return id;
    }
    late = (record.flags & sync_flag::inactive) != 0;
    if (!late) {
        expire_now(id, now);
    }
    return no_connection;
}

ConnectionId Ipvs::Model::made_by_sync(const SyncRecord& record) {
    const auto id = table_.insert(key_of(record), is_template(record));
    track(id) = {record.fwmark, 0, TcpState::none, 0};
    auto& c = table_[id];
    c.by_sync = 1;
    c.server_port = record.server.port.value();
    c.counted_active = is_active(record) ? 1 : 0;
    auto* d = sync_destination(record);
    if (d != nullptr) {
        take_method(c, *d);
    } else {
        d = &unbound_destination(record.server.address);
        c.method = record.flags & sync_flag::method & 7U;
        c.no_output = (record.flags & sync_flag::no_output) != 0 ? 1 : 0;
    }
    bind(c, *d);
    if ((record.flags & sync_flag::no_client_port) != 0 && record.client.port.value() == 0) {
        table_.await_client_port(id);
    }
    return id;
}

/// It counts as told; without a server it may have one now (ip_vs_try_bind_dest).
void Ipvs::Model::updated_by_sync(ConnectionId id, const SyncRecord& record) {
    auto& c = table_[id];
    auto& d = *destinations_[c.destination];
    const bool active = is_active(record);
    if (c.is_template == 0 && active != (c.counted_active != 0)) {
        count_active(c, d, active);
    }
    if (d.bound) {
        return;
    }
    auto own = record_of(id);
    if (auto* found = sync_destination(own); found != nullptr) {
        unbind(c);
        take_method(c, *found);
        bind(c, *found);
    }
}

/// ip_vs_find_dest: servers of a mark are listed without a port unless the method is NAT.
Destination* Ipvs::Model::sync_destination(const SyncRecord& record) const {
    Segment segment;
    segment.protocol = static_cast<Protocol>(record.protocol);
    segment.destination = record.virtual_endpoint;
    if (segment.destination.address.family() != record.client.address.family()) {
        segment.destination.address = Address::v6({});  // a mark in place of the address
    }
    segment.mark = Fwmark{record.fwmark};
    const auto* service = look_service_up(segment);
    if (service == nullptr) {
        return nullptr;
    }
    const bool nat = (record.flags & sync_flag::method) == 0;
    const auto own_port = record.server.port;
    const auto first = record.fwmark != 0 && !nat ? Port{} : own_port;
    const auto second = first == own_port ? Port{} : own_port;
    auto* d = find_destination(*service, {record.server.address, first});
    return d != nullptr ? d : find_destination(*service, {record.server.address, second});
}

/// What an entry goes to that no service here has a server for.
Destination& Ipvs::Model::unbound_destination(const Address& server) {
    for (const auto& d : destinations_) {
        if (d != nullptr && !d->bound && d->endpoint.address == server) {
            return *d;
        }
    }
    auto& d = new_destination({server, Port{}}, {});
    d.bound = false;
    d.available = true;
    d.weight = 1;
    return d;
}

}  // namespace lvslab::ipvs
