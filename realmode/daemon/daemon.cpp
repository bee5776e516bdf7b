// SPDX-License-Identifier: GPL-2.0-only
#include "realmode/daemon/daemon.hpp"

#include <unistd.h>

#include <algorithm>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <functional>
#include <optional>
#include <set>
#include <system_error>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "core/config/places.hpp"
#include "core/router/daemon_settings.hpp"
#include "core/router/lvs_router.hpp"
#include "realmode/daemon/commands.hpp"
#include "realmode/daemon/control_socket.hpp"
#include "realmode/daemon/event_lines.hpp"
#include "realmode/daemon/event_sink.hpp"
#include "realmode/daemon/leftovers.hpp"
#include "realmode/daemon/lifeline.hpp"
#include "realmode/daemon/log_lines.hpp"
#include "realmode/daemon/privileges.hpp"
#include "realmode/daemon/process_log.hpp"
#include "realmode/daemon/recorded_ports.hpp"
#include "realmode/daemon/router_config.hpp"
#include "realmode/daemon/router_dataplane.hpp"
#include "realmode/daemon/service_notification.hpp"
#include "realmode/daemon/status_board.hpp"
#include "realmode/host/floating_addresses.hpp"
#include "realmode/host/heartbeat_sockets.hpp"
#include "realmode/host/interfaces.hpp"
#include "realmode/host/loop_timers.hpp"
#include "realmode/host/name_lookup.hpp"
#include "realmode/ipvs/kernel_ipvs.hpp"
#include "realmode/probes/load_source.hpp"
#include "realmode/probes/prober.hpp"
#include "realmode/probes/role_scripts.hpp"

namespace lvslab::realmode {
namespace {

void log_findings(const Diagnostics& found) {
    for (const auto& finding : found.items()) {
        log(finding.severity == Severity::error     ? LogLevel::error
            : finding.severity == Severity::warning ? LogLevel::warning
                                                    : LogLevel::info,
            finding.to_string());
    }
}

/// A name server that is silent longer than this is not waited for by one that has to take the
/// place of a dead daemon, and knows what was in force.
constexpr auto patience_after_death = std::chrono::seconds(2);

/// The file, or for one that starts again after a death the last that was in force. A name server
/// that is silent is no reason for the supervisor to call this process dead.
Checked<LvsCfFile> read_config(const DaemonOptions& options, bool again, const Lifeline& lifeline) {
    using Clock = std::chrono::steady_clock;
    const auto in_force = config_in_force_file(options);
    const auto sign = [&] { lifeline.send(SignOfLife{Time(Clock::now().time_since_epoch())}); };
    const bool impatient = again && std::filesystem::exists(in_force);
    const auto until = Clock::now() + patience_after_death;
    auto read = read_router_config(options.config_file, [&] {
        sign();
        return !impatient || Clock::now() < until;
    });
    log_findings(read.diagnostics);
    if (!read && again) {
        log(LogLevel::error,
            fmt::format("{} is not fit; the one that was in force stays", options.config_file));
        auto before = read_router_config(in_force, [&] {
            sign();
            return true;
        });
        log_findings(before.diagnostics);
        return before;
    }
    return read;
}

/// May a program that lvs.cf names need more than this process keeps?
bool runs_programs(const config::LvsConfig& config) {
    return config.active_cmd || config.inactive_cmd ||
           std::ranges::any_of(config.virtual_servers, [](const auto& service) {
               return service.active && (service.send_program || service.load_monitor == "uptime");
           });
}

class Daemon final : ports::RouterLog {
public:
    Daemon(const DaemonOptions& options, const DaemonStart& start, const Lifeline& lifeline,
           EventLoop& loop, LvsCfFile file, std::unique_ptr<KernelIpvs> ipvs)
        : options_(options),
          start_(start),
          loop_(loop),
          lifeline_(lifeline),
          supervised_(start.lifeline >= 0),
          file_(std::move(file)),
          timers_(loop),
          board_(timers_.now()),
          interfaces_(loop),
          floating_(loop, noter(),
                    [this](const Address& address, bool there) {
                        there ? tell(ports::AddressRaised{address})
                              : tell(ports::AddressLowered{address});
                    }),
          ipvs_(std::move(ipvs)),
          prober_(loop, noter()),
          loads_(loop, {}, noter()),
          scripts_(loop, noter(NoteFrom::script)),
          record_(
              record_file(options),
              [this](const HoldingsChange& change) {
                  if (!lifeline_.send(change) && !std::exchange(unheard_, true)) {
                      log(LogLevel::warning, "the supervisor does not listen");
                  }
              },
              noter()),
          addresses_(floating_, record_),
          sync_(*ipvs_, record_),
          signals_(loop, SIGTERM, SIGINT, SIGHUP),
          lifeline_end_(loop),
          names_answered_(loop) {}

    /// Everything that may fail before the router begins.
    Diagnostics open() {
        Diagnostics found;
        for (const auto& line : lower_leftovers(floating_, ipvs_.get(), record_)) {
            log(LogLevel::warning, fmt::format("left behind by a router before: {}", line));
        }
        tell_supervisor();
        open_events(found);
        open_services(found);
        open_heartbeats(found);
        open_control(found);
        return found;
    }

    int run() {
        if (has_beginning()) {
            timers_.at(options_.beginning->at, [this] { set_out(); });
        } else {
            set_out();
        }
        loop_.run();
        return exit_code_;
    }

private:
    void set_out() {
        interfaces_.watch(file_.config, [this](bool up) { router_->links_changed(up); });
        interfaces_.on_change([this] { floating_.restore(); });
        timers_.read_first([this] { heartbeats_->read(); });
        router_ = std::make_unique<router::LvsRouter>(
            file_.config,
            ports::Ports{.timers = timers_,
                         .dataplane = *dataplane_,
                         .sync = sync_,
                         .prober = prober_,
                         .heartbeats = *heartbeats_,
                         .links = interfaces_,
                         .addresses = addresses_,
                         .loads = loads_,
                         .scripts = scripts_,
                         .log = *this},
            router::RouterOptions{.scheduler = {},
                                  .force_active = options_.force_active,
                                  .found = [this] { return own_->found(); }});
        wait_for_signal();
        wait_for_supervisor();
        keep_in_force();
        begin();
        lifeline_.send(BecameReady{});
        if (!supervised_) {
            notify_ready();
        }
        sign();
        end_if_over();
    }

    std::function<void(std::string)> noter(NoteFrom from = NoteFrom::hand) {
        return [this, from](std::string text) { tell(ports::Note{std::move(text)}, from); };
    }

    // ---- openings ----

    void open_events(Diagnostics& found) {
        if (options_.events) {
            auto opened = EventSink::open(loop_, *options_.events);
            found.append(opened.diagnostics);
            events_ = std::move(opened.value).value_or(nullptr);
        }
    }

    void open_services(Diagnostics& found) {
        auto opened = OwnedIpvs::open(*ipvs_, services_file(options_), this_place(), noter());
        found.append(opened.diagnostics);
        if (opened) {
            own_ = *std::move(opened.value);
            dataplane_.emplace(*own_, [this] { live(); });
        }
    }

    void open_heartbeats(Diagnostics& found) {
        std::optional<HeartbeatAuthentication> authentication;
        if (options_.heartbeat_key) {
            auto key = read_heartbeat_key(*options_.heartbeat_key);
            found.append(key.diagnostics);
            if (!key) {
                return;
            }
            authentication = HeartbeatAuthentication{*std::move(key.value),
                                                     options_.state_folder + "/heartbeat-numbers"};
        }
        auto opened = HeartbeatSockets::open(
            loop_, file_.config, interfaces_, std::move(authentication),
            [this](pulse::Path path, std::span<const std::uint8_t> word) { hear(path, word); },
            noter());
        found.append(opened.diagnostics);
        heartbeats_ = std::move(opened.value).value_or(nullptr);
    }

    void open_control(Diagnostics& found) {
        auto opened = ControlSocket::open(loop_, options_.control_socket,
                                          [this](const ControlRequest& request, const auto& reply) {
                                              request.command == ControlCommand::reload&& router_
                                                  ? reload(reply)
                                                  : reply(answer(request));
                                          });
        found.append(opened.diagnostics);
        control_ = std::move(opened.value).value_or(nullptr);
    }

    void begin() {
        router::RouterStart start;
        start.how = start_.after_active ? pulse::Start::after_active : pulse::Start::cold;
        start.first_heartbeat = options_.first_heartbeat;
        router_->start(has_beginning() ? options_.beginning->start() : start);
    }

    /// A process that takes the place of one that died is in the middle of its own story.
    bool has_beginning() const { return options_.beginning.has_value() && !start_.again; }

    void hear(pulse::Path path, std::span<const std::uint8_t> payload) {
        if (!router_) {
            return;  // it has not begun
        }
        router_->hear(path, payload);
        end_if_over();
    }

    // ---- what it tells ----

    void tell(const ports::RouterEvent& event) override { tell(event, router_notes_); }

    void tell(const ports::RouterEvent& event, NoteFrom from) {
        if (!is_so(event)) {
            return;
        }
        const TimedEvent timed{timers_.now(), event};
        board_.follow(timed);
        if (events_ || (control_ && control_->watched())) {
            const auto line = event_line(timed);
            if (events_) {
                events_->write(line);
            }
            if (control_) {
                control_->tell(line);
            }
        }
        if (const auto line = lines_.line(event, from, RareNote::Clock::now())) {
            log(line->level, line->text);
            if (reloading_ && line->level != LogLevel::info) {
                reloading_->troubles.warning(reloading_->place, line->text);
            }
        }
        if (const auto* heard = std::get_if<ports::HeartbeatHeard>(&event);
            heard != nullptr && heard->word == pulse::Word::running) {
            boost::asio::post(loop_, [this] { remove_leftover_services(); });
        }
    }

    /// The router asks for an address and says that it has it; this host may have no such device.
    bool is_so(const ports::RouterEvent& event) {
        if (const auto* raised = std::get_if<ports::AddressRaised>(&event)) {
            return floating_.has(raised->address) && raised_.insert(raised->address).second;
        }
        if (const auto* announced = std::get_if<ports::AddressAnnounced>(&event)) {
            return floating_.has(announced->address);
        }
        const auto* lowered = std::get_if<ports::AddressLowered>(&event);
        return lowered == nullptr || raised_.erase(lowered->address) != 0;
    }

    /// The partner has the role: services that a router before left here are nobody's.
    void remove_leftover_services() {
        if (!router_->active() && !keeps_) {
            for (const auto& line : remove_services(*own_)) {
                log(LogLevel::info, fmt::format("left behind by a router before: {}", line));
            }
        }
    }

    // ---- the supervisor ----

    void tell_supervisor() {
        tell_signs();
        for (const auto& change : changes_to(record_.holdings())) {
            lifeline_.send(change);
        }
    }

    void tell_signs() {
        const auto& config = file_.config;
        signs_ = life_signs(config.keepalive, config.deadtime);
        lifeline_.send(WatchedSo{signs_});
        if (const auto risk = two_owners_risk(config.keepalive, config.deadtime);
            risk && supervised_ && config.backup_active) {
            log(LogLevel::warning, *risk);
        }
    }

    void sign() {
        live();
        end_if_over();
        timers_.at(timers_.now() + signs_.interval, [this] { sign(); });
    }

    /// From within long work, too.
    void live() {
        const auto now = timers_.now();
        if (supervised_ && now - signed_ >= signs_.interval / 2) {
            signed_ = now;
            lifeline_.send(SignOfLife{now});
        }
        if (!supervised_ && watchdog_ && now >= watchdog_at_) {
            watchdog_at_ = now + *watchdog_;
            notify_alive();
        }
    }

    void wait_for_supervisor() {
        if (!supervised_) {
            return;
        }
        lifeline_end_.assign(::dup(lifeline_.descriptor()));
        lifeline_end_.async_wait(
            boost::asio::posix::descriptor_base::wait_read, [this](const auto& error) {
                if (!error) {
                    log(LogLevel::error,
                        "the supervisor is gone: nobody would lower the addresses of a router that "
                        "hangs, so this one ends in good order");
                    exit_code_ = failed;
                    terminate(false);
                }
            });
    }

    // ---- what it is told ----

    void wait_for_signal() {
        signals_.async_wait([this](const auto& error, int signal) {
            if (error) {
                return;
            }
            if (signal == SIGHUP) {
                reload([](const ControlAnswer&) {});
            } else {
                terminate(options_.keep_services);
            }
            wait_for_signal();
        });
    }

    ControlAnswer answer(const ControlRequest& request) {
        ControlAnswer answer;
        if (!router_) {
            answer.ok = false;
            answer.error = "this router has not begun";
            return answer;
        }
        switch (request.command) {
            case ControlCommand::status: {
                const auto now = status();
                answer.status = to_json(now);
                answer.table = to_table(now);
                break;
            }
            case ControlCommand::release:
                if (!router_->active()) {
                    answer.ok = false;
                    answer.error = "this router is not active: there is nothing to hand over";
                    break;
                }
                return release();
            case ControlCommand::stop:
                boost::asio::post(loop_, [this, keep = request.keep] { terminate(keep); });
                break;
            case ControlCommand::reload:  // answered when it is over
            case ControlCommand::watch:
                break;
        }
        return answer;
    }

    /// Also without a partner: pulse drops the service then, too.
    ControlAnswer release() {
        ControlAnswer answer;
        if (const auto risk = board_.release_risk(file_.config, timers_.now())) {
            log(LogLevel::warning, *risk);
            answer.findings.push_back("warning: " + *risk);
        }
        router_->release();
        return answer;
    }

    /// One that is asked for while names are being looked up takes that one's place: the file may
    /// be another by now, and both are answered with what it says.
    void reload(ControlSocket::Reply reply) {
        reloads_.push_back(std::move(reply));
        lifeline_.send(Reloading{});
        auto text = LvsCfText::read(options_.config_file);
        if (!text || text->names().empty()) {
            end_reload(text ? text->with({}) : Checked<LvsCfFile>{std::nullopt, text.diagnostics});
            return;
        }
        const bool same_names = reloading_text_ && reloading_text_->names() == text->names();
        reloading_text_ = *std::move(text.value);
        if (!same_names) {
            look_names_up();
        }
    }

    /// Heartbeats and checks go on while a name server is silent.
    void look_names_up() {
        try {
            lookup_.emplace(reloading_text_->names());
            names_answered_ = boost::asio::posix::stream_descriptor(loop_);
            const int answered = ::dup(lookup_->descriptor());
            if (answered < 0) {
                throw std::system_error(errno, std::generic_category(), "dup");
            }
            names_answered_.assign(answered);
        } catch (const std::system_error& error) {
            end_reload(names_not_looked_up(options_.config_file, error));
            return;
        }
        names_answered_.async_wait(
            boost::asio::posix::descriptor_base::wait_read, [this](const auto& error) {
                // That of a lookup whose place was taken may be under way.
                if (!error && !over_ && lookup_ && lookup_->wait_for(Duration::zero())) {
                    end_reload(reloading_text_->with(lookup_->found()));
                }
            });
    }

    void end_reload(Checked<LvsCfFile> file) {
        names_answered_ = boost::asio::posix::stream_descriptor(loop_);
        lookup_.reset();
        reloading_text_.reset();
        auto read = for_this_host(std::move(file));
        ControlAnswer answer;
        for (const auto& finding : read.diagnostics.items()) {
            answer.findings.push_back(finding.to_string());
        }
        if (read) {
            log_findings(read.diagnostics);
            const auto troubles = take_over(*std::move(read.value));
            for (const auto& trouble : troubles.items()) {
                answer.findings.push_back(trouble.to_string());
            }
        } else {
            router_notes_ = NoteFrom::refusal;
            router_->reload_failed(read.diagnostics);
            router_notes_ = NoteFrom::router;
            answer.ok = false;
            answer.error = "the old configuration stays";
        }
        lifeline_.send(BecameReady{});
        answer_reloads(answer);
        end_if_over();
    }

    void answer_reloads(const ControlAnswer& answer) {
        for (const auto& reply : std::exchange(reloads_, {})) {
            reply(answer);
        }
    }

    /// What this host keeps the new file from: a finding, too, though the file stands.
    Diagnostics take_over(LvsCfFile file) {
        file_ = std::move(file);
        tell_signs();
        reloading_ = Reloaded{config::place_of(file_.config, "heartbeat_port"), {}};
        heartbeats_->reconfigure(file_.config);
        interfaces_.watch(file_.config, [this](bool up) { router_->links_changed(up); });
        reloading_->place = file_.config.location;
        router_->reload(file_.config);
        keep_in_force();
        return std::exchange(reloading_, std::nullopt)->troubles;
    }

    void keep_in_force() {
        if (const auto failure = realmode::keep_in_force(file_, config_in_force_file(options_))) {
            log(LogLevel::warning, *failure);
        }
    }

    void terminate(bool keep) {
        if (keep) {
            keeps_ = true;
            dataplane_->keep_services();
        }
        router_->terminate();
        end_if_over();
    }

    void end_if_over() {
        if (over_ || !router_ || router_->running()) {
            return;
        }
        over_ = true;
        answer_reloads(
            {.ok = false, .error = "this router ends", .findings = {}, .status = {}, .table = {}});
        remove_leftover_services();
        if (record_.holdings().sync) {
            sync_.stop();
        }
        lifeline_.send(EndsInOrder{keeps_});
        if (!supervised_) {
            notify_stopping();
        }
        boost::asio::post(loop_, [this] { loop_.stop(); });
    }

    Status status() {
        auto status =
            board_.status(file_.config, interfaces_.is_local(file_.config.primary), timers_.now());
        status.version = LVSLAB_VERSION;
        status.config_file = options_.config_file;
        status.process = ::getpid();
        if (supervised_) {
            status.supervisor = ::getppid();
        }
        status.links_up = interfaces_.links_up();
        add_counters(status);
        return status;
    }

    void add_counters(Status& status) {
        const auto listed = own_->dump();
        if (!listed) {
            return;
        }
        for (auto& service : status.services) {
            const auto* found =
                service.in_ipvs ? find_service(*listed, normalised(service.key)) : nullptr;
            service.in_ipvs = found != nullptr;  // an administrator may have taken it out
            for (auto& server : service.servers) {
                if (found != nullptr) {
                    add_counters(server, *found);
                }
            }
        }
    }

    static void add_counters(ServerStatus& server, const ListedService& service) {
        for (const auto& d : service.destinations) {
            if (d.server == server.endpoint) {
                server.active_connections = d.active;
                server.inactive_connections = d.inactive;
            }
        }
    }

    /// While a file is taken over.
    struct Reloaded {
        SourceLocation place;  ///< of what is being done
        Diagnostics troubles;
    };

    const DaemonOptions& options_;
    DaemonStart start_;
    EventLoop& loop_;
    const Lifeline& lifeline_;
    bool supervised_;
    LvsCfFile file_;
    LoopTimers timers_;
    StatusBoard board_;
    std::unique_ptr<EventSink> events_;
    std::unique_ptr<ControlSocket> control_;
    Interfaces interfaces_;
    FloatingAddresses floating_;
    std::set<Address> raised_;  ///< as was told
    std::unique_ptr<KernelIpvs> ipvs_;
    AsioProber prober_;
    NetworkLoadSource loads_;
    ScriptRunner scripts_;
    HoldingsRecord record_;
    RecordedAddresses addresses_;
    std::unique_ptr<OwnedIpvs> own_;
    std::optional<RouterDataplane> dataplane_;
    RecordedSync sync_;
    std::unique_ptr<HeartbeatSockets> heartbeats_;
    std::unique_ptr<router::LvsRouter> router_;
    boost::asio::signal_set signals_;
    boost::asio::posix::stream_descriptor lifeline_end_;
    // Of the reload that is under way, if one is.
    std::vector<ControlSocket::Reply> reloads_;
    std::optional<LvsCfText> reloading_text_;
    std::optional<NameLookup> lookup_;
    boost::asio::posix::stream_descriptor names_answered_;
    LogLines lines_;
    std::optional<Reloaded> reloading_;
    NoteFrom router_notes_ = NoteFrom::router;
    LifeSigns signs_;
    Time signed_{};
    std::optional<Duration> watchdog_ = watchdog_interval();
    Time watchdog_at_{};
    bool unheard_ = false;
    bool keeps_ = false;
    bool over_ = false;
    int exit_code_ = done;
};

Diagnostics host_is_fit(Checked<std::unique_ptr<KernelIpvs>>& ipvs) {
    Diagnostics found;
    for (const auto& capability : missing_capabilities()) {
        found.error({"lvsrouter"},
                    fmt::format("this process has no {}: run it as root or by its systemd unit",
                                capability));
    }
    if (!found.has_errors()) {
        ipvs = KernelIpvs::open([](const std::string& text) { log(LogLevel::warning, text); });
        found.append(ipvs.diagnostics);
    }
    return found;
}

}  // namespace

std::string record_file(const DaemonOptions& options) {
    return options.state_folder + "/holdings.jsonl";
}

std::string services_file(const DaemonOptions& options) {
    return options.state_folder + "/services";
}

std::string config_in_force_file(const DaemonOptions& options) {
    return options.state_folder + "/lvs.cf.in-force";
}

int run_daemon(const DaemonOptions& options, const DaemonStart& start) {
    const Lifeline lifeline(start.lifeline);
    auto file = read_config(options, start.again, lifeline);
    Checked<std::unique_ptr<KernelIpvs>> ipvs;
    auto found = host_is_fit(ipvs);
    if (!file || found.has_errors()) {
        log_findings(found);
        return bad_input;
    }
    EventLoop loop(1);
    const bool programs = runs_programs(file->config);
    Daemon daemon(options, start, lifeline, loop, *std::move(file.value), *std::move(ipvs.value));
    found = daemon.open();
    log_findings(found);
    if (found.has_errors()) {
        return bad_input;
    }
    const KeptPrivileges kept{.read_any_file = needs_read_privilege(options.config_file),
                              .new_privileges = programs};
    for (const auto& failure : give_up_privileges(kept)) {
        log(LogLevel::warning, failure);
    }
    return daemon.run();
}

}  // namespace lvslab::realmode
