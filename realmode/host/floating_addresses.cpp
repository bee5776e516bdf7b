// SPDX-License-Identifier: GPL-2.0-only
#include "realmode/host/floating_addresses.hpp"

#include <fmt/format.h>
#include <net/if.h>

#include <algorithm>
#include <chrono>
#include <utility>

namespace lvslab::realmode {
namespace {

constexpr auto retry_gap = std::chrono::seconds(1);

/// "eth0" of the manual's "eth0:1".
std::string device_of(const std::string& alias) {
    return alias.substr(0, alias.find(':'));
}

/// The alias name as far as the kernel takes it; IPv6 addresses have no labels.
std::string label_of(const ports::FloatingAddress& a) {
    const bool fits = a.device.size() < IFNAMSIZ;
    return a.address.is_v4() && fits && a.device != device_of(a.device) ? a.device : "";
}

unsigned whole_length(const Address& a) {
    return a.is_v4() ? 32 : 128;
}

/// The narrowest network that has the address, on any interface (0) or on one.
const InterfaceAddress* neighbour_of(const std::vector<InterfaceAddress>& all, const Address& a,
                                     int interface) {
    const InterfaceAddress* best = nullptr;
    for (const auto& candidate : all) {
        const auto& n = candidate.network;
        if ((interface == 0 || candidate.interface == interface) && n.contains(a) &&
            n.address != a && n.prefix_length < whole_length(a) &&
            (best == nullptr || best->network.prefix_length < n.prefix_length)) {
            best = &candidate;
        }
    }
    return best;
}

/// The interface's prefix: of the network that has the address, else of its first one.
unsigned prefix_length_on(const std::vector<InterfaceAddress>& all, const Address& a,
                          int interface) {
    if (const auto* neighbour = neighbour_of(all, a, interface)) {
        return neighbour->network.prefix_length;
    }
    const auto first = std::ranges::find_if(all, [&](const auto& other) {
        return other.interface == interface && other.network.address.family() == a.family();
    });
    return first == all.end() ? whole_length(a) : first->network.prefix_length;
}

bool same(const InterfaceAddress& a, const InterfaceAddress& b) {
    return a.interface == b.interface && a.network == b.network;
}

}  // namespace

FloatingAddresses::FloatingAddresses(EventLoop& loop, Note note, Changed changed)
    : note_(std::move(note)),
      changed_(std::move(changed)),
      retry_(loop),
      alive_(std::make_shared<char>()) {}

void FloatingAddresses::raise(const ports::FloatingAddress& address) {
    auto held =
        std::ranges::find(held_, address.address, [](const Held& h) { return h.address.address; });
    if (held == held_.end()) {
        held = held_.insert(held_.end(), Held{address, {}});
    } else {
        held->address = address;
    }
    try_to_raise(*held);
    held->known_there = held->interface != 0;
    try_again_later();
}

void FloatingAddresses::lower(const Address& address) {
    std::erase_if(held_, [&](const Held& h) { return h.address.address == address; });
    remove(address);
}

void FloatingAddresses::announce(const Address& address) {
    const auto held =
        std::ranges::find(held_, address, [](const Held& h) { return h.address.address; });
    if (held == held_.end() || held->interface == 0) {
        return;
    }
    const auto interface = route_.interface(held->interface);
    const auto failed = interface ? announcer_.announce(address, *interface)
                                  : std::make_error_code(std::errc::no_such_device);
    if (std::exchange(held->announce_failed, bool(failed)) != bool(failed) && failed) {
        note_(fmt::format("{} could not be announced{}: {}", address.to_string(),
                          interface ? " on " + interface->name : "", failed.message()));
    }
}

std::vector<Address> FloatingAddresses::held() const {
    std::vector<Address> out;
    for (const auto& held : held_) {
        out.push_back(held.address.address);
    }
    return out;
}

bool FloatingAddresses::has(const Address& address) const {
    return std::ranges::any_of(held_, [&](const Held& held) {
        return held.address.address == address && held.interface != 0;
    });
}

void FloatingAddresses::restore() {
    const auto all = route_.addresses();
    for (auto& held : held_) {
        const bool there = std::ranges::any_of(all, [&](const auto& a) {
            return a.interface == held.interface && a.network.address == held.address.address;
        });
        held.interface = there ? held.interface : 0;
    }
    raise_what_is_missing();
}

void FloatingAddresses::raise_what_is_missing() {
    for (auto& held : held_) {
        if (held.interface != 0) {
            continue;
        }
        try_to_raise(held);
        if (held.interface != 0) {
            const auto interface = route_.interface(held.interface);
            note_(fmt::format("{} raised after all{}", held.address.address.to_string(),
                              interface ? " on " + interface->name : ""));
            announce(held.address.address);
        }
    }
    tell_changes();
    try_again_later();
}

/// Who is told may raise and lower.
void FloatingAddresses::tell_changes() {
    std::vector<std::pair<Address, bool>> changes;
    for (auto& held : held_) {
        if (const bool there = held.interface != 0;
            std::exchange(held.known_there, there) != there) {
            changes.emplace_back(held.address.address, there);
        }
    }
    for (const auto& [address, there] : changes) {
        if (changed_) {
            changed_(address, there);
        }
    }
}

std::vector<Address> FloatingAddresses::lower_leftovers(std::span<const Address> addresses) {
    std::vector<Address> out;
    for (const auto& address : addresses) {
        if (!places_of(address).empty()) {
            lower(address);
            out.push_back(address);
        }
    }
    return out;
}

/// Where an address goes: device, prefix and label.
std::variant<InterfaceAddress, FloatingAddresses::Failure> FloatingAddresses::place(
    const ports::FloatingAddress& a) {
    InterfaceAddress out{0, {a.address, a.prefix_length.value_or(0)}, label_of(a)};
    if (!a.device.empty()) {
        const auto interface = route_.interface(device_of(a.device));
        if (!interface) {
            return Failure{fmt::format("no interface {}", device_of(a.device))};
        }
        out.interface = interface->index;
    }
    if (out.interface != 0 && a.prefix_length) {
        return out;
    }
    const auto all = route_.addresses();
    if (out.interface == 0) {
        const auto* neighbour = neighbour_of(all, a.address, 0);
        if (neighbour == nullptr) {
            return Failure{"no device is given, and no interface has a network with this address"};
        }
        out.interface = neighbour->interface;
    }
    if (!a.prefix_length) {
        out.network.prefix_length = prefix_length_on(all, a.address, out.interface);
    }
    return out;
}

void FloatingAddresses::try_to_raise(Held& held) {
    const auto where = place(held.address);
    std::string why;
    if (const auto* failure = std::get_if<Failure>(&where)) {
        why = failure->why;
    } else {
        const auto& there = std::get<InterfaceAddress>(where);
        const auto failed = route_.add(there);
        if (failed) {
            why = failed.message();
        } else {
            held.interface = there.interface;
            held.failure_noted = false;
        }
    }
    if (!why.empty() && !std::exchange(held.failure_noted, true)) {
        note_(fmt::format("{} cannot be raised{}: {}; tried again each second",
                          held.address.address.to_string(),
                          held.address.device.empty() ? "" : " on " + held.address.device, why));
    }
}

/// Wherever it is, but for the loopback interface, where it is for other purposes.
std::vector<InterfaceAddress> FloatingAddresses::places_of(const Address& address) {
    const auto interfaces = route_.interfaces();
    auto out = route_.addresses();
    std::erase_if(out, [&](const auto& there) {
        const auto on = std::ranges::find(interfaces, there.interface, &Interface::index);
        return there.network.address != address || on == interfaces.end() || on->loopback;
    });
    return out;
}

void FloatingAddresses::remove(const Address& address) {
    const auto before = route_.addresses();
    for (const auto& there : places_of(address)) {
        if (const auto failed = route_.remove(there)) {
            note_(fmt::format("{} cannot be lowered: {}", address.to_string(), failed.message()));
        } else if (address.is_v4()) {
            put_back(before, address);
        }
    }
}

/// With the first address of a network the kernel takes away all others of it (devinet.c,
/// __inet_del_ifa, where promote_secondaries is 0).
void FloatingAddresses::put_back(const std::vector<InterfaceAddress>& before,
                                 const Address& removed) {
    const auto after = route_.addresses();
    for (const auto& there : before) {
        const bool stayed =
            std::ranges::any_of(after, [&](const auto& a) { return same(a, there); });
        if (stayed || there.network.address == removed || there.network.address.is_v6()) {
            continue;
        }
        if (const auto failed = route_.add(there)) {
            note_(fmt::format("{} went with {} and cannot be put back: {}",
                              there.network.to_string(), removed.to_string(), failed.message()));
        }
    }
}

void FloatingAddresses::try_again_later() {
    const auto waits = [](const Held& h) { return h.interface == 0; };
    if (retrying_ || std::ranges::none_of(held_, waits)) {
        return;
    }
    retrying_ = true;
    retry_.expires_after(retry_gap);
    retry_.async_wait([this, alive = std::weak_ptr(alive_)](boost::system::error_code e) {
        if (!e && !alive.expired()) {
            retrying_ = false;
            raise_what_is_missing();
        }
    });
}

}  // namespace lvslab::realmode
