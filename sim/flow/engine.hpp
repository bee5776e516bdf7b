// SPDX-License-Identifier: GPL-2.0-only
/// The flow world's engine without a network: arrivals, core::Ipvs, servers' stations.
///
/// For whoever has arrivals and work of his own (benchmarks, closed forms, notebooks) and wants
/// shares and response times as fast as they can be had. A scenario runs in sim/flow/world.hpp,
/// which adds links, faults, daemons and the journal; without delays both do the same.
///
///     Engine engine({{{server1, Port{80}}, {.workers = 1}}, ...});
///     engine.ipvs().add_service(key, {.scheduler = "wlc"}, Time{});
///     engine.ipvs().add_destination(key, {server1, Port{80}}, {.method = direct}, Time{});
///     engine.feed(source);      // as often as there is more to come
///     engine.finish();          // what is still being served
///     engine.tally().response_times.quantile(0.99);
///
/// A source has `bool next(Arrival& arrival)`: fills in the next arrival, never earlier than the
/// one before, or says that there is none for now. One whose arrivals do not hang on what becomes
/// of those before says so by `static constexpr bool foreseeable = true`: it is asked an arrival
/// ahead, whose place in the connection table is on its way from memory then. An observer has
/// `decided(Decided)` for each arrival and `served(Served)` for each connection that a server has
/// done with; Unobserved has nothing to do and costs nothing. Both are template parameters: no call
/// goes through a pointer.
///
/// A connection is these segments, at the times at which they would meet the director if no link
/// took any time: a SYN at its arrival, an ACK with its request as counted segments in the same
/// moment, a FIN when the server has done its work; by NAT the replies too. UDP: a datagram each
/// way. Nothing is left of it then but its entry in the connection table, until that expires, and
/// what the tally counted.
#pragma once

#include <cstdint>
#include <new>
#include <optional>
#include <span>
#include <type_traits>
#include <vector>

#include "core/base/prefetch.hpp"
#include "core/base/quantities.hpp"
#include "core/base/time.hpp"
#include "core/ipvs/ipvs.hpp"
#include "core/journal/histogram.hpp"
#include "core/server/station.hpp"
#include "sim/flow/completion_tree.hpp"
#include "sim/flow/server_index.hpp"
#include "sim/flow/slots.hpp"

namespace lvslab::flow_world {

/// One connection (or UDP exchange) to come.
struct Arrival {
    Time at;
    Endpoint client;
    Endpoint to;      ///< the virtual service
    Duration work{};  ///< of a worker of speed 1
    Fwmark mark{};
    Protocol protocol = Protocol::tcp;
    std::uint32_t request_segments = 1;
    std::uint32_t response_segments = 1;  ///< only NAT's director sees them

    /// An IPv4 client, made where it stands: one made elsewhere and copied here at once makes the
    /// processor wait for its last stores.
    void set_client(std::uint32_t address, std::uint16_t port) {
        new (&client) Endpoint{Address::v4(address), Port{port}};
    }
};

/// A real server: a station at an address.
struct EngineServer {
    Endpoint endpoint;  ///< as IPVS has it as a destination; the address is what counts
    server::StationSettings station{};
    double speed = 1;  ///< divides the work
};

/// Of one arrival.
struct Decided {
    enum class How : std::uint8_t {
        taken,     ///< a server has it
        refused,   ///< the chosen server's queue is full
        rejected,  ///< the director had no server for it
    };
    Time at;
    std::uint32_t server;  ///< EngineTally::no_server if it was rejected
    How how;
};
/// Of one connection that is done.
struct Served {
    Time arrived, at;
    std::uint32_t server;
    Duration work;  ///< worker time that it took, without waiting
};

struct Unobserved {
    void decided(const Decided&) const {}
    void served(const Served&) const {}
};

/// What is left of the connections that are over.
struct EngineTally {
    static constexpr std::uint32_t no_server = 0xFFFFFFFFU;

    std::uint64_t arrivals = 0;
    std::uint64_t rejected = 0;  ///< the director had no server for them
    std::uint64_t refused = 0;   ///< the server that was chosen had no place
    std::uint64_t served = 0;
    std::vector<std::uint64_t> chosen;  ///< by server: decisions, also those that it refused
    journal::Histogram response_times;  ///< from the SYN to the end of the work
};

class Engine {
public:
    /// The servers' addresses must differ. Throws std::invalid_argument if they do not.
    explicit Engine(std::vector<EngineServer> servers, const ipvs::Options& options = {});

    /// Services and destinations are the caller's, before and between feeds.
    ipvs::Ipvs& ipvs() { return ipvs_; }

    /// Takes all that the source has, and serves meanwhile what is due.
    template <class Source, class Observer = Unobserved>
    void feed(Source&& source, Observer&& observer = Observer{});
    /// Serves what is due at or before `until`.
    template <class Observer = Unobserved>
    void finish(Time until = never, Observer&& observer = Observer{});

    const EngineTally& tally() const { return tally_; }
    /// Counts from nothing again (behind a warm-up); what is under way stays.
    void reset_tally();
    const server::Station& station(std::uint32_t server) const { return stations_[server]; }
    /// Connections at a server now.
    std::size_t open() const { return open_.taken(); }
    /// Records that were ever needed at one time.
    std::size_t slots() const { return open_.size(); }
    Time now() const { return now_; }

private:
    struct Open {
        Time arrived;
        Duration work;
        std::uint32_t server;
        std::uint32_t response_segments;
        /// The client's SYN or datagram at first, then its FIN, which names the entry.
        ipvs::Segment segment;
        bool nat;
        Endpoint server_endpoint;  ///< by NAT: of the replies
    };

    template <class Observer>
    void arrive(const Arrival& arrival, Observer& observer);
    template <class Observer>
    void serve_next(Observer& observer);
    static void set_first_segment(ipvs::Segment& segment, const Arrival& arrival);
    ipvs::Verdict open_at_director(const ipvs::Segment& first, std::uint32_t request_segments);
    [[gnu::noinline]] void open_nat_at_director(const ipvs::Segment& first,
                                                const ipvs::Verdict& verdict,
                                                std::uint32_t request_segments);
    void close_at_director(const Open& connection, bool with_response);
    [[gnu::noinline]] void close_nat_at_director(const Open& connection, bool with_response);
    void arm(std::uint32_t server, Time due);
    void fetch_ahead() const;
    Duration work_at(std::uint32_t server, Duration work) const;

    ipvs::Ipvs ipvs_;
    ServerIndex index_;
    std::vector<server::Station> stations_;
    std::vector<double> speeds_;
    CompletionTree completions_;
    /// By server: whose completion is next, for memory to be asked for.
    struct Armed {
        std::uint32_t connection = 0;
        std::uint32_t entry = ipvs::no_entry;
    };
    std::vector<Armed> armed_;
    Slots<Open> open_;
    Time now_{};
    EngineTally tally_;
};

/// Arrivals in arrays of their own, as a notebook has them: one TCP connection each to one service.
/// The spans are as long as `at`, or empty: then work is zero, or each client one address and port
/// after the other from `first_client` on.
class ArrayArrivals {
public:
    static constexpr bool foreseeable = true;

    ArrayArrivals(Endpoint to, std::span<const std::int64_t> at_ns,
                  std::span<const std::int64_t> work_ns, std::span<const std::uint32_t> client_v4,
                  std::span<const std::uint16_t> client_port)
        : to_(to), at_(at_ns), work_(work_ns), clients_(client_v4), ports_(client_port) {}

    bool next(Arrival& arrival) {
        if (next_ == at_.size()) {
            return false;
        }
        const auto i = next_++;
        arrival.at = Time{Duration{at_[i]}};
        arrival.to = to_;
        arrival.work = Duration{work_.empty() ? 0 : work_[i]};
        arrival.set_client(clients_.empty() ? client_of(i) : clients_[i],
                           ports_.empty() ? port_of(i) : ports_[i]);
        return true;
    }

private:
    /// 28 232 ports, as Linux has them, of an address before the next one's.
    static constexpr std::size_t ports = 28232;
    static std::uint32_t client_of(std::size_t i) {
        return 0xAC100002U + static_cast<std::uint32_t>(i / ports);
    }
    static std::uint16_t port_of(std::size_t i) {
        return static_cast<std::uint16_t>(32768 + i % ports);
    }

    Endpoint to_;
    std::span<const std::int64_t> at_, work_;
    std::span<const std::uint32_t> clients_;
    std::span<const std::uint16_t> ports_;
    std::size_t next_ = 0;
};

// ---- the loop ----

template <class Source, class Observer>
void Engine::feed(Source&& source, Observer&& observer) {
    constexpr bool ahead = requires {
        requires std::remove_cvref_t<Source>::foreseeable;
    };
    Arrival arrivals[2];
    const auto ask = [&](Arrival& arrival) {
        const bool comes = source.next(arrival);
        if (comes) {
            ipvs_.prefetch_place_for(arrival.protocol, arrival.client);
        }
        return comes;
    };
    bool more = ask(arrivals[0]);
    for (std::size_t i = 0; more; i ^= 1U) {
        const auto& arrival = arrivals[i];
        if constexpr (ahead) {
            more = ask(arrivals[i ^ 1U]);
        }
        while (completions_.next() <= arrival.at) {
            serve_next(observer);
        }
        now_ = arrival.at;
        arrive(arrival, observer);
        if (completions_.next() != never) {
            ipvs_.prefetch_server_of(armed_[completions_.first()].entry);
        }
        if constexpr (!ahead) {
            more = ask(arrivals[i ^ 1U]);
        }
    }
}

template <class Observer>
void Engine::finish(Time until, Observer&& observer) {
    while (completions_.next() != never && completions_.next() <= until) {
        serve_next(observer);
    }
}

template <class Observer>
void Engine::arrive(const Arrival& arrival, Observer& observer) {
    ++tally_.arrivals;
    const auto number = open_.take();
    // Where it stands: a record made elsewhere and copied waits for its last stores.
    auto& c = open_[number];
    set_first_segment(c.segment, arrival);
    const auto verdict = open_at_director(c.segment, arrival.request_segments);
    const auto server = verdict.action == ipvs::Action::forward ? index_.of(verdict.server.address)
                                                                : ServerIndex::none;
    if (server == ServerIndex::none) {
        ++tally_.rejected;
        open_.give_back(number);
        observer.decided({now_, EngineTally::no_server, Decided::How::rejected});
        return;
    }
    ++tally_.chosen[server];
    c.arrived = now_;
    c.work = work_at(server, arrival.work);
    c.server = server;
    c.response_segments = arrival.response_segments;
    c.segment.flags = ipvs::TcpFlags::fin | ipvs::TcpFlags::ack;
    c.segment.count = 1;
    c.segment.entry = verdict.entry;
    c.nat = verdict.method == ipvs::ForwardingMethod::nat;
    if (c.nat) {
        c.server_endpoint = verdict.server;
    }
    auto& station = stations_[server];
    if (!station.arrive(number, c.work, now_)) {
        ++tally_.refused;
        close_at_director(c, false);
        open_.give_back(number);
        observer.decided({now_, server, Decided::How::refused});
        return;
    }
    // Under processor sharing an arrival puts the next completion off.
    if (const Time due = station.next_completion(); due != completions_.at(server)) {
        arm(server, due);
    }
    observer.decided({now_, server, Decided::How::taken});
}

template <class Observer>
void Engine::serve_next(Observer& observer) {
    const auto server = completions_.first();
    now_ = completions_.next();
    auto& station = stations_[server];
    Time next = station.next_completion();
    while (next <= now_) {
        const auto number = static_cast<std::uint32_t>(*station.complete(now_));
        const auto& c = open_[number];
        ++tally_.served;
        tally_.response_times.add(now_ - c.arrived);
        close_at_director(c, true);
        observer.served({c.arrived, now_, server, c.work});
        open_.give_back(number);
        next = station.next_completion();
    }
    if (next == never) {
        armed_[server] = {};
        completions_.set(server, never);
    } else {
        arm(server, next);
    }
    fetch_ahead();
}

inline void Engine::arm(std::uint32_t server, Time due) {
    const auto number = static_cast<std::uint32_t>(stations_[server].next_ticket());
    armed_[server] = {number, open_[number].segment.entry};
    completions_.set(server, due);
}

inline void Engine::set_first_segment(ipvs::Segment& segment, const Arrival& arrival) {
    const bool tcp = arrival.protocol == Protocol::tcp;
    segment.protocol = arrival.protocol;
    segment.source = arrival.client;
    segment.destination = arrival.to;
    segment.flags = tcp ? ipvs::TcpFlags::syn : ipvs::TcpFlags::none;
    segment.mark = arrival.mark;
    segment.count = tcp ? 1 : arrival.request_segments;
    segment.entry = ipvs::no_entry;
}

inline ipvs::Verdict Engine::open_at_director(const ipvs::Segment& first,
                                              std::uint32_t request_segments) {
    const bool tcp = first.protocol == Protocol::tcp;
    // One object from its first call on: a copy of a verdict is as dear as its decision.
    const auto verdict =
        tcp ? ipvs_.step_opening(first, 1 + request_segments, now_) : ipvs_.step(first, now_);
    if (tcp && verdict.action == ipvs::Action::forward &&
        verdict.method == ipvs::ForwardingMethod::nat) {
        open_nat_at_director(first, verdict, request_segments);
    }
    return verdict;
}

inline void Engine::close_at_director(const Open& c, bool with_response) {
    if (c.nat) {
        close_nat_at_director(c, with_response);
    } else if (with_response && c.segment.protocol == Protocol::tcp) {
        // By direct routing the director sees nothing of the server's, not even its reset.
        ipvs_.pass(c.segment, now_);
    }
}

/// What the next event needs is on its way from memory when its turn comes.
inline void Engine::fetch_ahead() const {
    if (completions_.next() == never) {
        return;
    }
    const auto server = completions_.first();
    const auto& armed = armed_[server];
    const auto* station = reinterpret_cast<const char*>(&stations_[server]);
    for (std::size_t line = 0; line < sizeof(server::Station); line += 64) {
        prefetch(station + line);
    }
    prefetch(&open_[armed.connection]);
    ipvs_.prefetch(armed.entry);
}

inline Duration Engine::work_at(std::uint32_t server, Duration work) const {
    const double speed = speeds_[server];
    return speed == 1 ? work
                      : Duration{static_cast<std::int64_t>(
                            static_cast<double>(work.count()) / speed + 0.5)};
}

}  // namespace lvslab::flow_world
