// SPDX-License-Identifier: GPL-2.0-only
#include "realmode/daemon/host_cleaner.hpp"

#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "realmode/daemon/leftovers.hpp"
#include "realmode/daemon/process_log.hpp"

namespace lvslab::realmode {
namespace {

void warn(const std::string& text) {
    log(LogLevel::warning, text);
}

}  // namespace

HostCleaner::HostCleaner(std::string record_file) : record_file_(std::move(record_file)) {
    try {
        addresses_ = std::make_unique<FloatingAddresses>(loop_, warn);
    } catch (const std::system_error&) {
        // No permission: whoever starts a router says so, and nothing was left by one.
    }
    ipvs_ = KernelIpvs::open(warn).value.value_or(nullptr);
}

bool HostCleaner::clean(const Holdings& told, bool services) {
    if (!addresses_) {
        return false;
    }
    HoldingsRecord record(
        record_file_, [](const HoldingsChange&) {}, warn);
    record.add(told);
    const bool held_addresses = !record.holdings().addresses.empty();
    const HostParts host{*addresses_, ipvs_.get(), ipvs_.get()};
    for (const auto& line : clean_up(host, record, {services})) {
        warn(fmt::format("left behind by a router: {}", line));
    }
    return held_addresses;
}

}  // namespace lvslab::realmode
