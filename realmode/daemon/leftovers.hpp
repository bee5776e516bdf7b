// SPDX-License-Identifier: GPL-2.0-only
/// Taking out of this host what a router has left there that is no more.
#pragma once

#include <string>
#include <vector>

#include "core/ports/dataplane.hpp"
#include "core/ports/sync_channel.hpp"
#include "realmode/daemon/holdings_record.hpp"
#include "realmode/host/floating_addresses.hpp"

namespace lvslab::realmode {

/// This host, as far as a router leaves something in it.
struct HostParts {
    FloatingAddresses& addresses;
    ports::Dataplane* ipvs = nullptr;  ///< null: this kernel has no IPVS
    ports::SyncChannel* sync = nullptr;
};

/// What of the holdings is to go.
struct CleaningOrder {
    bool services = true;
};

/// Takes out what the record names, the addresses first, and what is out also out of the record.
/// Gives a line for each thing that was there.
std::vector<std::string> clean_up(HostParts host, HoldingsRecord& record,
                                  const CleaningOrder& order);

}  // namespace lvslab::realmode
