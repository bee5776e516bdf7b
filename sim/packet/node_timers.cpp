// SPDX-License-Identifier: GPL-2.0-only
#include "sim/packet/node_timers.hpp"

#include <algorithm>

#include "sim/packet/clock.hpp"

namespace lvslab::packet_world {

NodeTimers::~NodeTimers() {
    event_.Cancel();
}

Time NodeTimers::now() const {
    return packet_world::now();
}

ports::TimerId NodeTimers::at(Time when, std::function<void()> call) {
    const auto id = ++last_;
    const Time due = std::max(when, now());
    if (due != never) {
        alarms_.emplace(Key{due, id}, std::move(call));
        when_.emplace(id, due);
        arm();
    }
    return ports::TimerId{id};
}

void NodeTimers::cancel(ports::TimerId timer) {
    const auto found = when_.find(timer.value());
    if (found != when_.end()) {
        alarms_.erase(Key{found->second, found->first});
        when_.erase(found);
        arm();
    }
}

void NodeTimers::suspend() {
    suspended_ = true;
    event_.Cancel();
}

void NodeTimers::resume() {
    suspended_ = false;
    arm();
}

void NodeTimers::arm() {
    const Time due = alarms_.empty() ? never : alarms_.begin()->first.first;
    if (suspended_ || (event_.IsRunning() && armed_for_ == due)) {
        return;
    }
    event_.Cancel();
    if (due != never) {
        armed_for_ = due;
        event_ = ns3::Simulator::Schedule(to_ns3(std::max(due - now(), Duration{})),
                                          &NodeTimers::go_off, this);
    }
}

void NodeTimers::go_off() {
    while (!suspended_ && !alarms_.empty() && alarms_.begin()->first.first <= now()) {
        auto alarm = alarms_.extract(alarms_.begin());
        when_.erase(alarm.key().second);
        alarm.mapped()();
    }
    arm();
}

}  // namespace lvslab::packet_world
