// SPDX-License-Identifier: GPL-2.0-only
// What an administrator changes (ip_vs_ctl.c).
#include <algorithm>
#include <limits>

#include "core/ipvs/kernel_timer.hpp"
#include "core/ipvs/maglev.hpp"
#include "core/ipvs/model.hpp"
#include "core/ipvs/registered_scheduler.hpp"

namespace lvslab::ipvs {
namespace {

/// How often the trash is looked at: half of IP_VS_DEST_TRASH_PERIOD.
constexpr Duration trash_interval = std::chrono::seconds(60);
/// With Expiry::told, until when entries of removed servers are dropped (expire_nodest_conn):
/// work delayed by one tick, which the timer wheel makes two, then a worker's turn on a busy
/// machine.
constexpr Duration drop_latest = 4 * jiffy;

std::string stream_name(const ServiceKey& key) {
    return key.fwmark.value() != 0
               ? "fwmark " + std::to_string(key.fwmark.value())
               : std::string(to_string(key.protocol)) + " " + key.endpoint.to_string();
}

/// An address that can be a host's (inet_addr_type, ipv6_addr_type).
bool is_host_address(const Address& a) {
    if (a.is_v4()) {
        const auto first = a.v4_host_order() >> 24;
        return first != 0 && first < 224;
    }
    const bool link_local = a.bytes()[0] == 0xFE && (a.bytes()[1] & 0xC0) == 0x80;
    return !a.is_unspecified() && a.bytes()[0] != 0xFF && !link_local;
}

}  // namespace

Ipvs::Model::Model(const Options& options) : options_(options) {
    for (std::size_t s = 0; s < tcp_state_count; ++s) {
        tcp_timeouts_[s] = default_timeout(static_cast<TcpState>(s));
    }
}

ServiceKey Ipvs::Model::normalised(ServiceKey key) {
    if (key.fwmark.value() != 0) {
        key.protocol = Protocol::ip;
        key.endpoint = {};
    } else {
        key.family = key.endpoint.address.family();
    }
    return key;
}

Ipvs::Model::Lookup Ipvs::Model::lookup_of(const ServiceKey& key) {
    if (key.fwmark.value() != 0) {
        return {key.family, Protocol::ip, {}, key.fwmark.value()};
    }
    return {key.family, key.protocol, key.endpoint.address, key.endpoint.port.value()};
}

Service* Ipvs::Model::find_service(const ServiceKey& key) const {
    const auto found = lookup_.find(lookup_of(normalised(key)));
    return found == lookup_.end() ? nullptr : found->second;
}

void Ipvs::Model::bind_scheduler(Service& service, const SchedulerEntry& entry, Time now) {
    // One of the user's own may throw: then nothing has changed.
    const auto name = stream_name(service.key);
    auto made = make_scheduler(entry, {service.servers, options_, name, now});
    if (service.scheduler != nullptr) {
        service.scheduler->unbind();
    }
    service.entry = &entry;
    service.scheduler = std::move(made);
    service.servers.for_each([&](Destination& d) { d.scheduler = service.scheduler.get(); });
    plan_housekeeping();
}

/// What packets are looked at for, and whether they are at all (ip_vs_register_hooks).
void Ipvs::Model::count(const Service& service, std::uint32_t step) {
    services_of_family_[service.key.family == Family::ipv4 ? 0 : 1] += step;
    if (service.port() == ftp_port) {
        ftp_services_ += step;
    } else if (service.port() == 0) {
        any_port_services_ += step;
    }
}

ControlResult Ipvs::Model::add_service(ServiceKey key, const ServiceSettings& settings, Time now) {
    advance(now);
    key = normalised(key);
    if (find_service(key) != nullptr) {
        return ControlResult::exists;
    }
    const auto* entry = find_scheduler(settings.scheduler);
    if (entry == nullptr) {
        return ControlResult::unknown_scheduler;
    }
    const bool known =
        key.fwmark.value() != 0 || key.protocol == Protocol::tcp || key.protocol == Protocol::udp;
    const auto prefix = settings.persistence_prefix;
    if (!known || (key.family == Family::ipv6 && (prefix < 1 || prefix > 128))) {
        return ControlResult::invalid;
    }
    auto made = std::make_unique<Service>();
    made->key = key;
    made->settings = settings;
    bind_scheduler(*made, *entry, now);
    const auto& service = services_.emplace_back(std::move(made));
    count(*service, 1);
    lookup_[lookup_of(key)] = service.get();
    last_service_ = {};
    plan_housekeeping();
    return ControlResult::ok;
}

ControlResult Ipvs::Model::edit_service(ServiceKey key, const ServiceSettings& settings, Time now) {
    advance(now);
    auto* service = find_service(key);
    if (service == nullptr) {
        return ControlResult::no_such_service;
    }
    const auto* entry = find_scheduler(settings.scheduler);
    if (entry == nullptr) {
        return ControlResult::unknown_scheduler;
    }
    const auto prefix = settings.persistence_prefix;
    if (service->key.family == Family::ipv6 && (prefix < 1 || prefix > 128)) {
        return ControlResult::invalid;
    }
    if (entry != service->entry) {
        // Maglev's table does not start with more servers than slots (ip_vs_mh_init_svc).
        if (entry->name == "mh" && service->servers.size() > kernel_maglev_size) {
            bind_scheduler(*service, *service->entry, now);
            return ControlResult::invalid;
        }
        bind_scheduler(*service, *entry, now);
    }
    service->settings = settings;
    return ControlResult::ok;
}

ControlResult Ipvs::Model::remove_service(ServiceKey key, Time now) {
    advance(now);
    auto* service = find_service(key);
    if (service == nullptr) {
        return ControlResult::no_such_service;
    }
    lookup_.erase(lookup_of(service->key));
    last_service_ = {};
    service->scheduler->unbind();
    std::vector<Destination*> servers;
    service->servers.for_each([&](Destination& d) { servers.push_back(&d); });
    for (auto* d : servers) {
        service->servers.erase(*d);
        to_trash(*d, now);
    }
    count(*service, ~0U);
    std::erase_if(services_, [&](const auto& s) { return s.get() == service; });
    plan_housekeeping();
    return ControlResult::ok;
}

Destination* Ipvs::Model::find_destination(const Service& service, const Endpoint& server) {
    Destination* found = nullptr;
    service.servers.for_each([&](Destination& d) {
        if (d.endpoint == server) {
            found = &d;
        }
    });
    return found;
}

ControlResult Ipvs::Model::check(const Service& service, const Endpoint& server,
                                 const DestinationSettings& settings) {
    if (server.address.family() != service.key.family &&
        settings.method != ForwardingMethod::tunnel) {
        return ControlResult::invalid;
    }
    if (settings.weight.value() < 0 || settings.lower_threshold > settings.upper_threshold) {
        return ControlResult::out_of_range;
    }
    constexpr auto largest = static_cast<std::uint32_t>(std::numeric_limits<std::int32_t>::max());
    return settings.upper_threshold > largest ? ControlResult::invalid : ControlResult::ok;
}

Destination* Ipvs::Model::from_trash(const Service& service, const Endpoint& server) {
    for (auto i = trash_.size(); i-- > 0;) {
        auto* d = trash_[i];
        if (d->endpoint == server && d->service == service.key) {
            trash_.erase(trash_.begin() + static_cast<std::ptrdiff_t>(i));
            return d;
        }
    }
    return nullptr;
}

Destination& Ipvs::Model::new_destination(const Endpoint& server, const ServiceKey& service) {
    if (free_destinations_.empty()) {
        free_destinations_.push_back(static_cast<std::uint32_t>(destinations_.size()));
        destinations_.emplace_back();
    }
    const auto id = free_destinations_.back();
    free_destinations_.pop_back();
    destinations_[id] = std::make_unique<Destination>();
    auto& d = *destinations_[id];
    d.id = id;
    d.endpoint = server;
    d.service = service;
    return d;
}

void Ipvs::Model::apply(Destination& d, const DestinationSettings& settings) {
    d.weight = settings.weight.value();
    d.method = settings.method;
    set_thresholds(d, settings.upper_threshold, settings.lower_threshold);
}

ControlResult Ipvs::Model::add_destination(const ServiceKey& key, const Endpoint& server,
                                           const DestinationSettings& settings, Time now) {
    advance(now);
    auto* service = find_service(key);
    if (service == nullptr) {
        return ControlResult::no_such_service;
    }
    if (const auto result = check(*service, server, settings); result != ControlResult::ok) {
        return result;
    }
    if (find_destination(*service, server) != nullptr) {
        return ControlResult::exists;
    }
    auto* d = from_trash(*service, server);
    if (d == nullptr) {
        if (!is_host_address(server.address)) {
            return ControlResult::invalid;
        }
        d = &new_destination(server, service->key);
    }
    apply(*d, settings);
    d->last_weight = d->weight;
    d->available = true;
    d->scheduler = service->scheduler.get();
    if (service->servers.push_front(*d)) {
        service->scheduler->renumbered();
    }
    service->scheduler->added(*d);
    return ControlResult::ok;
}

ControlResult Ipvs::Model::edit_destination(const ServiceKey& key, const Endpoint& server,
                                            const DestinationSettings& settings, Time now) {
    advance(now);
    auto* service = find_service(key);
    if (service == nullptr) {
        return ControlResult::no_such_service;
    }
    if (const auto result = check(*service, server, settings); result != ControlResult::ok) {
        return result;
    }
    auto* d = find_destination(*service, server);
    if (d == nullptr) {
        return ControlResult::no_such_destination;
    }
    apply(*d, settings);
    if (d->weight != 0) {
        d->last_weight = d->weight;
    }
    service->scheduler->edited(*d);
    return ControlResult::ok;
}

ControlResult Ipvs::Model::remove_destination(const ServiceKey& key, const Endpoint& server,
                                              Time now) {
    advance(now);
    auto* service = find_service(key);
    if (service == nullptr) {
        return ControlResult::no_such_service;
    }
    auto* d = find_destination(*service, server);
    if (d == nullptr) {
        return ControlResult::no_such_destination;
    }
    service->servers.erase(*d);
    service->scheduler->removed(*d);
    to_trash(*d, now);
    return ControlResult::ok;
}

/// __ip_vs_del_dest: it waits for its old connections, and for being added again.
void Ipvs::Model::to_trash(Destination& d, Time now) {
    d.available = false;
    d.scheduler = nullptr;
    d.idle_since = never;
    if (trash_.empty()) {
        trash_due_ = now + trash_interval;
    }
    trash_.push_back(&d);
    // Work that is queued already is not queued again: it comes after this removal too.
    d.dropped_by = never;
    if (options_.expire_nodest_conn) {
        const auto by = now + (options_.expiry == Expiry::told ? drop_latest : jiffy);
        for (auto* removed : trash_) {
            removed->dropped_by = std::min(removed->dropped_by, by);
        }
        drop_since_ = std::min(drop_since_, now);
        drop_due_ = std::min(drop_due_, by);
    }
    plan_housekeeping();
}

/// ip_vs_dest_trash_expire: one without references is noted first, and goes 120 s later.
void Ipvs::Model::sweep_trash(Time now) {
    for (auto i = trash_.size(); i-- > 0;) {
        auto* d = trash_[i];
        if (d->references > 0) {
            continue;
        }
        if (d->idle_since == never) {
            d->idle_since = now;
        } else if (now >= d->idle_since + 2 * trash_interval) {
            trash_.erase(trash_.begin() + static_cast<std::ptrdiff_t>(i));
            free_destinations_.push_back(d->id);
            changed_ = changed_ == d ? nullptr : changed_;
            destinations_[d->id].reset();
        }
    }
    trash_due_ = trash_.empty() ? never : now + trash_interval;
}

void Ipvs::Model::set_timeouts(const Timeouts& timeouts) {
    const auto set = [](Duration& where, Duration value) {
        if (value != Duration::zero()) {
            where = value;
        }
    };
    set(tcp_timeouts_[static_cast<std::size_t>(TcpState::established)], timeouts.tcp);
    set(tcp_timeouts_[static_cast<std::size_t>(TcpState::fin_wait)], timeouts.tcp_fin);
    set(udp_timeout_, timeouts.udp);
}

void Ipvs::Model::set_options(const Options& options) {
    const auto made = options_;
    options_ = options;
    options_.profile = made.profile;
    options_.expiry = made.expiry;
    options_.wheel_phase = made.wheel_phase;
    options_.seed = made.seed;
}

DestinationStatus Ipvs::Model::status_of(const Destination& d) {
    return {d.endpoint, d.method,     Weight{d.weight}, d.upper_threshold, d.lower_threshold,
            d.active,   d.inactive(), d.persistent,     d.overloaded,      d.connections};
}

std::vector<DestinationStatus> Ipvs::Model::destinations(const ServiceKey& key) const {
    std::vector<DestinationStatus> list;
    if (const auto* service = find_service(key); service != nullptr) {
        list.reserve(service->servers.size());
        service->servers.for_each([&](const Destination& d) { list.push_back(status_of(d)); });
    }
    return list;
}

}  // namespace lvslab::ipvs
