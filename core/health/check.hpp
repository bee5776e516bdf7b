// SPDX-License-Identifier: GPL-2.0-only
/// The check of one real server of one virtual service: when to probe, and what follows.
#pragma once

#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "core/base/quantities.hpp"
#include "core/base/time.hpp"

namespace lvslab::health {

/// Between two raises of a weight that starts slowly (nanny.c, run).
inline constexpr Duration weight_step = std::chrono::seconds(20);

/// A virtual server block, as far as its checks go. Defaults are Piranha's.
struct CheckSettings {
    /// From the end of one probe to the start of the next (lvs.cf: timeout), > 0.
    Duration interval = std::chrono::seconds(10);
    Duration reentry = std::chrono::seconds(180);  ///< a failed server is good again after this
    Weight weight{1};
    bool quiesce = false;       ///< a failed server stays, with weight 0
    bool load_monitor = false;  ///< its weight follows its load
    /// Extension: successes in a row that put a server in again. Unset = reentry / interval.
    std::optional<int> rise;
    /// Extension: failures in a row that take a server out.
    int fall = 1;
};

/// nanny's threshold: reentry / interval, whole ones, at least 1; or `rise`.
int successes_needed(const CheckSettings& settings);

// ---- events ----

/// The checks begin.
struct Started {
    /// They have gone well for long: the server goes in at once, with its whole weight.
    bool settled = false;
    Duration first_probe{};  ///< from now to the first probe
    /// The service has the server already, with this weight: somebody else put it in. It stays
    /// until its first probe fails; with weight 0 it counts as failed.
    std::optional<Weight> found{};
};
/// The configuration changed, and the server stays. Throws as the constructor does.
struct Reconfigured {
    CheckSettings settings;
};
/// The time that next_deadline() gave has come.
struct Woken {};
/// The answer to StartProbe. There is one for each, by the probe's own limits.
struct Probed {
    bool up = false;
};
/// The answer to AskLoad; nothing if it could not be had.
struct LoadIs {
    std::optional<double> load;
};
/// The service or the server leaves the configuration, or the router stops.
struct Stopped {};

using Event = std::variant<Started, Reconfigured, Woken, Probed, LoadIs, Stopped>;

// ---- actions ----

struct StartProbe {
    friend bool operator==(const StartProbe&, const StartProbe&) = default;
};
/// Put the server into the service with this weight.
struct AddServer {
    Weight weight;
    friend bool operator==(const AddServer&, const AddServer&) = default;
};
/// 0 quiesces: connections stay, new ones go elsewhere.
struct SetWeight {
    Weight weight;
    friend bool operator==(const SetWeight&, const SetWeight&) = default;
};
struct RemoveServer {
    friend bool operator==(const RemoveServer&, const RemoveServer&) = default;
};
struct AskLoad {
    friend bool operator==(const AskLoad&, const AskLoad&) = default;
};

using Action = std::variant<StartProbe, AddServer, SetWeight, RemoveServer, AskLoad>;

/// The loop of Piranha's nanny (nanny.c, run): (event, now) in, actions out. docs/health.md has the
/// rules and what differs from the original.
class Check {
public:
    /// Throws std::invalid_argument for an interval, rise or fall that is not positive, or a
    /// negative weight.
    explicit Check(CheckSettings settings);

    std::vector<Action> step(const Event& event, Time now);

    /// When to hand in Woken; `never` while a probe is under way.
    Time next_deadline() const { return probe_at_; }

    /// The server gets new connections, as far as this check is concerned.
    bool up() const { return up_; }
    /// It is in the service, be it with weight 0.
    bool in_service() const { return in_service_; }
    Weight weight() const { return weight_; }

private:
    void on(const Started& started);
    void on(const Reconfigured& changed);
    void on(const Woken&);
    void on(const Probed& probed);
    void on(const LoadIs& answer);
    void on(const Stopped&);

    void succeeded();
    void failed();
    void put_in();
    void take_over(Weight found);
    void take_out();
    void adjust_weight();
    void change_weight(Weight from);
    void set_weight(Weight weight);
    void probe();

    CheckSettings settings_;
    bool running_ = false, probing_ = false, asking_ = false;
    bool up_ = false, in_service_ = false;
    int successes_ = 0;        ///< in a row, counted up to what is needed
    int failures_ = 0;         ///< in a row
    std::int64_t checks_ = 0;  ///< successes since the last step of the weight
    Weight weight_{0};
    Time probe_at_ = never;
    Time probed_at_ = never;  ///< the end of the last probe
    Time now_{};
    std::vector<Action> actions_;
};

}  // namespace lvslab::health
