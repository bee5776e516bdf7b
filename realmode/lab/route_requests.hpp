// SPDX-License-Identifier: GPL-2.0-only
/// What a fault changes in a namespace at once, by rtnetlink: starting a program for it takes
/// tens of milliseconds in which the fault is told and not yet there.
#pragma once

#include <cstddef>
#include <string>

#include "core/base/quantities.hpp"
#include "realmode/lab/network_namespace.hpp"

namespace lvslab::lab {

/// From now on the device keeps what it is to send, up to so many bytes, and drops the rest
/// (sch_plug). Throws std::system_error naming the device, as release() does.
void plug(const NetworkNamespace& where, const std::string& device, std::size_t bytes);
/// A device that was plugged sends what it has kept, and from now on all at once.
void release(const NetworkNamespace& where, const std::string& device);

/// Datagrams to this port that come in by the device, which a rule of routing leaves unheard: their
/// sender does not notice (ip-rule(8), blackhole).
struct UnheardDatagrams {
    std::string device;
    Port port;
    friend auto operator<=>(const UnheardDatagrams&, const UnheardDatagrams&) = default;
};
/// Each throws std::system_error.
void leave_unheard(const NetworkNamespace& where, const UnheardDatagrams& which);
void hear_again(const NetworkNamespace& where, const UnheardDatagrams& which);

}  // namespace lvslab::lab
