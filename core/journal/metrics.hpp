// SPDX-License-Identifier: GPL-2.0-only
/// What a run comes to: a reducer over its events, in memory that does not grow with their number.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "core/journal/event.hpp"
#include "core/journal/histogram.hpp"
#include "core/journal/load_series.hpp"

namespace lvslab::journal {

/// What clients met: of one workload, or of all.
struct ClientMetrics {
    std::uint64_t connections = 0;  ///< that came to an end, one way or another
    std::uint64_t served = 0, refused = 0, reset = 0, timed_out = 0, unfinished = 0;
    std::uint64_t response_bytes = 0;
    Histogram response_times;
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
    /// Not measured.
    template <class Kind>
    void on(Time, const Kind&) {}
    void change(const PoolChange& change);

    struct LastSample {
        Time time{};
        Duration work_done{};
        bool window_open = false;  ///< a decision came after this server's last window sample
    };

    Summary summary_;
    std::vector<LastSample> last_samples_;
};

}  // namespace lvslab::journal
