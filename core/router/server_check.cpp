// SPDX-License-Identifier: GPL-2.0-only
#include "core/router/server_check.hpp"

#include <utility>

namespace lvslab::router {

ServerCheck::ServerCheck(CheckOrder order, const ports::Ports& ports, std::function<void()> changed)
    : order_(std::move(order)),
      ports_(ports),
      changed_(std::move(changed)),
      check_(order_.settings),
      self_(std::make_shared<ServerCheck*>(this)) {}

ServerCheck::~ServerCheck() {
    ports_.timers.cancel(timer_);
    ports_.prober.cancel(probe_);
}

void ServerCheck::start(const health::Started& started) {
    hand_in(started);
}

void ServerCheck::reconfigure(CheckOrder order) {
    order_ = std::move(order);
    hand_in(health::Reconfigured{order_.settings});
}

void ServerCheck::stop() {
    ports_.prober.cancel(std::exchange(probe_, {}));
    hand_in(health::Stopped{});
}

std::optional<Weight> ServerCheck::weight_in_service() const {
    return check_.in_service() ? std::optional{check_.weight()} : std::nullopt;
}

void ServerCheck::hand_in(const health::Event& event) {
    bool changed = false;
    for (const auto& action : check_.step(event, ports_.timers.now())) {
        if (std::holds_alternative<health::StartProbe>(action)) {
            probe();
        } else if (std::holds_alternative<health::AskLoad>(action)) {
            ask_load();
        } else {
            changed = true;
        }
    }
    set_timer();
    if (changed) {
        changed_();
    }
}

void ServerCheck::set_timer() {
    const auto due = check_.next_deadline();
    if (due == timer_at_) {
        return;
    }
    ports_.timers.cancel(std::exchange(timer_, {}));
    timer_at_ = due;
    if (due != never) {
        timer_ = ports_.timers.at(due, [this] {
            timer_ = {};
            timer_at_ = never;
            hand_in(health::Woken{});
        });
    }
}

void ServerCheck::probe() {
    probe_began_ = ports_.timers.now();
    probe_ = ports_.prober.start(order_.probe, [this](bool up) {
        probe_ = {};
        ports_.log.tell(ports::CheckEnded{order_.service, order_.server, up,
                                          ports_.timers.now() - probe_began_});
        hand_in(health::Probed{up});
    });
}

/// A world may answer long after this checker has gone.
void ServerCheck::ask_load() {
    if (!order_.load) {
        hand_in(health::LoadIs{});
        return;
    }
    ports_.loads.ask(order_.server.endpoint.address, *order_.load,
                     [self = std::weak_ptr(self_)](std::optional<double> load) {
                         if (const auto alive = self.lock()) {
                             auto& check = **alive;
                             check.ports_.log.tell(ports::LoadMeasured{check.order_.service,
                                                                       check.order_.server, load});
                             check.hand_in(health::LoadIs{load});
                         }
                     });
}

}  // namespace lvslab::router
