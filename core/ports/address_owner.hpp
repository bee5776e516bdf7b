// SPDX-License-Identifier: GPL-2.0-only
/// Floating addresses: VIPs, and the NAT router's.
#pragma once

#include <optional>
#include <string>

#include "core/base/address.hpp"

namespace lvslab::ports {

/// An address that goes from router to router, as lvs.cf describes it.
struct FloatingAddress {
    Address address;
    std::string device;                     ///< "eth0:1"; empty = not given
    std::optional<unsigned> prefix_length;  ///< of vip_nmask or nat_nmask; unset = the interface's
    friend bool operator==(const FloatingAddress&, const FloatingAddress&) = default;
};

class AddressOwner {
public:
    virtual ~AddressOwner() = default;

    /// The node has the address from now on, and tells nobody. No error if it has it already.
    virtual void raise(const FloatingAddress& address) = 0;
    /// The node has it no more. No error if it has not got it.
    virtual void lower(const Address& address) = 0;
    /// One gratuitous ARP reply (send_arp.c; one unsolicited neighbour advertisement under IPv6).
    /// How many there are, and when, is pulse's rule.
    virtual void announce(const Address& address) = 0;
};

}  // namespace lvslab::ports
