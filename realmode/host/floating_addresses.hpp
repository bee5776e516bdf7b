// SPDX-License-Identifier: GPL-2.0-only
/// VIPs and the NAT router's address on this host's interfaces, by rtnetlink.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "core/ports/address_owner.hpp"
#include "realmode/host/announcer.hpp"
#include "realmode/host/event_loop.hpp"
#include "realmode/host/route_socket.hpp"

namespace lvslab::realmode {

/// Raises as pulse's `ifconfig DEV VIP netmask M broadcast B up` did: the manual's "eth0:1" is the
/// label of an address of eth0. Without a device it is the one whose network has the address;
/// without a netmask the device's own holds. An IPv6 address is usable at once (no duplicate
/// address detection) and no source of connections that the host opens.
///
/// Every function throws std::system_error if the kernel does not tell of its interfaces: whoever
/// cannot know what it holds cannot go on.
///
/// What cannot be raised now (no such device) is one note, holds up nothing else, and is tried
/// again each second; when it succeeds, the address is announced once.
class FloatingAddresses final : public ports::AddressOwner {
public:
    using Note = std::function<void(std::string)>;
    /// An address that is held came (true) or went otherwise than by raise() and lower(): its
    /// device was not there before, or was taken away.
    using Changed = std::function<void(const Address& address, bool there)>;

    /// Throws std::system_error if the kernel gives no sockets. CAP_NET_RAW is needed here,
    /// CAP_NET_ADMIN later.
    FloatingAddresses(EventLoop& loop, Note note, Changed changed = {});
    FloatingAddresses(const FloatingAddresses&) = delete;
    FloatingAddresses& operator=(const FloatingAddresses&) = delete;

    void raise(const ports::FloatingAddress& address) override;
    void lower(const Address& address) override;
    void announce(const Address& address) override;

    /// What was asked for and not lowered since, in that order: what must be cleaned up if this
    /// process ends by itself. The destructor lowers nothing.
    std::vector<Address> held() const;
    /// It is held, and stands on an interface.
    bool has(const Address& address) const;

    /// Raises and announces once what is held but was taken away by others: with its link an
    /// interface loses its IPv6 addresses. For when the interfaces' addresses have changed, and
    /// after the words that wait were heard (HeartbeatSockets::read): a process that was held up
    /// may hold them no more.
    void restore();

    /// Lowers those of `addresses` that an interface of this host carries, whoever raised them,
    /// and gives them back: what a process that was killed left behind.
    std::vector<Address> lower_leftovers(std::span<const Address> addresses);

private:
    struct Held {
        ports::FloatingAddress address;
        int interface = 0;             ///< the one it is on; 0 = it is not raised
        bool failure_noted = false;    ///< of raising
        bool announce_failed = false;  ///< the same, of announcing
        bool known_there = false;      ///< as who listens to changes knows
    };
    struct Failure {
        std::string why;
    };

    std::variant<InterfaceAddress, Failure> place(const ports::FloatingAddress& address);
    void try_to_raise(Held& held);
    void raise_what_is_missing();
    void tell_changes();
    std::vector<InterfaceAddress> places_of(const Address& address);
    void remove(const Address& address);
    void put_back(const std::vector<InterfaceAddress>& before, const Address& removed);
    void try_again_later();

    Note note_;
    Changed changed_;
    RouteSocket route_;
    Announcer announcer_;
    std::vector<Held> held_;
    boost::asio::steady_timer retry_;
    bool retrying_ = false;
    std::shared_ptr<char> alive_;
};

}  // namespace lvslab::realmode
