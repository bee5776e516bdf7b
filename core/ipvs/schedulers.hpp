// SPDX-License-Identifier: GPL-2.0-only
/// What a scheduler is, and the table that names them all. Each lives in its own file in
/// schedulers/, with its rule, the kernel's function and what a decision costs.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/random.hpp"
#include "core/ipvs/destination.hpp"

namespace lvslab::ipvs {

/// What a scheduler sees of a packet that needs a server.
struct ScheduleRequest {
    Address client;
    Port client_port;
    Address virtual_address;
    bool flag_1 = false;  ///< fallback (IP_VS_SVC_F_SCHED1)
    bool flag_2 = false;  ///< the client's port takes part (IP_VS_SVC_F_SCHED2)
    Time now;
};

/// What a scheduler may use of its service and of the model.
struct SchedulerContext {
    DestinationList& servers;
    const Options& options;
    std::string_view stream_name;  ///< the service's name, for a random stream of its own
    Time now;                      ///< when the scheduler was bound
};

/// Chooses servers for one service. It is told of every change to what it decides by, so that it
/// can keep an index instead of walking the list.
class Scheduler {
public:
    virtual ~Scheduler() = default;
    Scheduler(const Scheduler&) = delete;
    Scheduler& operator=(const Scheduler&) = delete;

    /// The server for a new connection; nullptr if none can take it.
    virtual Destination* schedule(const ScheduleRequest& request) = 0;

    /// `d` stands at the head of the list now.
    virtual void added(Destination& d) = 0;
    /// `d` was taken off the list; `d.slot` still names its old place.
    virtual void removed(Destination& d) = 0;
    /// Weight, thresholds or method of `d` were set.
    virtual void edited(Destination& d) = 0;
    /// Counters or the overload flag of the listed server `d` changed. Told before the next
    /// schedule(), once for all that changed; of counters alone only who heeds_counts().
    virtual void load_changed(const Destination& d) = 0;
    bool heeds_counts() const { return heeds_ == Heeds::counts; }
    /// All slots are new.
    virtual void renumbered() = 0;

    /// The scheduler's own timer (lblc and lblcr look for stale entries), or `never`.
    virtual Time next_sweep() const { return never; }
    virtual void sweep(Time) {}
    /// Forgets every reference to servers: the service is going.
    virtual void unbind() {}

protected:
    /// What of a server's load a rule goes by: its counters too, or whether it is eligible.
    enum class Heeds : std::uint8_t { counts, eligibility };

    explicit Scheduler(const SchedulerContext& context, Heeds heeds = Heeds::counts)
        : servers_(context.servers), options_(context.options), heeds_(heeds) {}

    DestinationList& servers_;
    const Options& options_;

private:
    Heeds heeds_;
};

/// One row of the table.
struct SchedulerEntry {
    std::string_view name;
    std::unique_ptr<Scheduler> (*make)(const SchedulerContext& context);
    std::string_view rule;  ///< in a few words
    bool random = false;    ///< draws random numbers
};

/// Every scheduler of the kernel's: the manual's eight first, then the others.
std::span<const SchedulerEntry> scheduler_table();
/// The row of that name, or nullptr: the table's, then those of registered_scheduler.hpp.
const SchedulerEntry* find_scheduler(std::string_view name);
/// All that find_scheduler() finds, in that order.
std::vector<std::string> scheduler_names();

std::unique_ptr<Scheduler> make_rr(const SchedulerContext& context);
std::unique_ptr<Scheduler> make_wrr(const SchedulerContext& context);
std::unique_ptr<Scheduler> make_lc(const SchedulerContext& context);
std::unique_ptr<Scheduler> make_wlc(const SchedulerContext& context);
std::unique_ptr<Scheduler> make_lblc(const SchedulerContext& context);
std::unique_ptr<Scheduler> make_lblcr(const SchedulerContext& context);
std::unique_ptr<Scheduler> make_dh(const SchedulerContext& context);
std::unique_ptr<Scheduler> make_sh(const SchedulerContext& context);
std::unique_ptr<Scheduler> make_sed(const SchedulerContext& context);
std::unique_ptr<Scheduler> make_nq(const SchedulerContext& context);
std::unique_ptr<Scheduler> make_fo(const SchedulerContext& context);
std::unique_ptr<Scheduler> make_ovf(const SchedulerContext& context);
std::unique_ptr<Scheduler> make_mh(const SchedulerContext& context);
std::unique_ptr<Scheduler> make_twos(const SchedulerContext& context);

}  // namespace lvslab::ipvs
