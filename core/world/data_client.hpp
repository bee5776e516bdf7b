// SPDX-License-Identifier: GPL-2.0-only
/// The real server's side of the third tier: the accesses of its requests to the data server, over
/// connections that a world makes.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "core/base/random.hpp"
#include "core/journal/event.hpp"
#include "core/ports/timers.hpp"
#include "core/scenario/scenario.hpp"
#include "core/server/data_accesses.hpp"
#include "core/server/station.hpp"
#include "core/world/data_message.hpp"

namespace lvslab::world {

class DataClient;

/// One connection to the data server. It opens itself; what is asked before it stands waits.
class DataConnection {
public:
    using Ticket = server::Station::Ticket;
    enum class Leave : std::uint8_t { close, reset, drop };

    DataConnection(DataClient& client, Ticket request) : client_(client), request_(request) {}
    virtual ~DataConnection() = default;
    DataConnection(const DataConnection&) = delete;
    DataConnection& operator=(const DataConnection&) = delete;

    /// Nothing = idle.
    void belong_to(std::optional<Ticket> request) { request_ = request; }
    void ask(const server::DataAccess& access);
    /// Takes leave of the network; it tells nothing any more.
    virtual void leave(Leave how) = 0;

protected:
    /// Sends what there is room for, if the connection stands.
    virtual void send() = 0;
    /// `bytes` have come, of which `head` are the first (an answer's header at least).
    void take(std::span<const std::uint8_t> head, std::uint64_t bytes);
    /// It is broken, once.
    void fail();
    bool is_broken() const { return broken_; }

    DataQuestion question_;
    std::uint64_t unsent_ = 0;  ///< of the question

private:
    DataClient& client_;
    std::optional<Ticket> request_;
    std::uint64_t number_ = 0;
    std::uint64_t received_ = 0;  ///< of the answer
    std::array<std::uint8_t, DataAnswer::size> header_{};
    bool broken_ = false;
};

/// Makes the accesses of each held request, one after the other.
///
/// To `files` a request opens a connection and closes it after its last access. To a `database`
/// connections stay open and are taken by one request after the other; an idle one that turns out
/// to be broken at a request's first access is replaced by a new one, once, within that access's
/// time.
///
/// An access fails if its answer is not whole within `timeout`, or if its connection breaks (RST,
/// FIN, refused). Then the request fails and the connection is given up.
class DataClient {
public:
    using Ticket = DataConnection::Ticket;
    /// A request's accesses are over: all are answered, or one failed. Never from within begin().
    using Ended = std::function<void(Ticket request, bool ok)>;

    /// Of a server that needs data. All of them must outlive it. Tells the sink a DataRequestEnded
    /// for each access.
    DataClient(std::uint32_t server, const scenario::Scenario& scenario, ports::Timers& timers,
               journal::Sink& sink, std::uint64_t seed, Ended ended);
    virtual ~DataClient() = default;
    DataClient(const DataClient&) = delete;
    DataClient& operator=(const DataClient&) = delete;

    void begin(Ticket request);
    /// The process ends: its connections are reset, or (the machine dies) nobody hears of it. No
    /// request ends by that.
    void end(bool with_resets);

    /// Connections that are open, in use or idle.
    std::size_t connections() const { return busy_.size() + idle_.size(); }

protected:
    Endpoint data_server() const;
    /// A connection may be at work further up the stack: it takes its leave by clear_graves(),
    /// which is to be called from elsewhere, soon.
    virtual void clear_graves_later() = 0;
    void clear_graves();
    /// No alarm comes any more.
    void forget();

private:
    friend class DataConnection;
    using Leave = DataConnection::Leave;

    struct Request {
        server::DataAccesses accesses;
        std::unique_ptr<DataConnection> connection;
        Time asked_at{};
        ports::TimerId timeout{};
        bool first = true;  ///< it is at its first access, on a connection that stood idle before
    };

    virtual std::unique_ptr<DataConnection> connect(Ticket request) = 0;
    std::unique_ptr<DataConnection> take_connection(Ticket request);
    void access(Ticket request);
    void answered(Ticket request);
    void broken(Ticket request);
    void timed_out(Ticket request);
    void tell(const Request& request, bool ok);
    void finish(Ticket request, bool ok);
    void bury(std::unique_ptr<DataConnection> connection, Leave how);
    void bury_idle(DataConnection& connection);

    const scenario::DataNeed& need_;
    const scenario::DataServer& data_;
    ports::Timers& timers_;
    journal::Sink& sink_;
    std::uint32_t server_;
    RandomStream draws_;
    Ended ended_;
    std::map<Ticket, Request> busy_;
    std::vector<std::unique_ptr<DataConnection>> idle_;  ///< of a database; last used is last
    std::vector<std::pair<std::unique_ptr<DataConnection>, Leave>> graves_;
};

}  // namespace lvslab::world
