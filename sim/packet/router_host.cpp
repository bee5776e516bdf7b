// SPDX-License-Identifier: GPL-2.0-only
#include "sim/packet/router_host.hpp"

#include <algorithm>
#include <utility>

#include "core/world/router_events.hpp"
#include "core/world/router_start.hpp"
#include "sim/packet/clock.hpp"

namespace lvslab::packet_world {

RouterHost::Daemons::Daemons(RouterHost& host, const ns3::Ptr<ns3::Node>& node)
    : prober(node, host.scenario_, timers),
      loads(node, timers),
      heartbeats(node, host.description(), host.config_,
                 [&host](pulse::Path path, const HeartbeatSockets::Payload& payload) {
                     host.daemons_->router.hear(path, payload);
                 }),
      router(host.config_,
             ports::Ports{.timers = timers,
                          .dataplane = host.director_,
                          .sync = host,
                          .prober = prober,
                          .heartbeats = heartbeats,
                          .links = host,
                          .addresses = host,
                          .loads = loads,
                          .scripts = host,
                          .log = host},
             router::RouterOptions{.scheduler = host.options_.scheduler}) {}

RouterHost::RouterHost(Network& network, unsigned router, const scenario::Scenario& scenario,
                       const RouterHostOptions& options, journal::Sink& sink)
    : network_(network),
      index_(router),
      scenario_(scenario),
      options_(options),
      sink_(sink),
      config_(scenario.routers[router].config),
      director_(network, router, scenario,
                {.ipvs = {.seed = options.seed},
                 .scheduler = options.scheduler,
                 .segments = options.segments},
                sink),
      sync_(network.router(router), router, director_, sink) {}

RouterHost::~RouterHost() {
    starting_.Cancel();
}

// ---- beginning and end ----

void RouterHost::begin_settled() {
    begin(world::settled_start(scenario_, options_.seed, index_));
}

void RouterHost::begin_cold() {
    starting_ =
        ns3::Simulator::Schedule(to_ns3(world::cold_start_after(scenario_, options_.seed, index_)),
                                 &RouterHost::start_daemons, this);
}

void RouterHost::start_daemons() {
    if (!running()) {
        begin({});
    }
}

void RouterHost::begin(const router::RouterStart& start) {
    daemons_.reset();
    held_ = false;
    daemons_ = std::make_unique<Daemons>(*this, network_.router(index_));
    daemons_->router.start(start);
}

void RouterHost::crash() {
    starting_.Cancel();
    if (daemons_) {
        daemons_->prober.drop();
        daemons_->loads.drop();
    }
    daemons_.reset();
    held_ = false;
    sync_.stop();
    director_.lose_everything();
    for (const auto& floating : network_.topology().floating) {
        network_.lower_address(index_, floating.address);
    }
}

void RouterHost::boot() {
    director_.boot(description().at_boot);
    start_daemons();
}

void RouterHost::hold() {
    held_ = true;
    if (daemons_) {
        daemons_->heartbeats.hold();
        daemons_->timers.suspend();
    }
}

void RouterHost::go_on() {
    held_ = false;
    if (daemons_) {
        daemons_->heartbeats.read();
        daemons_->timers.resume();
    }
}

// What a daemon is asked while it is held up waits for it, as a signal does.

void RouterHost::kill_services() {
    if (running()) {
        daemons_->timers.at(now(), [this] { daemons_->router.router_died(); });
    }
}

void RouterHost::release() {
    if (running()) {
        daemons_->timers.at(now(), [this] { daemons_->router.release(); });
    }
}

void RouterHost::terminate() {
    if (running()) {
        daemons_->timers.at(now(), [this] { daemons_->router.terminate(); });
    }
}

void RouterHost::reload(const config::LvsConfig& config) {
    config_ = config;
    if (running()) {
        daemons_->timers.at(now(), [this] { daemons_->router.reload(config_); });
    }
}

void RouterHost::look_at_links() {
    if (running()) {
        daemons_->timers.at(now(), [this] { daemons_->router.links_changed(links_up()); });
    }
}

// ---- ports ----

void RouterHost::raise(const ports::FloatingAddress& address) {
    network_.raise_address(index_, address.address);
}
void RouterHost::lower(const Address& address) {
    network_.lower_address(index_, address);
}
void RouterHost::announce(const Address& address) {
    network_.announce_address(index_, address);
}
/// The links of the networks that lvs.cf names for heartbeats (pulse.c, check_links).
bool RouterHost::links_up() const {
    return network_.has_carrier(index_, Side::public_net) &&
           (!description().private_interface || network_.has_carrier(index_, Side::private_net));
}
bool RouterHost::is_local(const Address& address) const {
    const auto& r = description();
    return address == r.public_interface.address ||
           (r.private_interface && address == r.private_interface->address);
}
/// Nothing to run: the router's log says that it was.
void RouterHost::run(const std::string&) {}
/// The interface that lvs.cf gives NAT's address, or else the second one, is the private one.
void RouterHost::start(pulse::SyncRole role, const std::string& interface, std::uint8_t id) {
    const auto nat = config_.nat_router_device.substr(0, config_.nat_router_device.find(':'));
    const auto& r = description();
    const bool is_private = r.private_interface && interface == (nat.empty() ? "eth1" : nat);
    sync_.start(role, (is_private ? *r.private_interface : r.public_interface).address, id);
}
void RouterHost::stop() {
    sync_.stop();
}

// ---- the journal ----

void RouterHost::tell(const ports::RouterEvent& event) {
    if (world::is_of_dataplane(event)) {
        return;
    }
    if (auto told = world::journal_event(event, index_, scenario_, director_.services())) {
        sink_.take({now(), std::move(*told)});
    }
}

}  // namespace lvslab::packet_world
