// SPDX-License-Identifier: GPL-2.0-only
#include "realmode/lab/lab_world.hpp"

#include <signal.h>

#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include "core/ipvs/kernel_timer.hpp"
#include "core/scenario/replicas.hpp"
#include "core/world/configurations.hpp"
#include "core/world/data_server.hpp"
#include "core/world/fault_player.hpp"
#include "core/world/router_start.hpp"
#include "core/world/run_description.hpp"
#include "realmode/host/kernel_tick.hpp"
#include "realmode/lab/clients.hpp"
#include "realmode/lab/data_service.hpp"
#include "realmode/lab/event_book.hpp"
#include "realmode/lab/faults.hpp"
#include "realmode/lab/lab_network.hpp"
#include "realmode/lab/moment_timers.hpp"
#include "realmode/lab/routers.hpp"
#include "realmode/lab/run_timers.hpp"
#include "realmode/lab/scratch_folder.hpp"
#include "realmode/lab/server_application.hpp"

namespace lvslab::lab {
namespace {

/// What the daemons' programs take to start, and the loop to come to rest, before time 0.
constexpr Duration lead = std::chrono::seconds(2);
/// Events that were stamped before the end and have not been read then come in this long.
constexpr Duration tail = std::chrono::milliseconds(200);

// Sources of the book: at one time the run itself comes first, then what the cards show.
constexpr Source of_world = 0;
constexpr Source of_clients = 1;
constexpr Source of_servers = 2;
constexpr Source of_daemons = 16;   ///< and the router's number
constexpr Source of_captures = 32;  ///< and the router's number

realmode::Beginning beginning_of(const scenario::Scenario& scenario, std::uint64_t seed,
                                 unsigned router, const RunTimers& timers) {
    realmode::Beginning beginning;
    if (scenario.start == scenario::Start::cold) {
        beginning.at = timers.to_monotonic(Time{world::cold_start_after(scenario, seed, router)});
        return beginning;
    }
    const auto start = world::settled_start(scenario, seed, router);
    beginning.at = timers.to_monotonic(Time{});
    beginning.how = start.how;
    beginning.first_heartbeat = start.first_heartbeat;
    beginning.heard_ago = start.heard_ago;
    for (const auto& service : router::desired_services(scenario.routers[router].config)) {
        for (const auto& d : service.destinations) {
            beginning.first_checks.push_back(
                {service.name, d.name,
                 start.first_check({service.name, service.key}, {d.name, d.endpoint})});
        }
    }
    return beginning;
}

class World {
public:
    World(const scenario::Scenario& scenario, const RunOptions& options)
        : scenario_(scenario),
          options_(options),
          services_(world::all_services(scenario, options.scheduler)) {
        timers_.begin_at(RunTimers::monotonic() + std::chrono::hours(1));  // not yet
        for (unsigned i = 0; i < scenario.routers.size(); ++i) {
            daemon_sources_.push_back(std::make_unique<BookSource>(book_, of_daemons + i));
            capture_sources_.push_back(std::make_unique<BookSource>(book_, of_captures + i));
            routers_.push_back(std::make_unique<LabRouter>(
                loop_, timers_, network_, i, scenario, services_,
                RouterOptions{options.lvsrouter,
                              (folder_.path() / scenario.routers[i].name).string(), options.seed,
                              options.scheduler, options.segments},
                *daemon_sources_.back(), *capture_sources_.back()));
        }
        for (unsigned i = 0; i < scenario.data.size(); ++i) {
            std::vector<std::unique_ptr<world::DataNode>> nodes;
            for (unsigned node = 0; node < (scenario.data[i].standby ? 2U : 1U); ++node) {
                nodes.push_back(std::make_unique<DataService>(loop_, timers_, network_, scenario, i,
                                                              node, options.seed));
            }
            data_servers_.push_back(std::make_unique<world::DataServer>(
                timers_, i, scenario.data[i], server_source_, std::move(nodes)));
        }
        const ServerApplication::Programs programs{
            options.programs, folder_.path(),
            options.server_folder.empty() ? folder_.path() / "servers"
                                          : std::filesystem::absolute(options.server_folder)};
        if (options.programs.any()) {
            make_documents(scenario, options.seed, folder_.path());
        }
        for (std::uint32_t i = 0; i < scenario.servers.size(); ++i) {
            servers_.push_back(std::make_unique<ServerApplication>(
                loop_, timers_, network_, i, scenario, replicas_, server_source_, options.seed,
                programs));
        }
    }

    /// False: a signal has stopped it.
    bool run() {
        signals_.async_wait([this](const auto& error, int) {
            if (!error) {
                stopped_ = true;
                loop_.stop();
            }
        });
        begin();
        timers_.at(scenario_.end(), [this] { end(); });
        loop_.run();
        return !stopped_;
    }

    void hand_on(journal::Sink& sink) {
        sink.take({Time{}, world::run_description(scenario_, identity())});
        book_.hand_on(scenario_.end(), sink);
        sink.take({scenario_.end(), journal::RunEnded{}});
    }

private:
    world::RunIdentity identity() const {
        return {.world = "kernel", .scheduler = options_.scheduler, .seed = options_.seed};
    }

    /// All that has been built took its time: time 0 is counted from here.
    void begin() {
        const auto tick = options_.segments ? realmode::next_kernel_tick() : std::nullopt;
        timers_.begin_at(RunTimers::monotonic() + lead);
        if (tick) {
            tell_tick(*tick);
        }
        player_ =
            std::make_unique<world::FaultPlayer>(scenario_, faults_, fault_timers_, world_source_);
        player_->take({Time{}, world::run_description(scenario_, identity())});
        book_.also_to(player_.get());
        faults_.begin();
        for (const auto& server : servers_) {
            server->begin();
        }
        for (unsigned i = 0; scenario_.daemons && i < routers_.size(); ++i) {
            routers_[i]->start_daemon(beginning_of(scenario_, options_.seed, i, timers_));
        }
        if (!scenario_.daemons && !routers_.empty()) {
            routers_.front()->load_table();
        }
        for (const auto& change : scenario_.changes) {
            timers_.at(change.at, [this, &change] {
                for (const auto& router : routers_) {
                    router->change_membership(change);
                }
            });
        }
        clients_ = std::make_unique<Clients>(loop_, timers_, network_, scenario_, options_.seed,
                                             client_source_, options_.programs);
        timers_.at(Time{}, [this] { sample(Time{}); });
    }

    /// The first tick of the run's time.
    void tell_tick(const realmode::KernelTick& seen) {
        auto tick = seen;
        while (timers_.of_monotonic(Time(tick.time)) < Time{}) {
            tick.time += ipvs::jiffy;
            ++tick.jiffies;
        }
        world_source_.take(
            {timers_.of_monotonic(Time(tick.time)), journal::KernelTick{tick.jiffies}});
    }

    void sample(Time now) {
        for (const auto& server : servers_) {
            server->sample(now);
        }
        for (const auto& router : routers_) {
            router->sample(now);
        }
        for (auto& traffic : network_.traffic()) {
            world_source_.take({now, std::move(traffic)});
        }
        const Time next = now + scenario_.outputs.sample;
        if (next < scenario_.end()) {
            timers_.at(next, [this, next] { sample(next); });
        }
    }

    void end() {
        clients_->finish();
        sample(scenario_.end());
        book_.also_to(nullptr);
        player_.reset();
        timers_.at(scenario_.end() + tail, [this] {
            for (const auto& router : routers_) {
                router->read_all();
            }
            loop_.stop();
        });
    }

    const scenario::Scenario& scenario_;
    const RunOptions& options_;
    std::vector<router::DesiredService> services_;
    boost::asio::io_context loop_{1};
    boost::asio::signal_set signals_{loop_, SIGINT, SIGTERM,
                                     SIGHUP};  // before there is anything to clean
    ScratchFolder folder_;
    RunTimers timers_{loop_};
    MomentTimers fault_timers_{timers_};
    EventBook book_;
    BookSource world_source_{book_, of_world};
    BookSource client_source_{book_, of_clients};
    BookSource server_source_{book_, of_servers};
    LabNetwork network_{scenario_};
    std::vector<std::unique_ptr<BookSource>> daemon_sources_, capture_sources_;
    std::vector<std::unique_ptr<LabRouter>> routers_;
    scenario::Replicas replicas_{scenario_, options_.seed};
    std::vector<std::unique_ptr<world::DataServer>> data_servers_;
    std::vector<std::unique_ptr<ServerApplication>> servers_;
    GatewayPair gateways_{network_, scenario_, timers_};
    Faults faults_{{network_, routers_, servers_, data_servers_, gateways_},
                   scenario_,
                   fault_timers_,
                   world_source_};
    std::unique_ptr<world::FaultPlayer> player_;
    std::unique_ptr<Clients> clients_;
    bool stopped_ = false;
};

/// The module works in every namespace of a kernel that has it, and nowhere without it.
void check_ftp_helper(const scenario::Scenario& scenario) {
    const bool loaded = std::filesystem::exists("/sys/module/ip_vs_ftp");
    if (loaded != scenario.routers.front().running.ftp_helper) {
        throw std::runtime_error(loaded ? "the kernel has ip_vs_ftp loaded, and the scenario's "
                                          "routers have not (rmmod ip_vs_ftp)"
                                        : "the scenario's routers have ip_vs_ftp loaded, and the "
                                          "kernel has not (modprobe ip_vs_ftp)");
    }
}

}  // namespace

bool run(const scenario::Scenario& scenario, const RunOptions& options, journal::Sink& sink) {
    check_ftp_helper(scenario);
    World world(scenario, options);
    if (!world.run()) {
        return false;
    }
    world.hand_on(sink);
    return true;
}

}  // namespace lvslab::lab
