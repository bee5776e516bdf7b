// SPDX-License-Identifier: GPL-2.0-only
/// What systemd is told (sd_notify(3)). Without systemd nothing happens.
#pragma once

#include <optional>
#include <string>

#include "core/base/time.hpp"

namespace lvslab::realmode {

void notify_ready();
void notify_reloading();
void notify_stopping();
void notify_alive();
/// A line for `systemctl status`.
void notify_status(const std::string& line);

/// How often systemd wants to hear that this process lives: half of WatchdogSec. Nothing if it
/// does not ask.
std::optional<Duration> watchdog_interval();

}  // namespace lvslab::realmode
