// SPDX-License-Identifier: GPL-2.0-only
#include "core/health/check.hpp"

#include <algorithm>
#include <limits>
#include <stdexcept>
#include <utility>

#include "core/health/load.hpp"

namespace lvslab::health {

int successes_needed(const CheckSettings& settings) {
    if (settings.rise) {
        return *settings.rise;
    }
    const auto whole = settings.reentry / settings.interval;
    return static_cast<int>(std::clamp<decltype(whole)>(whole, 1, std::numeric_limits<int>::max()));
}

namespace {

const CheckSettings& usable(const CheckSettings& settings) {
    if (settings.interval <= Duration::zero() || settings.fall < 1 ||
        settings.rise.value_or(1) < 1 || settings.weight < Weight{0}) {
        throw std::invalid_argument(
            "health: interval, rise and fall must be above 0, weight not below");
    }
    return settings;
}

}  // namespace

Check::Check(CheckSettings settings) : settings_(usable(settings)), successes_(0) {
    // A server that was never seen to fail is put in by its first success.
    successes_ = successes_needed(settings_);
}

std::vector<Action> Check::step(const Event& event, Time now) {
    if (!running_ && !std::holds_alternative<Started>(event)) {
        return {};
    }
    now_ = now;
    std::visit([this](const auto& e) { on(e); }, event);
    return std::exchange(actions_, {});
}

void Check::on(const Started& started) {
    if (running_) {
        return;
    }
    running_ = true;
    if (started.found) {
        take_over(*started.found);
    } else if (started.settled) {
        up_ = in_service_ = true;
        weight_ = settings_.weight;
        actions_.emplace_back(AddServer{weight_});
    }
    if (started.first_probe > Duration::zero()) {
        probe_at_ = now_ + started.first_probe;
    } else {
        probe();
    }
}

/// What was counted stays: a server that is up stays up, and one on its way back goes on.
void Check::on(const Reconfigured& changed) {
    const auto before = std::exchange(settings_, usable(changed.settings));
    const auto needed = successes_needed(settings_);
    const bool never_probed = !up_ && successes_ == successes_needed(before);
    successes_ = never_probed ? needed : std::min(successes_, up_ ? needed : needed - 1);
    if (settings_.interval != before.interval && probe_at_ != never && probed_at_ != never) {
        probe_at_ = std::max(now_, probed_at_ + settings_.interval);
    }
    if (up_ && settings_.weight != before.weight) {
        change_weight(before.weight);
    } else if (!up_ && in_service_ && !settings_.quiesce) {
        take_out();
    }
}

void Check::on(const Woken&) {
    if (probe_at_ <= now_) {
        probe();
    }
}

void Check::on(const Probed& probed) {
    if (!probing_) {
        return;
    }
    probing_ = false;
    probed_at_ = now_;
    probe_at_ = now_ + settings_.interval;
    if (probed.up) {
        succeeded();
    } else {
        failed();
    }
}

void Check::on(const LoadIs& answer) {
    if (asking_ && up_ && answer.load) {
        set_weight(weight_under_load(settings_.weight, weight_, *answer.load));
    }
    asking_ = false;
}

void Check::on(const Stopped&) {
    if (in_service_) {
        actions_.emplace_back(RemoveServer{});
    }
    up_ = in_service_ = running_ = probing_ = asking_ = false;
    probe_at_ = never;
}

void Check::succeeded() {
    failures_ = 0;
    const auto needed = successes_needed(settings_);
    successes_ = std::min(successes_, needed - 1) + 1;
    if (up_) {
        adjust_weight();
    } else if (successes_ == needed) {
        put_in();
    }
}

void Check::failed() {
    ++failures_;
    if (!up_ || failures_ >= settings_.fall) {
        successes_ = 0;
        if (up_) {
            take_out();
        }
    }
}

/// A new server starts with a 32nd of its weight, so that it is not flooded.
void Check::put_in() {
    const auto full = settings_.weight.value();
    const Weight first{full == 0 ? 0 : std::max(1, full >> 5)};
    up_ = true;
    checks_ = 0;
    if (in_service_) {
        set_weight(first);
        return;
    }
    in_service_ = true;
    weight_ = first;
    actions_.emplace_back(AddServer{first});
}

/// A weight below the whole one rises from where it is. One above it is the load's, if that is
/// asked for.
void Check::take_over(Weight found) {
    in_service_ = true;
    weight_ = found;
    up_ = found > Weight{0} || settings_.weight == Weight{0};
    if (!up_) {
        successes_ = 0;
        if (!settings_.quiesce) {
            take_out();
        }
        return;
    }
    failures_ = settings_.fall - 1;
    if (!settings_.load_monitor) {
        set_weight(std::min(found, settings_.weight));
    }
}

void Check::take_out() {
    up_ = false;
    asking_ = false;
    failures_ = 0;
    if (settings_.quiesce) {
        set_weight(Weight{0});
        return;
    }
    in_service_ = false;
    weight_ = Weight{0};
    actions_.emplace_back(RemoveServer{});
}

/// Each step comes after as many successes as fit into 20 s, as nanny counts it: a weight doubles
/// until it is whole, from then on it follows the load.
void Check::adjust_weight() {
    const auto checks_a_step = std::max<std::int64_t>(1, weight_step / settings_.interval);
    if (++checks_ < checks_a_step) {
        return;
    }
    checks_ = 0;
    if (weight_ < settings_.weight) {
        const auto doubled = std::int64_t{weight_.value()} * 2;
        set_weight(Weight{
            static_cast<std::int32_t>(std::min<std::int64_t>(doubled, settings_.weight.value()))});
    } else if (settings_.load_monitor && !asking_) {
        asking_ = true;
        actions_.emplace_back(AskLoad{});
    }
}

/// Who had its whole weight has the new one at once; who was still rising goes on from where it is.
void Check::change_weight(Weight from) {
    set_weight(weight_ >= from ? settings_.weight : std::min(weight_, settings_.weight));
}

void Check::set_weight(Weight weight) {
    if (weight != weight_) {
        weight_ = weight;
        actions_.emplace_back(SetWeight{weight});
    }
}

void Check::probe() {
    probing_ = true;
    probe_at_ = never;
    actions_.emplace_back(StartProbe{});
}

}  // namespace lvslab::health
