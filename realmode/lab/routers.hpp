// SPDX-License-Identifier: GPL-2.0-only
/// The routers' daemons: lvsrouter in each router's namespace.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include "core/journal/event.hpp"
#include "core/router/desired_services.hpp"
#include "core/scenario/scenario.hpp"
#include "realmode/daemon/beginning.hpp"
#include "realmode/lab/capture.hpp"
#include "realmode/lab/decisions.hpp"
#include "realmode/lab/ipvs_by_hand.hpp"
#include "realmode/lab/lab_network.hpp"
#include "realmode/lab/program.hpp"
#include "realmode/lab/run_timers.hpp"
#include "realmode/lab/segment_watch.hpp"
#include "realmode/lab/sync_watch.hpp"

namespace lvslab::lab {

struct RouterOptions {
    std::string program;  ///< lvsrouter
    std::string folder;   ///< for its configuration, its state and its control socket
    std::uint64_t seed = 1;
    std::optional<std::string> scheduler;  ///< of every service, instead of the lvs.cf's
    bool segments = false;                 ///< tells each packet that its IPVS meets
};

/// One router: its daemon, the capture on its cards, and the samples of its IPVS table.
class LabRouter {
public:
    /// All of them must outlive it. The machine is up and has no daemon yet.
    LabRouter(boost::asio::io_context& loop, RunTimers& timers, LabNetwork& network,
              unsigned router, const scenario::Scenario& scenario,
              const std::vector<router::DesiredService>& services, const RouterOptions& options,
              journal::Sink& told, journal::Sink& seen);
    ~LabRouter();
    LabRouter(const LabRouter&) = delete;
    LabRouter& operator=(const LabRouter&) = delete;

    /// The daemon starts, and begins so. Without a beginning it starts cold, at once. No error if
    /// it runs.
    void start_daemon(const std::optional<realmode::Beginning>& beginning = {});
    /// The machine has died: the daemon is killed, what it had is gone with the namespace. What the
    /// daemon still tells is not heard.
    void crash();
    /// It boots, with the files that it has at boot, and its daemon starts.
    void boot();
    void signal(int number);
    /// The lvs.cf on its disk is replaced, and the daemon reads it again (SIGHUP).
    void reload(const config::LvsConfig& config);
    /// An operator makes it hand the service over.
    void release();

    /// An administrator's hand: the table of `daemons: off`, and changes of membership.
    void load_table();
    void change_membership(const scenario::MembershipChange& change);

    /// Tells one DestinationLoad for each service and server, at this time.
    void sample(Time now);
    /// Takes in what daemon and cards have told and has not been read yet.
    void read_all();

private:
    void write_configuration();
    IpvsByHand by_hand() const;
    void open_capture();
    void await_lines();
    void read_lines();
    void daemon_is_silent();
    /// Throws std::runtime_error if nobody has told it to.
    void daemon_has_ended() const;
    void take_line(const std::string& line);
    std::string file(const char* name) const { return options_.folder + "/" + name; }
    world::Machine machine() const { return {world::Machine::Kind::router, index_}; }

    boost::asio::io_context& loop_;
    RunTimers& timers_;
    LabNetwork& network_;
    unsigned index_;
    const scenario::Scenario& scenario_;
    const std::vector<router::DesiredService>& services_;
    RouterOptions options_;
    journal::Sink& told_;
    journal::Sink& seen_;
    config::LvsConfig config_;  ///< on its disk
    DecisionWatch decisions_;
    SegmentWatch segments_;
    SyncWatch sync_;
    std::unique_ptr<Capture> capture_;
    std::unique_ptr<RunningProgram> daemon_;
    std::unique_ptr<boost::asio::posix::stream_descriptor> lines_;
    std::unique_ptr<boost::asio::posix::stream_descriptor> ending_;  ///< its process, once silent
    bool has_spoken_ = false;   ///< the daemon: it is what it should be
    bool told_to_end_ = false;  ///< the daemon, by a fault
    std::string unread_;
    std::shared_ptr<int> life_ = std::make_shared<int>(0);  ///< of the daemon whose lines count
};

}  // namespace lvslab::lab
