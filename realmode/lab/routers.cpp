// SPDX-License-Identifier: GPL-2.0-only
#include "realmode/lab/routers.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <system_error>
#include <utility>
#include <variant>

#include <fmt/format.h>

#include "core/config/print.hpp"
#include "core/world/router_events.hpp"
#include "realmode/daemon/event_lines.hpp"
#include "realmode/lab/ipvs_listing.hpp"
#include "realmode/lab/router_programs.hpp"

namespace lvslab::lab {
namespace {

void write_file(const std::string& path, const std::string& text) {
    std::ofstream out(path, std::ios::binary | std::ios::trunc);
    out << text;
    if (!out.flush()) {
        throw std::runtime_error(fmt::format("{} cannot be written", path));
    }
}

std::string ipvs_listing_in(const NetworkNamespace& where) {
    const Inside inside(where);
    std::ifstream file("/proc/thread-self/net/ip_vs");
    return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

LabRouter::LabRouter(boost::asio::io_context& loop, RunTimers& timers, LabNetwork& network,
                     unsigned router, const scenario::Scenario& scenario,
                     const std::vector<router::DesiredService>& services,
                     const RouterOptions& options, journal::Sink& told, journal::Sink& seen)
    : loop_(loop),
      timers_(timers),
      network_(network),
      index_(router),
      scenario_(scenario),
      services_(services),
      options_(options),
      told_(told),
      seen_(seen),
      config_(scenario.routers[router].config),
      decisions_(scenario, network.plan(), services, router, seen),
      segments_(decisions_, router, seen),
      sync_(router, static_cast<std::uint8_t>(config_.syncd_id), seen) {
    std::filesystem::create_directories(options_.folder);
    write_configuration();
    open_capture();
}

LabRouter::~LabRouter() = default;

void LabRouter::write_configuration() {
    auto config = config_;
    for (auto& service : config.virtual_servers) {
        if (options_.scheduler) {
            service.scheduler = *options_.scheduler;
        }
    }
    put_programs_in_place(scenario_, options_.folder, config);
    write_file(file("lvs.cf"), config::print(config));
}

void LabRouter::open_capture() {
    capture_ = std::make_unique<Capture>(
        loop_, timers_, network_.machine(machine()),
        options_.segments ? Capture::What::every_packet : Capture::What::openings,
        [this](const CapturedFrame& frame) {
            decisions_.take(frame);
            sync_.take(frame);
            if (options_.segments) {
                segments_.take(frame);
            }
        });
}

// ---- the daemon ----

void LabRouter::start_daemon(const std::optional<realmode::Beginning>& beginning) {
    if (daemon_ && daemon_->running()) {
        return;
    }
    std::array<int, 2> pipe{};
    if (::pipe2(pipe.data(), O_CLOEXEC | O_NONBLOCK) != 0) {
        throw std::system_error(errno, std::generic_category(), "pipe");
    }
    std::vector<std::string> arguments{
        options_.program,          "run",     "--config",      file("lvs.cf"),    "--control",
        file("control"),           "--state", options_.folder, "--no-supervisor", "--events",
        fmt::format("{}", pipe[1])};
    if (beginning) {
        write_file(file("beginning.json"), beginning_text(*beginning));
        arguments.insert(arguments.end(), {"--begin", file("beginning.json")});
    }
    // The writer waits when the pipe is full; a line is never lost.
    ::fcntl(pipe[1], F_SETFL, 0);
    if (lines_) {
        read_all();  // the last words of the one before
    }
    life_ = std::make_shared<int>(0);
    told_to_end_ = has_spoken_ = false;
    daemon_ = std::make_unique<RunningProgram>(network_.machine(machine()), arguments,
                                               std::vector<int>{pipe[1]});
    ::close(pipe[1]);
    lines_ = std::make_unique<boost::asio::posix::stream_descriptor>(loop_, pipe[0]);
    unread_.clear();
    await_lines();
}

void LabRouter::await_lines() {
    lines_->async_wait(boost::asio::posix::descriptor_base::wait_read,
                       [this, life = std::weak_ptr<int>(life_)](const auto& error) {
                           if (!error && !life.expired()) {
                               read_lines();
                           }
                       });
}

void LabRouter::read_lines() {
    std::array<char, 65536> block;
    for (;;) {
        const auto n = ::read(lines_->native_handle(), block.data(), block.size());
        if (n == 0) {
            daemon_is_silent();
            return;
        }
        if (n < 0) {
            await_lines();
            return;
        }
        unread_.append(block.data(), static_cast<std::size_t>(n));
        for (auto end = unread_.find('\n'); end != std::string::npos; end = unread_.find('\n')) {
            take_line(unread_.substr(0, end));
            unread_.erase(0, end + 1);
        }
    }
}

/// It has closed its end of the pipe, which is the first that is seen of its end.
void LabRouter::daemon_is_silent() {
    if (!daemon_->running()) {
        daemon_has_ended();
        return;
    }
    const int process = static_cast<int>(::syscall(SYS_pidfd_open, daemon_->pid(), 0));
    if (process < 0) {
        throw std::system_error(errno, std::generic_category(), "pidfd_open");
    }
    ending_ = std::make_unique<boost::asio::posix::stream_descriptor>(loop_, process);
    ending_->async_wait(boost::asio::posix::descriptor_base::wait_read,
                        [this, life = std::weak_ptr<int>(life_)](const auto& error) {
                            if (!error && !life.expired() && !daemon_->running()) {
                                daemon_has_ended();
                            }
                        });
}

void LabRouter::daemon_has_ended() const {
    // A router that nobody wants (backup_active = 0) says so and ends in good order.
    if (told_to_end_ || (has_spoken_ && daemon_->ended_well())) {
        return;
    }
    const auto now = timers_.now();
    throw std::runtime_error(
        fmt::format("router {}: its daemon {} {} {}, and no fault of the scenario ended it",
                    scenario_.routers[index_].name, options_.program, daemon_->end(),
                    now < Time{} ? "before time 0" : fmt::format("at {:.3f} s", to_seconds(now))));
}

void LabRouter::take_line(const std::string& line) {
    const auto read = realmode::parse_event_line(line);
    if (!read) {
        throw std::runtime_error(fmt::format("{} tells what nobody understands: {}\n{}",
                                             options_.program, line, read.diagnostics.to_string()));
    }
    has_spoken_ = true;
    auto time = timers_.of_monotonic(read->time);
    if (const auto* role = std::get_if<ports::RoleChanged>(&read->event)) {
        sync_.become(role->active);
        if (role->reason == pulse::Reason::settled) {
            time = Time{};  // what a settled run begins with, and no change of it
        }
    }
    if (auto event = world::journal_event(read->event, index_, scenario_, services_)) {
        told_.take({time, std::move(*event)});
    }
}

void LabRouter::read_all() {
    if (lines_ && daemon_) {
        lines_->cancel();
        read_lines();
    }
    if (capture_) {
        capture_->read();
        segments_.flush();
    }
}

void LabRouter::crash() {
    life_ = std::make_shared<int>(0);
    daemon_.reset();
    lines_.reset();
    ending_.reset();
    if (capture_) {
        capture_->read();
    }
    segments_.flush();
    capture_.reset();
}

void LabRouter::boot() {
    decisions_.boot(scenario_.routers[index_].at_boot);
    sync_.become(false);
    open_capture();
    if (scenario_.daemons) {
        start_daemon();
    }
}

void LabRouter::signal(int number) {
    told_to_end_ = told_to_end_ || number == SIGTERM;
    if (daemon_) {
        daemon_->signal(number);
    }
}

void LabRouter::reload(const config::LvsConfig& config) {
    config_ = config;
    write_configuration();
    signal(SIGHUP);
}

void LabRouter::release() {
    if (daemon_ && daemon_->running()) {
        run_program(network_.machine(machine()),
                    {options_.program, "release", "--control", file("control")});
    }
}

// ---- by hand ----

IpvsByHand LabRouter::by_hand() const {
    return {network_.machine(machine()), index_, scenario_, services_, timers_, told_};
}

void LabRouter::load_table() {
    lab::load_table(by_hand(), config_, options_.scheduler);
}

void LabRouter::change_membership(const scenario::MembershipChange& change) {
    if (network_.exists(machine())) {
        lab::change_membership(by_hand(), change, config_, options_.scheduler);
    }
}

// ---- samples ----

void LabRouter::sample(Time now) {
    if (!network_.exists(machine())) {
        return;
    }
    for (const auto& d : read_ipvs_listing(ipvs_listing_in(network_.machine(machine())))) {
        const auto service = world::service_index(services_, d.service);
        if (service != journal::no_index) {
            seen_.take({now, journal::DestinationLoad{
                                 index_, service, world::server_index(scenario_, d.server.address),
                                 d.weight, d.active, d.inactive}});
        }
    }
}

}  // namespace lvslab::lab
