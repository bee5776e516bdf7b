// SPDX-License-Identifier: GPL-2.0-only
#include "core/router/lvs_router.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>

#include "core/config/compare.hpp"
#include "core/router/daemon_settings.hpp"

namespace lvslab::router {
namespace {

config::LvsConfig runnable(config::LvsConfig config) {
    const auto found = check_runnable(config);
    if (found.has_errors()) {
        throw std::invalid_argument("router: " + found.to_string());
    }
    return config;
}

pulse::NodeRole role_of(const config::LvsConfig& config, const ports::LinkState& links) {
    return links.is_local(config.primary) ? pulse::NodeRole::primary : pulse::NodeRole::backup;
}

}  // namespace

LvsRouter::LvsRouter(config::LvsConfig config, const ports::Ports& ports, RouterOptions options)
    : config_(runnable(std::move(config))),
      ports_(ports),
      options_(std::move(options)),
      pulse_(settings()),
      services_(ports, options_.scheduler) {}

LvsRouter::~LvsRouter() {
    ports_.timers.cancel(timer_);
}

void LvsRouter::start(const RouterStart& start) {
    next_checks_ = {start.how == pulse::Start::settled_active, start.first_check};
    hand_in(pulse::Started{start.how, start.first_heartbeat, start.heard_ago});
    next_checks_ = {};
    hand_in(pulse::LinksAre{ports_.links.links_up()});
}

void LvsRouter::hear(pulse::Path path, std::span<const std::uint8_t> payload) {
    const auto read = pulse::decode(payload);
    if (const auto* word = std::get_if<pulse::Word>(&read); word != nullptr && running()) {
        ports_.log.tell(ports::HeartbeatHeard{path, *word});
    }
    hand_in(pulse::Heard{path, read});
}

void LvsRouter::links_changed(bool up) {
    hand_in(pulse::LinksAre{up});
}

void LvsRouter::router_died() {
    hand_in(pulse::RouterDied{});
}

void LvsRouter::release() {
    hand_in(pulse::Released{});
}

void LvsRouter::terminate() {
    hand_in(pulse::Terminated{});
}

/// The services first, so that what pulse then says of itself is true of the new file.
void LvsRouter::reload(const config::LvsConfig& config) {
    const auto found = check_runnable(config);
    if (found.has_errors()) {
        reload_failed(found);
        return;
    }
    const auto before = std::exchange(config_, config);
    note("configuration reloaded");
    const auto differences = config::compare(before, config_);
    for (const auto& difference : differences.items()) {
        note(difference.location.to_string() + ": " + difference.message);
    }
    // First: IPVS takes no server of another family while it syncs.
    if (before.syncdaemon && !config_.syncdaemon) {
        ports_.sync.stop();
    }
    services_.reload(config_);
    hand_in(pulse::Reconfigured{settings()});
    change_sync(before);
    change_addresses();
}

void LvsRouter::reload_failed(const Diagnostics& why) {
    note("configuration not reloaded, the old one stays:");
    for (const auto& finding : why.items()) {
        note(finding.to_string());
    }
}

pulse::Settings LvsRouter::settings() const {
    auto settings = pulse_settings(config_, role_of(config_, ports_.links));
    settings.force_active = options_.force_active;
    return settings;
}

void LvsRouter::hand_in(const pulse::Event& event) {
    for (const auto& action : pulse_.step(event, ports_.timers.now())) {
        std::visit([this](const auto& a) { act(a); }, action);
    }
    set_timer();
}

void LvsRouter::set_timer() {
    const auto due = pulse_.next_deadline();
    if (due == timer_at_) {
        return;
    }
    ports_.timers.cancel(std::exchange(timer_, {}));
    timer_at_ = due;
    if (due != never) {
        timer_ = ports_.timers.at(due, [this] {
            timer_ = {};
            timer_at_ = never;
            hand_in(pulse::Woken{});
        });
    }
}

void LvsRouter::act(const pulse::RoleChanged& action) {
    ports_.log.tell(ports::RoleChanged{action.active, action.reason});
}

void LvsRouter::act(const pulse::SendHeartbeat& action) {
    ports_.log.tell(ports::HeartbeatSent{action.path, action.word});
    ports_.heartbeats.send(action.path, pulse::encode(action.word));
}

void LvsRouter::act(const pulse::RunScript& action) {
    note(fmt::format("running {}", action.command));
    ports_.scripts.run(action.command);
}

void LvsRouter::act(const pulse::StartRouter&) {
    auto checks = next_checks_;
    if (options_.found) {
        checks.found = options_.found();
    }
    services_.start(config_, checks);
}

void LvsRouter::act(const pulse::StopRouter&) {
    services_.stop();
}

void LvsRouter::act(const pulse::SetSyncRole&) {
    start_sync();
}

void LvsRouter::act(const pulse::RaiseAddresses&) {
    for (const auto& address : floating_addresses(config_)) {
        raise(address);
    }
}

void LvsRouter::act(const pulse::LowerAddresses&) {
    while (!raised_.empty()) {
        lower(raised_.front());
    }
}

void LvsRouter::act(const pulse::AnnounceAddresses& action) {
    for (const auto& address : raised_) {
        ports_.log.tell(ports::AddressAnnounced{address.address, action.nth});
        ports_.addresses.announce(address.address);
    }
}

void LvsRouter::act(const pulse::Note& action) {
    const std::string what{to_string(action.what)};
    note(action.detail.empty() ? what : what + ": " + action.detail);
}

void LvsRouter::raise(const ports::FloatingAddress& address) {
    raised_.push_back(address);
    ports_.addresses.raise(address);
    ports_.log.tell(ports::AddressRaised{address.address});
}

void LvsRouter::lower(const ports::FloatingAddress& address) {
    const auto lowered = address.address;
    std::erase(raised_, ports::FloatingAddress{address});
    ports_.addresses.lower(lowered);
    ports_.log.tell(ports::AddressLowered{lowered});
}

/// Piranha hands ipvsadm the low 8 bits of syncd_id.
void LvsRouter::start_sync() {
    const auto role = active() ? pulse::SyncRole::master : pulse::SyncRole::backup;
    const auto id = static_cast<std::uint8_t>(config_.syncd_id & 0xFF);
    ports_.sync.start(role, config_.syncd_iface, id);
}

void LvsRouter::change_sync(const config::LvsConfig& before) {
    if (config_.syncdaemon && running() &&
        (!before.syncdaemon || before.syncd_iface != config_.syncd_iface ||
         before.syncd_id != config_.syncd_id)) {
        start_sync();
    }
}

/// What goes is lowered, what is new is raised and announced. An address whose mask or interface
/// changed does both.
void LvsRouter::change_addresses() {
    if (!active()) {
        return;
    }
    const auto wanted = floating_addresses(config_);
    const auto has = [](const auto& list, const auto& address) {
        return std::ranges::find(list, address) != list.end();
    };
    for (const auto& address : std::vector(raised_)) {
        if (!has(wanted, address)) {
            lower(address);
        }
    }
    bool raised = false;
    for (const auto& address : wanted) {
        if (!has(raised_, address)) {
            raise(address);
            raised = true;
        }
    }
    if (raised) {
        hand_in(pulse::AddressesRaised{});
    }
}

void LvsRouter::note(std::string text) {
    ports_.log.tell(ports::Note{std::move(text)});
}

}  // namespace lvslab::router
