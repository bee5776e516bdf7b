// SPDX-License-Identifier: GPL-2.0-only
/// Packets of real traffic to connections: TCP followed by its sequence numbers, no payload kept.
///
/// A connection is what passes between a client's address and port and the server's. Sizes come
/// from sequence and acknowledgement numbers, so that packets that a capture has lost, and packets
/// that it cut, count all the same; a capture that sees one way only tells both ways' sizes. Memory
/// grows with the connections that are open, up to a bound, and not with the capture.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <list>
#include <optional>
#include <span>
#include <unordered_map>
#include <vector>

#include "core/base/quantities.hpp"
#include "core/base/time.hpp"
#include "core/packet/packet.hpp"
#include "core/trace/stream.hpp"
#include "core/trace/trace.hpp"

namespace lvslab::trace {

struct ExtractorSettings {
    Protocol protocol = Protocol::tcp;  ///< tcp or udp
    Endpoint server;                    ///< whose connections; everything else is left out
    Duration tcp_idle = std::chrono::minutes(15);  ///< IPVS's timeout of an established connection
    Duration udp_idle = std::chrono::seconds(30);
    std::size_t most_open = 1'000'000;   ///< connections held at one time
    std::size_t most_turns = 4'000'000;  ///< turns of open connections held at one time
};

/// What was found, and what was not taken.
struct ExtractorCounts {
    // packets
    std::uint64_t packets = 0;     ///< handed in
    std::uint64_t of_service = 0;  ///< to or from the server's address and port
    std::uint64_t malformed = 0;   ///< no IP packet, cut inside a header, or longer than its frame
    std::uint64_t fragments = 0;   ///< later fragments: they have no ports
    std::uint64_t sent_again = 0;  ///< bytes that had passed before
    std::uint64_t out_of_order = 0;   ///< filled a hole
    std::uint64_t out_of_window = 0;  ///< numbers outside what the connection may use
    std::uint64_t stray = 0;          ///< RST without a connection, a server that opens one
    // bytes
    std::uint64_t unseen_bytes = 0;  ///< passed, but not in the capture: by the numbers around them
    // connections
    std::uint64_t taken = 0;          ///< handed out
    std::uint64_t unended = 0;        ///< of those: no FIN of both or RST seen
    std::uint64_t idle = 0;           ///< of those: ended by the idle timeout
    std::uint64_t cut = 0;            ///< of those: ended early, to hold the bounds
    std::uint64_t began_before = 0;   ///< left out: no SYN seen
    std::uint64_t refused = 0;        ///< left out: the SYN was answered by RST
    std::uint64_t unanswered = 0;     ///< left out: nothing behind the SYN
    std::uint64_t without_bytes = 0;  ///< left out: opened, but no byte passed
};

/// A packet's number that the others of its connection do not go with: the packet is damaged.
struct OddNumber {
    enum class Kind : std::uint8_t {
        sequence,         ///< not used
        acknowledgement,  ///< not used
        first_byte,       ///< told by a SYN; what the others say is used
        length,           ///< of the IP packet, more than the frame has; the packet is not used
    };
    Kind kind = Kind::sequence;
    std::uint64_t record = 0;  ///< as handed in with the packet
    Endpoint client;
    bool of_server = false;  ///< the bytes that it numbers are the server's
    std::uint32_t found = 0, expected = 0;
};

class Extractor {
public:
    using TakeOdd = std::function<void(const OddNumber&)>;
    using Take = std::function<void(const TracedConnection&)>;

    /// `take` gets each connection when it has ended; its `at` counts from where `now` does.
    /// `odd` gets each number that is not used.
    Extractor(ExtractorSettings settings, Take take, TakeOdd odd = {});

    /// An IP packet, or its beginning as a capture's snap length left it; `record` is its number in
    /// the capture, 0 = that among the packets handed in; `on_wire` the bytes that the frame had
    /// from the IP header on, 0 = not known.
    void packet(Duration now, std::span<const std::uint8_t> ip, std::uint64_t record = 0,
                std::size_t on_wire = 0);
    /// The capture is over: hands out what is still open.
    void finish();

    const ExtractorCounts& counts() const { return counts_; }
    std::size_t open() const { return open_.size() + closed_.size(); }

private:
    struct Connection {
        Endpoint client;
        Duration begin{};
        Duration last{};                ///< of the latest packet
        std::array<Stream, 2> streams;  ///< by Side
        Duration last_request{}, last_response{};
        std::optional<Duration> syn_at, syn_ack_at;
        Duration server_round_trip{}, client_round_trip{};
        std::vector<Turn> turns;
        std::uint32_t syn_sequence = 0;
        bool began_before = false;
        bool acknowledged = false;    ///< the client's first ACK was seen
        bool syn_seen_twice = false;  ///< round trips are not known
        bool request_unseen = false;  ///< when the request ended is not known
        bool reset = false;
        bool closed = false;  ///< in closed_
        bool handed_out = false;
    };
    using Connections = std::list<Connection>;
    enum Side : std::uint8_t { client_side, server_side };

    void tcp(Duration now, Side side, const Endpoint& client, const packet::TcpView& segment,
             std::uint32_t length);
    void udp(Duration now, Side side, const Endpoint& client, std::uint32_t length);
    Connection* connection_of(Duration now, Side side, const Endpoint& client,
                              const packet::TcpView& segment);
    Connection& begin(Duration now, const Endpoint& client);
    void handshake(Duration now, Side side, Connection& c, const packet::TcpView& segment);
    void pass(Duration now, Side side, Connection& c, const packet::TcpView& segment,
              std::uint32_t length);
    void doubt(Side side, Connection& c, const Stream::Odd& odd, bool foreign);
    bool acknowledge(Duration now, Side side, Connection& c, std::uint32_t number);
    void settle(Side side, Connection& c, const Stream::Doubted& outcome);
    void take_odd(Side side, const Connection& c, const Stream::Odd& odd);
    void take_back(Side side, Connection& c, std::uint64_t count);
    void bytes(Duration now, Side side, Connection& c, std::uint64_t count, bool unseen);
    void begin_turn(Duration now, Connection& c);
    void close(Duration now, Connection& c);
    void touch(Duration now, Connection& c);
    void expire(Duration now);
    void hold_bounds();
    void hand_out(Connection& c);
    void count_left_out(const Connection& c);
    void end(Connections& list, Connections::iterator connection);

    ExtractorSettings settings_;
    Take take_;
    TakeOdd take_odd_;
    std::uint64_t record_ = 0;  ///< of the packet at hand
    ExtractorCounts counts_;
    Connections open_;    ///< the longest silent first
    Connections closed_;  ///< ended, waiting for late packets; the longest ago first
    std::unordered_map<Endpoint, Connections::iterator> by_client_;
    std::size_t turns_held_ = 0;
};

}  // namespace lvslab::trace
