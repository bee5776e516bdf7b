// SPDX-License-Identifier: GPL-2.0-only
#include "sim/flow/router_host.hpp"

#include <algorithm>
#include <utility>

#include "core/world/router_events.hpp"
#include "core/world/router_start.hpp"
#include "sim/flow/server_host.hpp"

namespace lvslab::flow_world {
namespace {

/// What a socket keeps for a daemon that does not read: net.core.rmem_default (212 992 bytes) holds
/// about so many small datagrams; more are lost.
constexpr std::size_t most_waiting = 256;

}  // namespace

RouterHost::Daemons::Daemons(RouterHost& host)
    : timers(host.around_.simulation),
      prober({host.around_.scenario, host.around_.simulation, host.around_.network,
              host.around_.servers, host.index_},
             timers),
      loads({host.around_.scenario, host.around_.simulation, host.around_.network,
             host.around_.servers, host.index_},
            timers),
      router(host.config_,
             ports::Ports{.timers = timers,
                          .dataplane = host.director_,
                          .sync = host,
                          .prober = prober,
                          .heartbeats = host,
                          .links = host,
                          .addresses = host,
                          .loads = loads,
                          .scripts = host,
                          .log = host},
             router::RouterOptions{.scheduler = host.options_.scheduler}) {}

RouterHost::RouterHost(const Surroundings& around, unsigned router,
                       const RouterHostOptions& options)
    : around_(around),
      index_(router),
      options_(options),
      config_(around.scenario.routers[router].config),
      director_(around.simulation, router, around.scenario,
                {.ipvs = {.seed = options.seed},
                 .scheduler = options.scheduler,
                 .segments = options.segments,
                 .connections = options.connections},
                around.sink),
      words_(options.seed, "heartbeats/" + around.scenario.routers[router].name) {}

RouterHost::~RouterHost() = default;

// ---- beginning and end ----

void RouterHost::begin_settled() {
    begin(world::settled_start(around_.scenario, options_.seed, index_));
}

void RouterHost::begin_cold() {
    starting_ = around_.simulation.at(
        Time{world::cold_start_after(around_.scenario, options_.seed, index_)},
        [this] { start_daemons(); });
}

void RouterHost::start_daemons() {
    if (!running()) {
        begin({});
    }
}

void RouterHost::begin(const router::RouterStart& start) {
    daemons_.reset();
    ++incarnation_;
    held_ = false;
    waiting_.clear();
    daemons_ = std::make_unique<Daemons>(*this);
    daemons_->router.start(start);
}

void RouterHost::crash() {
    around_.simulation.cancel(std::exchange(starting_, {}));
    daemons_.reset();
    ++incarnation_;
    held_ = false;
    waiting_.clear();
    stop();
    director_.lose_everything();
}

void RouterHost::boot() {
    director_.boot(description().at_boot);
    start_daemons();
}

void RouterHost::hold() {
    held_ = true;
    if (daemons_) {
        daemons_->timers.suspend();
    }
}

void RouterHost::go_on() {
    held_ = false;
    if (daemons_) {
        while (!waiting_.empty() && !held_) {
            const auto word = waiting_.front();
            waiting_.pop_front();
            hear(word);
        }
        daemons_->timers.resume();
    }
}

// What a daemon is asked while it is held up waits for it, as a signal does.

void RouterHost::kill_services() {
    if (running()) {
        daemons_->timers.at(around_.simulation.now(), [this] { daemons_->router.router_died(); });
    }
}

void RouterHost::hear_load(const Address& server, double load) {
    if (daemons_) {
        daemons_->loads.hear(server, load);
    }
}

void RouterHost::release() {
    if (running()) {
        daemons_->timers.at(around_.simulation.now(), [this] { daemons_->router.release(); });
    }
}

void RouterHost::terminate() {
    if (running()) {
        daemons_->timers.at(around_.simulation.now(), [this] { daemons_->router.terminate(); });
    }
}

void RouterHost::reload(const config::LvsConfig& config) {
    config_ = config;
    if (running()) {
        daemons_->timers.at(around_.simulation.now(), [this] { daemons_->router.reload(config_); });
    }
}

void RouterHost::look_at_links() {
    if (running()) {
        daemons_->timers.at(around_.simulation.now(),
                            [this] { daemons_->router.links_changed(links_up()); });
    }
}

// ---- heartbeats ----

void RouterHost::send(pulse::Path path, const pulse::WireWord& payload) {
    const auto side = path == pulse::Path::public_net ? Side::public_net : Side::private_net;
    for (unsigned to = 0; to < around_.routers.size(); ++to) {
        if (to == index_) {
            continue;
        }
        const auto route = around_.network.heartbeat_route(index_, to, side);
        const auto& other = *around_.routers[to];
        const bool meant = partner_on(path) == other.own_on(path) &&
                           other.partner_on(path) == own_on(path) &&
                           other.config_.heartbeat_port == config_.heartbeat_port;
        const bool lost = !meant || (route.loss > 0 && words_.uniform() < route.loss);
        if (!route.possible || lost) {
            continue;
        }
        around_.simulation.after(route.delay, [this, to, side, word = Word{path, payload}] {
            if (around_.network.heartbeat_route(index_, to, side).possible) {
                around_.routers[to]->hear(word);
            }
        });
    }
}

Address RouterHost::own_on(pulse::Path path) const {
    const auto& r = description();
    return path == pulse::Path::public_net ? r.public_interface.address
           : r.private_interface           ? r.private_interface->address
                                           : Address{};
}

/// Whom this router's own lvs.cf calls its partner.
Address RouterHost::partner_on(pulse::Path path) const {
    const bool primary = is_local(config_.primary);
    if (path == pulse::Path::public_net) {
        return primary ? config_.backup : config_.primary;
    }
    return primary ? config_.backup_private : config_.primary_private;
}

/// Words reach only daemons that listen at the port they are sent to.
void RouterHost::hear(const Word& word) {
    if (!daemons_) {
        return;
    }
    if (!held_) {
        daemons_->router.hear(word.first, word.second);
    } else if (waiting_.size() < most_waiting) {
        waiting_.push_back(word);
    }
}

// ---- ports ----

void RouterHost::raise(const ports::FloatingAddress& address) {
    around_.network.raise_address(index_, address.address);
}
void RouterHost::lower(const Address& address) {
    around_.network.lower_address(index_, address);
}
void RouterHost::announce(const Address& address) {
    around_.network.announce_address(index_, address);
}
/// The links of the networks that lvs.cf names for heartbeats (pulse.c, check_links).
bool RouterHost::links_up() const {
    return around_.network.has_carrier(index_, Side::public_net) &&
           (!description().private_interface ||
            around_.network.has_carrier(index_, Side::private_net));
}
bool RouterHost::is_local(const Address& address) const {
    const auto& r = description();
    return address == r.public_interface.address ||
           (r.private_interface && address == r.private_interface->address);
}
/// Nothing to run: the router's log says that it was.
void RouterHost::run(const std::string&) {}

// ---- connection sync: part of the kernel, so it goes on when the daemons are held up ----

/// The interface that lvs.cf gives NAT's address, or else the second one, is the private one.
void RouterHost::start(pulse::SyncRole role, const std::string& interface, std::uint8_t id) {
    stop();
    const auto nat = config_.nat_router_device.substr(0, config_.nat_router_device.find(':'));
    sync_private_ = description().private_interface && interface == (nat.empty() ? "eth1" : nat);
    if (role == pulse::SyncRole::backup) {
        director_.set_sync_backup(ipvs::SyncBackup{.syncid = id});
        sync_backup_ = true;
        return;
    }
    director_.set_sync_master(ipvs::SyncMaster{.syncid = id}, [this](const ipvs::SyncMessage& m) {
        const auto bytes = static_cast<std::uint32_t>(m.bytes.size());
        journal(journal::SyncSent{index_, m.connections, bytes});
        const auto side = sync_private_ ? Side::private_net : Side::public_net;
        for (unsigned to = 0; to < around_.routers.size(); ++to) {
            const auto route = around_.network.router_route(index_, to, side);
            if (to != index_ && route.possible) {
                around_.simulation.after(
                    route.delay, [this, to, datagram = m.bytes, is_private = sync_private_] {
                        around_.routers[to]->hear_sync(datagram, is_private);
                    });
            }
        }
    });
}

void RouterHost::stop() {
    director_.set_sync_master(std::nullopt, {});
    director_.set_sync_backup(std::nullopt);
    sync_backup_ = false;
}

void RouterHost::hear_sync(const std::vector<std::uint8_t>& datagram, bool private_net) {
    const Machine self{Machine::Kind::router, index_};
    if (!sync_backup_ || sync_private_ != private_net ||
        around_.network.state(self) != MachineState::up) {
        return;
    }
    const auto receipt = director_.apply_sync(datagram);
    if (receipt.taken) {
        journal(journal::SyncReceived{
            index_, receipt.made + receipt.updated + receipt.late + receipt.refused,
            receipt.refused});
    }
}

// ---- the journal ----

template <class Payload>
void RouterHost::journal(Payload payload) {
    around_.sink.take({around_.simulation.now(), std::move(payload)});
}

void RouterHost::tell(const ports::RouterEvent& event) {
    if (world::is_of_dataplane(event)) {
        return;
    }
    if (auto told = world::journal_event(event, index_, around_.scenario, director_.services())) {
        journal(std::move(*told));
    }
}

}  // namespace lvslab::flow_world
