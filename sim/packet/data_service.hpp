// SPDX-License-Identifier: GPL-2.0-only
/// The process of a data server on one of its nodes: TCP in front of server::DataStation.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "core/base/random.hpp"
#include "core/scenario/data_server.hpp"
#include "core/server/data_station.hpp"
#include "sim/packet/ns3.hpp"

namespace lvslab::packet_world {

/// Takes questions whole (data_message.hpp), lets them wait for its workers, and answers. A
/// connection has one question at a time. Work for a client that has gone goes on.
class DataService {
public:
    /// Runs after start(). The scenario's server must outlive it.
    DataService(ns3::Ptr<ns3::Node> node, const scenario::DataServer& server, unsigned number,
                std::uint64_t seed);
    ~DataService();
    DataService(const DataService&) = delete;
    DataService& operator=(const DataService&) = delete;

    /// As ServerApplication's.
    void start();
    void stop();
    void crash();
    void freeze();
    void thaw();
    void slow_down(double factor);
    bool running() const { return station_.has_value(); }

    std::uint64_t answered() const { return answered_; }
    std::uint64_t population() const { return station_ ? station_->station().population() : 0; }

private:
    class Session;
    using Ticket = server::Station::Ticket;

    void end(bool with_resets);
    void on_connection(ns3::Ptr<ns3::Socket> socket, const ns3::Address& from);
    void submit(Ticket session);
    void serve();
    void wake();
    void arm();
    void retire(Ticket session);
    void dismiss();
    Time working_time() const;

    ns3::Ptr<ns3::Node> node_;
    const scenario::DataServer& server_;
    unsigned number_;
    RandomStream draws_;
    std::optional<server::DataStation> station_;
    double slowness_ = 1;
    ns3::Ptr<ns3::Socket> listening_;
    std::map<Ticket, std::unique_ptr<Session>> sessions_;
    std::vector<Ticket> retired_;
    Ticket next_ticket_ = 0;
    std::uint64_t answered_ = 0;
    ns3::EventId completion_, dismissal_;
    Time armed_for_ = never;
    std::optional<Time> frozen_at_;
    Duration frozen_for_{};
};

}  // namespace lvslab::packet_world
