// SPDX-License-Identifier: GPL-2.0-only
/// Taking out of this host what a router has left there that is no more.
#pragma once

#include <string>
#include <vector>

#include "core/ports/sync_channel.hpp"
#include "realmode/daemon/holdings_record.hpp"
#include "realmode/host/floating_addresses.hpp"
#include "realmode/ipvs/owned_ipvs.hpp"

namespace lvslab::realmode {

/// Lowers the addresses that the record names, ends the sync daemon if it names one (`sync` may be
/// null: this kernel has no IPVS), and strikes out what is gone. Gives a line for each address that
/// was there.
std::vector<std::string> lower_leftovers(FloatingAddresses& addresses, ports::SyncChannel* sync,
                                         HoldingsRecord& record);

/// Removes the router's own services. A line for each.
std::vector<std::string> remove_services(OwnedIpvs& own);

}  // namespace lvslab::realmode
