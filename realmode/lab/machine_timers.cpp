// SPDX-License-Identifier: GPL-2.0-only
#include "realmode/lab/machine_timers.hpp"

#include <utility>

namespace lvslab::lab {

MachineTimers::~MachineTimers() {
    for (const auto& [id, alarm] : alarms_) {
        run_.cancel(alarm.of_run);
    }
}

ports::TimerId MachineTimers::at(Time when, std::function<void()> call) {
    const auto id = ++last_;
    alarms_.emplace(id, Alarm{run_.at(when, [this, id] { go_off(id); }), std::move(call)});
    return ports::TimerId{id};
}

void MachineTimers::cancel(ports::TimerId timer) {
    const auto found = alarms_.find(timer.value());
    if (found != alarms_.end()) {
        run_.cancel(found->second.of_run);
        alarms_.erase(found);
    }
}

void MachineTimers::go_off(std::uint64_t id) {
    if (suspended_) {
        overdue_.push_back(id);
        return;
    }
    const auto alarm = alarms_.extract(id);
    alarm.mapped().call();
}

void MachineTimers::resume() {
    suspended_ = false;
    for (const auto id : std::exchange(overdue_, {})) {
        if (const auto found = alarms_.find(id); found != alarms_.end()) {
            found->second.of_run = run_.at(run_.now(), [this, id] { go_off(id); });
        }
    }
}

}  // namespace lvslab::lab
