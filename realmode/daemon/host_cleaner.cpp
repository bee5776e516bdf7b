// SPDX-License-Identifier: GPL-2.0-only
#include "realmode/daemon/host_cleaner.hpp"

#include <system_error>
#include <vector>

#include <fmt/format.h>

#include "realmode/daemon/leftovers.hpp"
#include "realmode/daemon/process_log.hpp"

namespace lvslab::realmode {
namespace {

void warn(const std::string& text) {
    log(LogLevel::warning, text);
}

void tell(const std::string& line) {
    warn(fmt::format("left behind by a router: {}", line));
}

}  // namespace

HostCleaner::HostCleaner(const DaemonOptions& options)
    : record_file_(record_file(options)),
      services_file_(services_file(options)),
      place_(this_place()) {
    try {
        addresses_ = std::make_unique<FloatingAddresses>(loop_, warn);
    } catch (const std::system_error&) {
        // No permission: whoever starts a router says so, and nothing was left by one.
    }
    ipvs_ = KernelIpvs::open(warn).value.value_or(nullptr);
}

bool HostCleaner::clean(const Holdings& told, const CleanUp& order) {
    if (!addresses_) {
        return false;
    }
    HoldingsRecord record(
        record_file_, [](const HoldingsChange&) {}, warn);
    record.add(told);
    const bool held_addresses = !record.holdings().addresses.empty();
    for (const auto& line : lower_leftovers(*addresses_, ipvs_.get(), record)) {
        tell(line);
    }
    if (ipvs_ && !order.keep_services) {
        clean_services(order.daemon_dies);
    }
    return held_addresses;
}

/// The file of services has one writer at a time: the daemon, until it is gone.
void HostCleaner::clean_services(bool daemon_dies) {
    if (daemon_dies) {
        const auto removed = OwnedIpvs::remove_claimed(*ipvs_, services_file_, place_, warn);
        for (const auto& key : removed.value.value_or(std::vector<ipvs::ServiceKey>{})) {
            tell(fmt::format("service {} removed", to_string(key)));
        }
        return;  // what went wrong is said when it is gone
    }
    auto own = OwnedIpvs::open(*ipvs_, services_file_, place_, warn);
    if (!own) {
        warn(own.diagnostics.to_string());
        return;
    }
    for (const auto& line : remove_services(**own)) {
        tell(line);
    }
}

}  // namespace lvslab::realmode
