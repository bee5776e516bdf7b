// SPDX-License-Identifier: GPL-2.0-only
/// Whether another host of a network holds an address: asked there, and no table is changed by it.
#pragma once

#include <string>
#include <vector>

#include "core/base/address.hpp"
#include "realmode/host/arp_frame.hpp"

namespace lvslab::realmode {

/// An address to ask for on an interface ("eth0").
struct AddressQuestion {
    Address address;
    std::string device;
    friend auto operator<=>(const AddressQuestion&, const AddressQuestion&) = default;
};

/// Somebody on the device's network said that the address is its own.
struct AddressHolder {
    Address address;
    std::string device;
    HardwareAddress hardware_address{};
    friend bool operator==(const AddressHolder&, const AddressHolder&) = default;
};

struct AddressProbe {
    std::vector<AddressHolder> holders;  ///< each once, in the order of the questions
    /// What was asked of a device that took the question.
    std::vector<AddressQuestion> asked;
    std::vector<std::string> failures;  ///< why a device was not asked, one sentence each
};

/// Asks all of it at once, three times, by ARP probes (RFC 5227, 2.1) or solicitations of duplicate
/// address detection (RFC 4862, 5.4), with the frames of the standards but not their patience: it
/// takes a second in all, where RFC 5227 gives up to seven. Nothing is asked of a device that is
/// not there, is down or does no ARP. Needs CAP_NET_RAW. Blocks.
AddressProbe probe_addresses(const std::vector<AddressQuestion>& questions);

}  // namespace lvslab::realmode
