// SPDX-License-Identifier: GPL-2.0-only
/// Who carries out the checks of real servers.
#pragma once

#include <cstdint>
#include <functional>

#include "core/base/quantities.hpp"
#include "core/health/probe.hpp"

namespace lvslab::ports {

/// A probe that is under way. 0 = none.
using ProbeId = Quantity<struct ProbeTag, std::uint64_t>;

class Prober {
public:
    virtual ~Prober() = default;

    /// Begins one probe and calls once when it has ended, by its own limits at the latest; never
    /// from within start(). It judges the answer as core/health says.
    virtual ProbeId start(const health::Probe& probe, std::function<void(bool up)> ended) = 0;
    /// Breaks it off: the call does not come any more. One that has ended, or none, is no error.
    virtual void cancel(ProbeId probe) = 0;
};

}  // namespace lvslab::ports
