// SPDX-License-Identifier: GPL-2.0-only
/// Names of schedulers of the user's own that this process knows, beside the kernel's: what an
/// lvs.cf may name without its reader knowing any scheduler.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace lvslab {

/// Makes a name known for as long as it lives, in every thread.
class SchedulerName {
public:
    explicit SchedulerName(std::string name);
    ~SchedulerName();
    SchedulerName(const SchedulerName&) = delete;
    SchedulerName& operator=(const SchedulerName&) = delete;

    const std::string& text() const { return name_; }

private:
    std::string name_;
};

bool is_own_scheduler(std::string_view name);
/// In the order of the alphabet.
std::vector<std::string> own_scheduler_names();

}  // namespace lvslab
