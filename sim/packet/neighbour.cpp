// SPDX-License-Identifier: GPL-2.0-only
#include "sim/packet/neighbour.hpp"

namespace lvslab::packet_world {

using State = NeighbourState;

NeighbourState Neighbour::state(Time now) const {
    return state_ == State::reachable && now > reachable_until_ ? State::stale : state_;
}

Neighbour::Step Neighbour::use(Time now) {
    // The kernel's timer would have made it stale; a packet sent while it was reachable leaves no
    // mark there (neigh_hh_output), so nobody misses that timer here.
    state_ = state(now);
    switch (state_) {
        case State::stale:
            state_ = State::delay;
            updated_ = now;
            timer_ = now + delay_first_probe;
            return {.timer = timer_};
        case State::none:
        case State::failed:
            state_ = State::incomplete;
            updated_ = now;
            probes_ = 0;
            return ask(now);
        case State::incomplete:
        case State::reachable:
        case State::delay:
        case State::probe:
            break;
    }
    return {};
}

Neighbour::Step Neighbour::ask(Time now) {
    ++probes_;
    timer_ = now + retransmission;
    return {.ask = state_ == State::probe ? Step::Ask::by_unicast : Step::Ask::by_broadcast,
            .timer = timer_};
}

Neighbour::Step Neighbour::expire(Time now) {
    if (now < timer_) {
        return {};  // a timer that a later event has put off
    }
    timer_ = never;
    if (state_ == State::delay) {
        state_ = State::probe;
        updated_ = now;
        probes_ = 0;
    }
    if (state_ != State::probe && state_ != State::incomplete) {
        return {};
    }
    if (probes_ >= probes) {
        state_ = State::failed;
        updated_ = now;
        return {};
    }
    return ask(now);
}

void Neighbour::learn(const ns3::Mac48Address& mac, bool confirms, bool override,
                      Duration reachable, Time now) {
    state_ = state(now);
    const bool valid = is_usable();
    const bool changed = !valid || mac_ != mac;
    // Of several answers the first one counts (arp_process: "use the FIRST one").
    if (valid && changed && !override && updated_ != Time::min() && now <= updated_ + lock_time) {
        return;
    }
    auto next = confirms ? State::reachable : State::stale;
    if (valid && !changed && !confirms) {
        next = state_;  // nothing new, and no confirmation either
    }
    if (next != state_ || changed) {
        updated_ = now;
    }
    if (confirms) {
        reachable_until_ = now + reachable;
    }
    if (next != state_) {
        timer_ = never;
    }
    state_ = next;
    mac_ = mac;
}

}  // namespace lvslab::packet_world
