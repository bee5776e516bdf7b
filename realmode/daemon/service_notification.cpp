// SPDX-License-Identifier: GPL-2.0-only
#include "realmode/daemon/service_notification.hpp"

#include <systemd/sd-daemon.h>

#include <fmt/format.h>

namespace lvslab::realmode {

void notify_ready() {
    sd_notify(0, "READY=1");
}
/// sd_notify(3): with the time at which the reload began, for Type=notify-reload.
void notify_reloading() {
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    const auto text =
        fmt::format("RELOADING=1\nMONOTONIC_USEC={}",
                    std::chrono::duration_cast<std::chrono::microseconds>(now).count());
    sd_notify(0, text.c_str());
}
void notify_stopping() {
    sd_notify(0, "STOPPING=1");
}
void notify_alive() {
    sd_notify(0, "WATCHDOG=1");
}
void notify_status(const std::string& line) {
    sd_notify(0, ("STATUS=" + line).c_str());
}

std::optional<Duration> watchdog_interval() {
    std::uint64_t microseconds = 0;
    if (sd_watchdog_enabled(0, &microseconds) <= 0) {
        return std::nullopt;
    }
    return std::chrono::microseconds(microseconds / 2);
}

}  // namespace lvslab::realmode
