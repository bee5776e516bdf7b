// SPDX-License-Identifier: GPL-2.0-only
/// What a run comes to: a reducer over its events, in memory that does not grow with their number.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "core/journal/connection_rates.hpp"
#include "core/journal/event.hpp"
#include "core/journal/failover.hpp"
#include "core/journal/histogram.hpp"
#include "core/journal/load_series.hpp"
#include "core/journal/outage.hpp"
#include "core/journal/timeline.hpp"

namespace lvslab::journal {

/// What clients met: of one workload, or of all.
struct ClientMetrics {
    std::uint64_t connections = 0;  ///< that came to an end, one way or another
    std::uint64_t served = 0, refused = 0, reset = 0, timed_out = 0, unfinished = 0;
    std::uint64_t response_bytes = 0;
    Histogram response_times;
    std::optional<Outage> outage;  ///< the longest; of all workloads: the longest of theirs
    std::uint64_t sessions = 0, sessions_broken = 0;
    std::uint64_t stale_responses = 0;
    Duration stale_age_max{};
};

/// What one real server was given and did.
struct ServerMetrics {
    std::uint64_t given = 0;   ///< connections that the director gave to it
    std::uint64_t served = 0;  ///< of them, those whose every response arrived
    std::uint64_t responses = 0;
    Duration response_time_sum{};
    Duration work_done{};       ///< until the run's end
    Duration work_in_window{};  ///< until the end of the window
    std::uint64_t turned_away = 0;
    std::uint32_t most_in_server = 0;  ///< in service and waiting, of all samples
    /// requests in service; requests waiting; share of the workers' time used since the last sample
    LoadSeries<3> load;
    TimeSpent down;                      ///< crashed, hung, or without its application
    std::uint64_t given_while_down = 0;  ///< connections that the director gave to it then
    Duration given_while_down_last{};    ///< of them, longest time since it went down
    std::uint64_t data_requests = 0, data_requests_failed = 0;
};

/// What one data server was asked.
struct DataServerMetrics {
    std::uint64_t requests = 0, failed = 0;
    Histogram times;  ///< of the requests that were answered
    std::uint64_t activations = 0;
};

/// A change of the pool, for the pictures.
struct PoolChange {
    enum class Kind : std::uint8_t { added, edited, removed };
    Time time;
    Kind kind;
    std::uint32_t router, service, server;
    std::int32_t weight;
};

/// Everything the reducers know at the end of a run.
struct Summary {
    RunStarted run;
    bool complete = false;  ///< run_ended was seen
    Time end{};             ///< time of the last event
    /// From the first decision to the first load sample after the last one: the time in which the
    /// servers' utilisation means something.
    Time window_start = never, window_end{};
    std::uint64_t decisions = 0;
    std::uint64_t decisions_refused = 0;     ///< no destination available
    std::uint64_t decisions_persistent = 0;  ///< by a persistence template
    ClientMetrics total;
    std::vector<ClientMetrics> workloads;
    std::vector<ServerMetrics> servers;
    std::map<std::string, NodeTraffic> nodes;  ///< last sample of each
    /// (router, service, server) -> active, inactive entries, weight
    std::map<std::tuple<std::uint32_t, std::uint32_t, std::uint32_t>, LoadSeries<3>> destinations;
    std::vector<PoolChange> changes;  ///< at most `most_changes`, the first ones
    static constexpr std::size_t most_changes = 4096;
    Failover failover;
    Timeline timeline;
    ConnectionRates rates;
    std::uint64_t faults = 0;
    std::vector<DataServerMetrics> data_servers;
    std::map<std::string, LinkTraffic> links;  ///< last sample of each

    /// The connections a server was given, per unit of its configured weight; nothing for servers
    /// of weight 0.
    std::vector<double> given_per_weight() const;
    /// Largest of given_per_weight() over their mean; 1 = every server got what its weight asks.
    std::optional<double> imbalance() const;
    /// Jain's fairness index of given_per_weight(): (sum x)^2 / (n sum x^2); 1 = even, 1/n = all to
    /// one. Jain, Chiu, Hawe: DEC-TR-301 (1984).
    std::optional<double> jain() const;
    /// Worker time used / worker time there was, in the window; one server, or all together.
    std::optional<double> utilisation(std::size_t server) const;
    std::optional<double> utilisation() const;
};

/// The reducer. Needs only events of Level::decisions, so a run and its stored journal of that
/// level give the same summary. Ignores what does not follow a run_started.
class Metrics : public Sink {
public:
    void take(const Event& event) override;
    const Summary& summary() const { return summary_; }

private:
    void on(Time now, const RunStarted& event);
    void on(Time now, const RunEnded& event);
    void on(Time now, const DestinationAdded& event);
    void on(Time now, const DestinationEdited& event);
    void on(Time now, const DestinationRemoved& event);
    void on(Time now, const Decision& event);
    void on(Time now, const ConnectionOpened& event);
    void on(Time now, const ResponseReceived& event);
    void on(Time now, const ConnectionClosed& event);
    void on(Time now, const ServerLoad& event);
    void on(Time now, const DestinationLoad& event);
    void on(Time now, const NodeTraffic& event);
    void on(Time now, const NodeChanged& event);
    void on(Time now, const FaultInjected& event);
    void on(Time now, const RoleChanged& event);
    void on(Time now, const HeartbeatSent& event);
    void on(Time now, const HeartbeatHeard& event);
    void on(Time now, const HeartbeatPath& event);
    void on(Time now, const AddressRaised& event);
    void on(Time now, const AddressLowered& event);
    void on(Time now, const AddressAnnounced& event);
    void on(Time, const RouterNote&) {}
    void on(Time, const ServiceSet&) {}
    void on(Time, const ServiceRemoved&) {}
    void on(Time now, const CheckEnded& event);
    void on(Time now, const LoadMeasured& event);
    void on(Time now, const SyncSent& event);
    void on(Time now, const SyncReceived& event);
    void on(Time now, const DirectorTraffic& event);
    void on(Time now, const LinkTraffic& event);
    void on(Time now, const SessionEnded& event);
    void on(Time now, const StaleResponse& event);
    void on(Time now, const DataRequestEnded& event);
    void on(Time now, const DataRole& event);
    /// Single packets are counted by DirectorTraffic.
    void on(Time, const SegmentSeen&) {}
    void on(Time, const KernelTick&) {}
    void change(const PoolChange& change);
    void keep_outage(std::uint32_t workload);
    /// Calls change(ClientMetrics&) for all workloads together and for this one.
    template <class Change>
    void for_clients(std::uint32_t workload, Change&& change);

    struct LastSample {
        Time time{};
        Duration work_done{};
        Duration carried{};        ///< work done before the application was started anew
        bool window_open = false;  ///< a decision came after this server's last window sample
    };

    Summary summary_;
    std::vector<LastSample> last_samples_;
    std::vector<OutageMeter> outages_;  ///< of each workload
};

}  // namespace lvslab::journal
