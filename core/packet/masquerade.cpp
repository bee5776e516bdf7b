// SPDX-License-Identifier: GPL-2.0-only
#include "core/packet/masquerade.hpp"

#include <algorithm>
#include <utility>

namespace lvslab::packet {
namespace {

using enum TrackedState;

/// How a port that is taken is replaced: within its own kind (nf_nat_l4proto_unique_tuple).
struct PortRange {
    std::uint32_t first;
    std::uint32_t last;
};

PortRange range_of(Port port) {
    if (port.value() < 512) {
        return {1, 511};
    }
    return port.value() < 1024 ? PortRange{600, 1023} : PortRange{1024, 65535};
}

bool has(std::uint8_t flags, std::uint8_t flag) {
    return (flags & flag) != 0;
}

TrackedState after_fin(TrackedState state) {
    switch (state) {
        case syn_received:
        case established:
            return fin_wait;
        case fin_wait:
        case close_wait:
            return last_ack;
        default:
            return state;
    }
}

TrackedState after_ack(TrackedState state, bool original) {
    switch (state) {
        case syn_received:
            return original ? established : syn_received;
        case fin_wait:
            return close_wait;
        case last_ack:
            return time_wait;
        default:
            return state;
    }
}

}  // namespace

Duration default_timeout(TrackedState state) {
    using std::chrono::hours;
    using std::chrono::seconds;
    switch (state) {
        case syn_sent:
        case fin_wait:
        case time_wait:
        case udp_replied:
            return seconds(120);
        case syn_received:
        case close_wait:
            return seconds(60);
        case established:
            return hours(5 * 24);
        case last_ack:
        case udp:
            return seconds(30);
        case closed:
            break;
    }
    return seconds(10);
}

TrackedState next_tracked_state(TrackedState state, bool original, std::uint8_t tcp_flags) {
    if (state == udp || state == udp_replied) {
        return original ? state : udp_replied;
    }
    if (has(tcp_flags, tcp_flag::rst)) {
        return closed;
    }
    if (has(tcp_flags, tcp_flag::syn)) {
        const bool anew =
            original && !has(tcp_flags, tcp_flag::ack) && (state == time_wait || state == closed);
        const bool answered = !original && has(tcp_flags, tcp_flag::ack) && state == syn_sent;
        return anew ? syn_sent : answered ? syn_received : state;
    }
    if (has(tcp_flags, tcp_flag::fin)) {
        return after_fin(state);
    }
    return has(tcp_flags, tcp_flag::ack) ? after_ack(state, original) : state;
}

Masquerade::Table::iterator Masquerade::find(const Tuple& tuple, Time now) {
    auto found = by_source_.find(tuple);
    if (found != by_source_.end() && found->second.expires <= now) {
        erase(found);
        found = by_source_.end();
    }
    return found;
}

void Masquerade::erase(Table::iterator entry) {
    by_reply_.erase(reply_of(entry->first, entry->second.translated));
    by_source_.erase(entry);
}

void Masquerade::follow(Entry& entry, bool original, const Flow& flow, Time now) {
    entry.state = next_tracked_state(entry.state, original, flow.tcp_flags);
    entry.expires = now + default_timeout(entry.state);
}

std::optional<Endpoint> Masquerade::known(const Flow& flow, Time now) {
    const auto found = find({flow.protocol, flow.source, flow.destination}, now);
    if (found == by_source_.end()) {
        return std::nullopt;
    }
    follow(found->second, true, flow, now);
    return found->second.translated;
}

bool Masquerade::free(const Tuple& original, const Endpoint& wanted, Time now) {
    const auto taken = by_reply_.find(reply_of(original, wanted));
    return taken == by_reply_.end() || find(taken->second, now) == by_source_.end();
}

std::optional<Port> Masquerade::choose_port(const Tuple& original, const Address& address,
                                            Time now) {
    const auto own = original.source.port;
    if (free(original, {address, own}, now)) {
        return own;
    }
    const auto range = range_of(own);
    const auto size = range.last - range.first + 1;
    const auto start = static_cast<std::uint32_t>(random_.below(size));
    for (std::uint32_t n = 0; n < size; ++n) {
        const Port port{static_cast<std::uint16_t>(range.first + (start + n) % size)};
        if (free(original, {address, port}, now)) {
            return port;
        }
    }
    return std::nullopt;
}

std::optional<Endpoint> Masquerade::translate(const Flow& flow, const Address& address, Time now) {
    if (const auto there = known(flow, now)) {
        return there;
    }
    forget_old(now);
    const Tuple original{flow.protocol, flow.source, flow.destination};
    const auto port = choose_port(original, address, now);
    if (!port) {
        return std::nullopt;
    }
    Entry entry{{address, *port}, udp, {}};
    if (flow.protocol == Protocol::tcp) {
        // A packet from the midst of a connection opens an entry too (nf_conntrack_tcp_loose).
        const bool opens = has(flow.tcp_flags, tcp_flag::syn);
        entry.state = opens ? syn_sent : has(flow.tcp_flags, tcp_flag::rst) ? closed : established;
    }
    entry.expires = now + default_timeout(entry.state);
    by_reply_[reply_of(original, entry.translated)] = original;
    by_source_[original] = entry;
    return entry.translated;
}

std::optional<Endpoint> Masquerade::reply(const Flow& flow, Time now) {
    const auto original = by_reply_.find({flow.protocol, flow.source, flow.destination});
    if (original == by_reply_.end()) {
        return std::nullopt;
    }
    const auto source = original->second.source;
    const auto found = find(original->second, now);
    if (found == by_source_.end()) {
        return std::nullopt;
    }
    follow(found->second, false, flow, now);
    return source;
}

/// Once in a while, so that the table stays within twice what is alive.
void Masquerade::forget_old(Time now) {
    if (by_source_.size() < forget_at_) {
        return;
    }
    for (auto entry = by_source_.begin(); entry != by_source_.end();) {
        const auto next = std::next(entry);
        if (entry->second.expires <= now) {
            erase(entry);
        }
        entry = next;
    }
    forget_at_ = std::max<std::size_t>(1024, 2 * by_source_.size());
}

}  // namespace lvslab::packet
