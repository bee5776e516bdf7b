// SPDX-License-Identifier: GPL-2.0-only
/// The one-minute load of real servers, asked for over the network (rup, ruptime, uptime by a
/// remote shell).
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "core/health/told_loads.hpp"
#include "core/ports/load_source.hpp"
#include "core/ports/timers.hpp"
#include "core/server/load_average.hpp"
#include "sim/packet/ns3.hpp"
#include "sim/packet/probe_run.hpp"

namespace lvslab::packet_world {

/// Where a server's system answers or, rwhod, tells by itself: rstatd behind the port mapper, the
/// remote shells.
struct LoadService {
    Protocol protocol = Protocol::udp;
    Port port;
};
LoadService load_service_of(const ports::LoadMethod& method);

/// The server's side: keeps the load average of its station and tells it to who asks. Part of the
/// system, not of the application: it goes on when that is stopped.
class LoadDaemon {
public:
    /// `interface` is the server's; `tasks` counts the requests that run or wait.
    LoadDaemon(ns3::Ptr<ns3::Node> node, const lvslab::Network& interface, Time first_broadcast,
               std::function<std::uint64_t()> tasks);
    ~LoadDaemon();
    LoadDaemon(const LoadDaemon&) = delete;
    LoadDaemon& operator=(const LoadDaemon&) = delete;

    /// The machine has booted: no load, no connection of before.
    void reboot();
    double one_minute() const { return load_.one_minute(); }

private:
    void sample();
    void broadcast(const ns3::InetSocketAddress& to);
    void on_datagrams(ns3::Ptr<ns3::Socket> socket);
    void on_connection(ns3::Ptr<ns3::Socket> socket, const ns3::Address& from);
    void on_data(ns3::Ptr<ns3::Socket> socket);
    void on_closed(ns3::Ptr<ns3::Socket> socket);
    ns3::Ptr<ns3::Packet> answer() const;

    std::function<std::uint64_t()> tasks_;
    server::LoadAverage load_;
    std::vector<ns3::Ptr<ns3::Socket>> listening_;
    ns3::Ptr<ns3::Socket> rwhod_;
    std::vector<ns3::Ptr<ns3::Socket>> connections_;
    ns3::EventId sampling_, broadcasting_;
};

/// The router's side.
class LoadClient final : public ports::LoadSource {
public:
    /// Longer than this nobody waits for an answer.
    static constexpr Duration limit = std::chrono::seconds(5);

    LoadClient(ns3::Ptr<ns3::Node> node, ports::Timers& timers);
    ~LoadClient() override;
    LoadClient(const LoadClient&) = delete;
    LoadClient& operator=(const LoadClient&) = delete;

    void ask(const Address& server, const ports::LoadMethod& method,
             std::function<void(std::optional<double> load)> answer) override;
    /// The machine has died: its connections are gone without a word.
    void drop();

private:
    class Question;
    std::optional<double> told_by(const Address& server);
    void on_broadcasts(ns3::Ptr<ns3::Socket> socket);
    void answered(std::uint64_t question, std::optional<double> load);
    void after(std::uint64_t question, Duration d, std::function<void()> call);

    ns3::Ptr<ns3::Node> node_;
    ports::Timers& timers_;
    std::map<std::uint64_t, std::unique_ptr<Question>> questions_;
    std::uint64_t last_ = 0;
    ns3::Ptr<ns3::Socket> rwhod_;  ///< from the first question for what rwhod told
    health::ToldLoads told_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace lvslab::packet_world
