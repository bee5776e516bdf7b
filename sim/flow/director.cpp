// SPDX-License-Identifier: GPL-2.0-only
#include "sim/flow/director.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>

#include "core/world/configurations.hpp"

namespace lvslab::flow_world {
namespace {

using ipvs::ControlResult;
using scenario::MembershipChange;

ServerIndex index_of(const scenario::Scenario& scenario) {
    std::vector<Address> addresses;
    for (const auto& server : scenario.servers) {
        addresses.push_back(server.interface.address);
    }
    return ServerIndex(addresses);
}

}  // namespace

Director::Director(Simulation& simulation, unsigned router, const scenario::Scenario& scenario,
                   const DirectorOptions& options, journal::Sink& sink)
    : simulation_(simulation),
      router_(router),
      options_(options),
      sink_(sink),
      services_(world::all_services(scenario, options.scheduler)),
      servers_(index_of(scenario)),
      ipvs_(options.ipvs) {
    counters_.router = router;
    boot(scenario.routers.at(router).running);
}

template <class Payload>
void Director::tell(Payload payload) {
    sink_.take({simulation_.now(), std::move(payload)});
}

void Director::boot(const scenario::HostFiles& files) {
    marks_ = files.marks;
    forwarding_ = files.ip_forward;
    scenario::apply(files.ipvs, options_.ipvs);
    options_.ipvs.ftp_helper = files.ftp_helper;
    ipvs_.set_options(options_.ipvs);
}

void Director::lose_everything() {
    send_sync_ = {};
    arm_sync();
    ipvs_ = ipvs::Ipvs(options_.ipvs);
}

// ---- what it is told ----

std::uint32_t Director::service_index(const ipvs::ServiceKey& key) const {
    const auto found = std::ranges::find(services_, key, &router::DesiredService::key);
    return found == services_.end() ? journal::no_index
                                    : static_cast<std::uint32_t>(found - services_.begin());
}

ControlResult Director::add_service(const ipvs::ServiceKey& key,
                                    const ipvs::ServiceSettings& settings) {
    const auto result = ipvs_.add_service(key, settings, simulation_.now());
    if (result == ControlResult::ok) {
        tell(journal::ServiceSet{router_, service_index(key), settings.scheduler,
                                 settings.persistent, settings.persistence_mask});
    }
    return result;
}

ControlResult Director::edit_service(const ipvs::ServiceKey& key,
                                     const ipvs::ServiceSettings& settings) {
    const auto result = ipvs_.edit_service(key, settings, simulation_.now());
    if (result == ControlResult::ok) {
        tell(journal::ServiceSet{router_, service_index(key), settings.scheduler,
                                 settings.persistent, settings.persistence_mask});
    }
    return result;
}

ControlResult Director::remove_service(const ipvs::ServiceKey& key) {
    const auto servers = ipvs_.destinations(key);
    const auto result = ipvs_.remove_service(key, simulation_.now());
    if (result == ControlResult::ok) {
        const auto service = service_index(key);
        for (const auto& d : servers) {
            tell(journal::DestinationRemoved{router_, service, server_index(d.endpoint.address)});
        }
        tell(journal::ServiceRemoved{router_, service});
    }
    return result;
}

ControlResult Director::add_destination(const ipvs::ServiceKey& service, const Endpoint& server,
                                        const ipvs::DestinationSettings& settings) {
    const auto result = ipvs_.add_destination(service, server, settings, simulation_.now());
    if (result == ControlResult::ok) {
        tell(journal::DestinationAdded{router_, service_index(service),
                                       server_index(server.address), settings.weight.value()});
    }
    return result;
}

ControlResult Director::edit_destination(const ipvs::ServiceKey& service, const Endpoint& server,
                                         const ipvs::DestinationSettings& settings) {
    const auto result = ipvs_.edit_destination(service, server, settings, simulation_.now());
    if (result == ControlResult::ok) {
        tell(journal::DestinationEdited{router_, service_index(service),
                                        server_index(server.address), settings.weight.value()});
    }
    return result;
}

ControlResult Director::remove_destination(const ipvs::ServiceKey& service,
                                           const Endpoint& server) {
    const auto result = ipvs_.remove_destination(service, server, simulation_.now());
    if (result == ControlResult::ok) {
        tell(journal::DestinationRemoved{router_, service_index(service),
                                         server_index(server.address)});
    }
    return result;
}

void Director::set_timeouts(const ipvs::Timeouts& timeouts) {
    ipvs_.set_timeouts(timeouts);
}

void Director::clear() {
    for (const auto& service : services_) {
        remove_service(service.key);
    }
}

void Director::load(const config::LvsConfig& config) {
    set_timeouts(router::desired_timeouts(config));
    for (const auto& service : router::desired_services(config, options_.scheduler)) {
        if (add_service(service.key, service.settings) != ControlResult::ok) {
            throw std::runtime_error(
                fmt::format("IPVS does not take virtual service {}", service.name));
        }
        for (const auto& d : service.destinations) {
            if (d.active &&
                add_destination(service.key, d.endpoint, d.settings) != ControlResult::ok) {
                throw std::runtime_error(
                    fmt::format("IPVS does not take real server {} of {}", d.name, service.name));
            }
        }
    }
}

void Director::change_membership(const MembershipChange& change, const config::LvsConfig& config) {
    for (const auto& service : router::desired_services(config, options_.scheduler)) {
        for (const auto& d : service.destinations) {
            if (server_index(d.endpoint.address) != change.server) {
                continue;
            }
            auto settings = d.settings;
            if (change.kind == MembershipChange::Kind::leave) {
                remove_destination(service.key, d.endpoint);
            } else if (change.kind == MembershipChange::Kind::quiesce) {
                settings.weight = Weight{0};
                edit_destination(service.key, d.endpoint, settings);
            } else if (add_destination(service.key, d.endpoint, settings) ==
                       ControlResult::exists) {
                // It was quiesced, not taken out.
                edit_destination(service.key, d.endpoint, settings);
            }
        }
    }
}

// ---- segments ----

Fwmark Director::mark_of(Protocol protocol, const Endpoint& client, const Endpoint& to) const {
    return marks_.empty() ? Fwmark{} : scenario::mark_of(marks_, protocol, client.address, to);
}

ipvs::Verdict Director::take_request(ipvs::Segment segment) {
    segment.mark = mark_of(segment.protocol, segment.source, segment.destination);
    // Who wants to see each packet sees each packet.
    const auto times = options_.segments ? segment.count : 1;
    if (options_.segments) {
        segment.count = 1;
    }
    ipvs::Verdict verdict;
    for (std::uint32_t i = 0; i < times; ++i) {
        const auto met = ipvs_.step(segment, simulation_.now());
        tell_segment(segment, met);
        count(segment, met);
        if (met.action == ipvs::Action::reject || met.origin == ipvs::Origin::scheduled ||
            met.origin == ipvs::Origin::persistence) {
            tell_decision(segment, met);
        }
        if (i == 0) {
            verdict = met;
        }
    }
    if (send_sync_) {
        arm_sync();
    }
    return verdict;
}

ipvs::Verdict Director::take_reply(const ipvs::Segment& given) {
    auto segment = given;
    const auto times = options_.segments ? segment.count : 1;
    if (options_.segments) {
        segment.count = 1;
    }
    ipvs::Verdict verdict;
    for (std::uint32_t i = 0; i < times; ++i) {
        verdict = ipvs_.step(segment, simulation_.now());
        if (verdict.action != ipvs::Action::pass) {
            tell_segment(segment, verdict);
        }
        count(segment, verdict);
    }
    if (send_sync_) {
        arm_sync();
    }
    return verdict;
}

void Director::count(const ipvs::Segment& segment, const ipvs::Verdict& verdict) {
    const auto n = segment.count;
    counters_.seen += n;
    switch (verdict.action) {
        case ipvs::Action::pass:
            counters_.passed += n;
            break;
        case ipvs::Action::forward:
            if (segment.direction == ipvs::Direction::from_client) {
                counters_.forwarded += n;
            } else if (forwarding_) {
                counters_.replies += n;
            } else {
                counters_.dropped += n;
            }
            break;
        case ipvs::Action::drop:
            counters_.dropped += n;
            break;
        case ipvs::Action::reject:
            counters_.rejected += n;
            break;
        case ipvs::Action::reset:
            counters_.reset += n;
            break;
    }
}

void Director::tell_decision(const ipvs::Segment& segment, const ipvs::Verdict& verdict) {
    if (!options_.connections) {
        return;
    }
    const bool chosen = verdict.action == ipvs::Action::forward;
    tell(journal::Decision{router_, service_of(segment),
                           chosen ? server_index(verdict.server.address) : journal::no_index,
                           static_cast<std::uint8_t>(chosen ? verdict.origin : ipvs::Origin::none),
                           segment.source, segment.destination});
}

void Director::tell_segment(const ipvs::Segment& segment, const ipvs::Verdict& verdict) {
    if (!options_.segments) {
        return;
    }
    const bool reply = segment.direction == ipvs::Direction::from_server;
    tell(journal::SegmentSeen{router_, reply, static_cast<std::uint8_t>(segment.protocol),
                              static_cast<std::uint8_t>(segment.flags), segment.mark.value(),
                              reply ? segment.destination : segment.source,
                              reply ? verdict.virtual_endpoint : segment.destination,
                              static_cast<journal::Passage>(verdict.action),
                              verdict.action == ipvs::Action::forward ? verdict.server : Endpoint{},
                              static_cast<std::uint8_t>(verdict.method)});
}

/// As IPVS looks services up: by mark, then by address and port, then by port 0.
std::uint32_t Director::service_of(const ipvs::Segment& segment) const {
    const auto at = [&](const Port& port) {
        return [&, port](const router::DesiredService& s) {
            return s.key.fwmark == Fwmark{} && s.key.protocol == segment.protocol &&
                   s.key.endpoint == Endpoint{segment.destination.address, port};
        };
    };
    auto found = services_.end();
    if (segment.mark != Fwmark{}) {
        found = std::ranges::find_if(services_,
                                     [&](const auto& s) { return s.key.fwmark == segment.mark; });
    }
    for (const auto port : {segment.destination.port, Port{0}}) {
        if (found == services_.end()) {
            found = std::ranges::find_if(services_, at(port));
        }
    }
    return found == services_.end() ? journal::no_index
                                    : static_cast<std::uint32_t>(found - services_.begin());
}

// ---- connection sync ----

void Director::set_sync_master(const std::optional<ipvs::SyncMaster>& daemon, SendSync send) {
    ipvs_.set_sync_master(daemon, simulation_.now());
    send_sync_ = daemon ? std::move(send) : SendSync();
    arm_sync();
}

void Director::set_sync_backup(const std::optional<ipvs::SyncBackup>& daemon) {
    ipvs_.set_sync_backup(daemon);
}

ipvs::SyncReceipt Director::apply_sync(std::span<const std::uint8_t> datagram) {
    return ipvs_.apply_sync(datagram, simulation_.now());
}

/// Each segment may bring the next sync message nearer.
void Director::arm_sync() {
    const Time due = send_sync_ ? ipvs_.next_sync_message() : never;
    if (due == sync_at_) {
        return;
    }
    simulation_.cancel(std::exchange(sync_event_, {}));
    sync_at_ = due;
    if (due != never) {
        sync_event_ = simulation_.at(due, [this] {
            sync_at_ = never;
            for (const auto& message : ipvs_.take_sync_messages(simulation_.now())) {
                send_sync_(message);
            }
            arm_sync();
        });
    }
}

void Director::sample() {
    ipvs_.advance(simulation_.now());
    for (std::uint32_t i = 0; i < services_.size(); ++i) {
        for (const auto& d : ipvs_.destinations(services_[i].key)) {
            tell(journal::DestinationLoad{router_, i, server_index(d.endpoint.address),
                                          d.weight.value(), d.active, d.inactive});
        }
    }
    tell(counters_);
}

}  // namespace lvslab::flow_world
