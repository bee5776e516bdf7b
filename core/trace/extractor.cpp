// SPDX-License-Identifier: GPL-2.0-only
#include "core/trace/extractor.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace lvslab::trace {
namespace {

namespace flag = packet::tcp_flag;

/// How long a closed connection waits for late packets.
constexpr Duration linger = std::chrono::seconds(10);
/// As a scenario's `requests`; what comes behind is added to the last turn.
constexpr std::size_t most_turns_of_one = 100'000;
constexpr std::size_t udp_header = packet::UdpView::header_size;

/// Bytes behind the IP headers as the headers tell, whatever the capture has kept of them.
std::size_t transport_length(const packet::PacketView& packet) {
    if (const auto ip = packet.ipv4()) {
        return ip->total_length() - ip->header_length();
    }
    const auto ip = packet.ipv6();
    const auto extensions =
        static_cast<std::size_t>(packet.transport_bytes().data() - ip->payload().data());
    return ip->payload_length() - std::min<std::size_t>(extensions, ip->payload_length());
}

/// What a SYN says about window scaling (RFC 7323).
struct WindowScale {
    bool known = true;  ///< not if the capture has cut the options
    bool offered = false;
    std::uint8_t shift = 0;
};

WindowScale window_scale_of(const packet::TcpView& segment) {
    constexpr std::uint8_t end_of_options = 0, no_operation = 1, scale = 3, largest_shift = 14;
    const auto whole = segment.header_length();
    const auto header = segment.bytes().first(std::min(whole, segment.bytes().size()));
    std::size_t at = packet::TcpView::minimum_size;
    while (at < header.size() && header[at] != end_of_options) {
        if (header[at] == no_operation) {
            ++at;
            continue;
        }
        if (at + 1 >= header.size() || header[at + 1] < 2) {
            break;
        }
        if (header[at] == scale && header[at + 1] == 3 && at + 2 < header.size()) {
            return {true, true, std::min(header[at + 2], largest_shift)};
        }
        at += header[at + 1];
    }
    return {header.size() == whole, false, 0};
}

bool has(const packet::TcpView& segment, std::uint8_t flags) {
    return (segment.flags() & flags) != 0;
}

}  // namespace

Extractor::Extractor(ExtractorSettings settings, Take take, TakeOdd odd)
    : settings_(std::move(settings)), take_(std::move(take)), take_odd_(std::move(odd)) {}

void Extractor::packet(Duration now, std::span<const std::uint8_t> ip, std::uint64_t record,
                       std::size_t on_wire) {
    ++counts_.packets;
    record_ = record != 0 ? record : counts_.packets;
    const auto view = packet::PacketView::parse(ip, packet::Extent::headers);
    if (!view) {
        ++counts_.malformed;
        return;
    }
    if (view->fragment() == packet::Fragment::later) {
        ++counts_.fragments;
        return;
    }
    const auto flow = view->flow();
    if (!flow || flow->protocol != settings_.protocol ||
        (flow->destination != settings_.server && flow->source != settings_.server)) {
        return;
    }
    ++counts_.of_service;
    const Side side = flow->destination == settings_.server ? client_side : server_side;
    const auto& client = side == client_side ? flow->source : flow->destination;
    expire(now);
    const auto length = transport_length(*view);
    const auto whole =
        static_cast<std::size_t>(view->transport_bytes().data() - ip.data()) + length;
    if (on_wire > 0 && whole > on_wire) {
        ++counts_.malformed;
        if (take_odd_) {
            take_odd_({OddNumber::Kind::length, record_, client, side == server_side,
                       static_cast<std::uint32_t>(whole), static_cast<std::uint32_t>(on_wire)});
        }
        return;
    }
    if (const auto datagram = view->udp()) {
        udp(now, side, client,
            static_cast<std::uint32_t>(datagram->length() -
                                       std::min<std::size_t>(udp_header, datagram->length())));
    } else if (const auto segment = view->tcp()) {
        if (segment->header_length() > length) {
            ++counts_.malformed;
            return;
        }
        tcp(now, side, client, *segment,
            static_cast<std::uint32_t>(length - segment->header_length()));
    }
    hold_bounds();
}

void Extractor::finish() {
    while (!closed_.empty()) {
        end(closed_, closed_.begin());
    }
    while (!open_.empty()) {
        end(open_, open_.begin());
    }
}

// ---- TCP ----

void Extractor::tcp(Duration now, Side side, const Endpoint& client, const packet::TcpView& segment,
                    std::uint32_t length) {
    auto* c = connection_of(now, side, client, segment);
    if (c == nullptr) {
        ++counts_.stray;
        return;
    }
    touch(now, *c);
    if (c->began_before) {
        if (has(segment, flag::fin | flag::rst)) {
            c->reset |= has(segment, flag::rst);
            close(now, *c);
        }
        return;
    }
    handshake(now, side, *c, segment);
    pass(now, side, *c, segment, length);
    const auto& streams = c->streams;
    const auto& own = streams[side];
    const auto& other = streams[1 - side];
    // A capture of one way alone sees one FIN.
    const bool over = own.finished() && (other.finished() || !other.heard());
    if (over || c->reset) {
        close(now, *c);
        if (c->reset || (own.finish_acknowledged() && other.finish_acknowledged())) {
            hand_out(*c);
        }
    }
}

/// The connection that the segment is of, a new one if it opens one; null if it is of none.
Extractor::Connection* Extractor::connection_of(Duration now, Side side, const Endpoint& client,
                                                const packet::TcpView& segment) {
    const bool syn = has(segment, flag::syn), ack = has(segment, flag::ack);
    auto found = by_client_.find(client);
    if (side == client_side && syn && !ack) {
        // The port is used again, unless it is the same SYN once more.
        if (found != by_client_.end()) {
            const auto& old = *found->second;
            if (!old.began_before && old.syn_sequence == segment.sequence()) {
                return &*found->second;
            }
            end(old.closed ? closed_ : open_, found->second);
        }
        auto& c = begin(now, client);
        c.syn_sequence = segment.sequence();
        c.streams[client_side].begin(segment.sequence() + 1, record_);
        return &c;
    }
    if (side == server_side && syn && !ack) {
        return nullptr;
    }
    if (found != by_client_.end()) {
        return &*found->second;
    }
    if (has(segment, flag::rst)) {
        return nullptr;
    }
    auto& c = begin(now, client);
    if (syn && side == server_side) {
        c.syn_sequence = segment.acknowledgement() - 1;
        c.streams[client_side].begin(segment.acknowledgement(), record_);
    } else {
        c.began_before = true;
    }
    return &c;
}

Extractor::Connection& Extractor::begin(Duration now, const Endpoint& client) {
    auto& c = open_.emplace_back();
    c.client = client;
    c.begin = c.last = now;
    by_client_[client] = std::prev(open_.end());
    return c;
}

/// Beginnings of both streams, round trips on both sides of the capture, window scales.
void Extractor::handshake(Duration now, Side side, Connection& c, const packet::TcpView& segment) {
    auto& own = c.streams[side];
    auto& other = c.streams[1 - side];
    own.hear();
    if (has(segment, flag::syn)) {
        if (const auto scale = window_scale_of(segment); scale.known) {
            own.window_shift = scale.shift;
            if (!scale.offered) {
                other.window_shift = 0;
            }
        }
        auto& at = side == client_side ? c.syn_at : c.syn_ack_at;
        c.syn_seen_twice |= at.has_value();
        at = now;
        if (!own.begun()) {
            own.begin(segment.sequence() + 1, record_);
        }
        if (side == server_side && c.syn_at && !c.syn_seen_twice) {
            c.server_round_trip = now - *c.syn_at;
        }
    } else if (side == client_side && has(segment, flag::ack) && !c.acknowledged) {
        c.acknowledged = true;
        if (c.syn_ack_at && !c.syn_seen_twice) {
            c.client_round_trip = now - *c.syn_ack_at;
        }
        if (!other.begun()) {
            other.begin(segment.acknowledgement(), record_);
        }
    }
    if (!own.begun()) {
        own.begin(segment.sequence(), record_);
    }
}

void Extractor::pass(Duration now, Side side, Connection& c, const packet::TcpView& segment,
                     std::uint32_t length) {
    auto& own = c.streams[side];
    auto& other = c.streams[1 - side];
    const Side otherwise = side == client_side ? server_side : client_side;
    const bool syn = has(segment, flag::syn);
    const std::uint32_t sequence = segment.sequence() + (syn ? 1U : 0U);
    const bool acks = has(segment, flag::ack) && other.begun();
    // A refusal's RST has a sequence number of nobody's.
    const bool refusal = has(segment, flag::rst) && side == server_side && !c.syn_ack_at;
    if (!refusal && !own.allows(sequence, length)) {
        const bool foreign = acks && !other.allows_acknowledged(segment.acknowledgement());
        doubt(side, c, {.record = record_, .number = sequence, .length = length, .at = now},
              foreign);
        if (!own.allows(sequence, length)) {
            return;
        }
    }
    if (!syn) {
        own.support(record_);
    }
    if (acks && acknowledge(now, otherwise, c, segment.acknowledgement()) &&
        (syn || own.window_shift)) {
        const unsigned shift = syn ? 0U : *own.window_shift;
        other.window(std::uint64_t{segment.window()} << shift);
    }
    if (has(segment, flag::rst)) {
        c.reset = true;
        return;
    }
    const auto passed = own.segment(sequence, length, record_);
    counts_.sent_again += passed.again ? 1U : 0U;
    counts_.out_of_order += passed.filled ? 1U : 0U;
    bytes(now, side, c, passed.fresh, passed.unseen > 0 && passed.unseen == passed.fresh);
    if (has(segment, flag::fin)) {
        const auto finished = own.finish(sequence, length);
        bytes(now, side, c, finished.fresh, true);
        if (finished.excess > 0) {
            take_back(side, c, finished.excess);
            take_odd(side, c, *own.ahead());
        }
    }
}

/// A number that the connection may not use now. Of a packet whose numbers are both such nothing is
/// believed: it is another connection's.
void Extractor::doubt(Side side, Connection& c, const Stream::Odd& odd, bool foreign) {
    auto& stream = c.streams[side];
    if (foreign) {
        take_odd(side, c, stream.told_where(odd));
    } else {
        settle(side, c, stream.doubt(odd));
    }
}

/// The other side has told what it has of these bytes. False if that is not believed.
bool Extractor::acknowledge(Duration now, Side side, Connection& c, std::uint32_t number) {
    auto& stream = c.streams[side];
    if (!stream.allows_acknowledged(number)) {
        doubt(side, c, {.record = record_, .number = number, .acknowledgement = true, .at = now},
              false);
        if (!stream.allows_acknowledged(number)) {
            return false;
        }
    }
    stream.support(record_);
    bytes(now, side, c, stream.acknowledged(number, record_).fresh, true);
    return true;
}

void Extractor::settle(Side side, Connection& c, const Stream::Doubted& outcome) {
    bytes(outcome.at, side, c, outcome.fresh, true);
    if (outcome.not_used) {
        take_odd(side, c, *outcome.not_used);
    }
    if (const auto& wrong = outcome.wrong_begin; wrong && take_odd_) {
        take_odd_({OddNumber::Kind::first_byte, wrong->record, c.client, side == server_side,
                   wrong->number, wrong->expected});
    }
}

void Extractor::take_odd(Side side, const Connection& c, const Stream::Odd& odd) {
    ++counts_.out_of_window;
    if (take_odd_) {
        take_odd_(
            {odd.acknowledgement ? OddNumber::Kind::acknowledgement : OddNumber::Kind::sequence,
             odd.record, c.client, side == server_side, odd.number, odd.expected});
    }
}

/// Bytes that had been counted are none.
void Extractor::take_back(Side side, Connection& c, std::uint64_t count) {
    for (auto turn = c.turns.rbegin(); turn != c.turns.rend() && count > 0 && !c.handed_out;
         ++turn) {
        auto& bytes = side == client_side ? turn->request_bytes : turn->response_bytes;
        const auto taken = std::min(bytes, count);
        bytes -= taken;
        count -= taken;
    }
    while (!c.turns.empty() && c.turns.back().request_bytes + c.turns.back().response_bytes == 0) {
        c.turns.pop_back();
        --turns_held_;
    }
}

/// New bytes of one side: a request goes on or begins, or its response does.
void Extractor::bytes(Duration now, Side side, Connection& c, std::uint64_t count, bool unseen) {
    if (count == 0 || c.handed_out) {
        return;
    }
    if (side == client_side) {
        if (c.turns.empty() || c.turns.back().response_bytes > 0) {
            begin_turn(now, c);
        }
        c.turns.back().request_bytes += count;
        c.last_request = now;
        c.request_unseen = unseen;
        return;
    }
    if (c.turns.empty()) {
        begin_turn(now, c);
        c.request_unseen = true;
    }
    auto& turn = c.turns.back();
    if (turn.response_bytes == 0 && !unseen && !c.request_unseen) {
        turn.service = std::max(now - c.last_request - c.server_round_trip, Duration::zero());
    }
    turn.response_bytes += count;
    c.last_response = now;
}

void Extractor::begin_turn(Duration now, Connection& c) {
    if (c.turns.size() == most_turns_of_one) {
        return;
    }
    auto& turn = c.turns.emplace_back();
    ++turns_held_;
    if (c.turns.size() > 1) {
        turn.think = std::max(now - c.last_response - c.client_round_trip, Duration::zero());
    }
}

// ---- UDP ----

void Extractor::udp(Duration now, Side side, const Endpoint& client, std::uint32_t length) {
    const auto found = by_client_.find(client);
    auto& c = found != by_client_.end() ? *found->second : begin(now, client);
    if (found == by_client_.end() && side == server_side) {
        c.began_before = true;
    }
    touch(now, c);
    if (c.began_before && side == client_side) {
        // What it asks now is an exchange of its own.
        end(open_, found->second);
        udp(now, side, client, length);
        return;
    }
    if (!c.began_before) {
        // An empty datagram is a datagram.
        bytes(now, side, c, std::max(length, 1U), false);
    }
}

// ---- ends ----

void Extractor::touch(Duration now, Connection& c) {
    c.last = std::max(c.last, now);
    if (!c.closed) {
        open_.splice(open_.end(), open_, by_client_.at(c.client));
    }
}

void Extractor::close(Duration now, Connection& c) {
    if (!c.closed) {
        c.closed = true;
        c.last = now;
        closed_.splice(closed_.end(), open_, by_client_.at(c.client));
    }
}

void Extractor::expire(Duration now) {
    while (!closed_.empty() && closed_.front().last + linger < now) {
        end(closed_, closed_.begin());
    }
    const auto idle = settings_.protocol == Protocol::tcp ? settings_.tcp_idle : settings_.udp_idle;
    while (!open_.empty() && open_.front().last + idle < now) {
        if (settings_.protocol == Protocol::tcp && !open_.front().turns.empty()) {
            ++counts_.idle;
        }
        end(open_, open_.begin());
    }
}

void Extractor::hold_bounds() {
    while (open() > settings_.most_open && !closed_.empty()) {
        end(closed_, closed_.begin());
    }
    while (!open_.empty() && (open() > settings_.most_open || turns_held_ > settings_.most_turns)) {
        if (!open_.front().turns.empty()) {
            ++counts_.cut;
        }
        end(open_, open_.begin());
    }
}

void Extractor::end(Connections& list, Connections::iterator connection) {
    hand_out(*connection);
    by_client_.erase(connection->client);
    list.erase(connection);
}

void Extractor::hand_out(Connection& c) {
    if (c.handed_out) {
        return;
    }
    for (const Side side : {client_side, server_side}) {
        if (const auto odd = c.streams[side].take_doubt()) {
            take_odd(side, c, *odd);
        }
    }
    c.handed_out = true;
    turns_held_ -= c.turns.size();
    if (c.turns.empty()) {
        count_left_out(c);
        return;
    }
    counts_.unseen_bytes += c.streams[client_side].missing() + c.streams[server_side].missing();
    if (!c.closed && settings_.protocol == Protocol::tcp) {
        ++counts_.unended;
    }
    ++counts_.taken;
    take_({c.begin, c.client.address, std::exchange(c.turns, {})});
}

void Extractor::count_left_out(const Connection& c) {
    const auto& server = c.streams[server_side];
    if (c.began_before) {
        ++counts_.began_before;
    } else if (c.reset && !c.syn_ack_at && !c.acknowledged) {
        ++counts_.refused;
    } else if (!server.heard() && !c.acknowledged) {
        ++counts_.unanswered;
    } else {
        ++counts_.without_bytes;
    }
}

}  // namespace lvslab::trace
