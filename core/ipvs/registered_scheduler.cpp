// SPDX-License-Identifier: GPL-2.0-only
#include "core/ipvs/registered_scheduler.hpp"

#include <algorithm>
#include <atomic>
#include <memory>
#include <stdexcept>
#include <vector>

namespace lvslab::ipvs {
namespace {

using Schedulers = std::vector<const RegisteredScheduler*>;

/// Never changed in place: who reads has those of one moment.
std::atomic<std::shared_ptr<const Schedulers>>& registered() {
    static std::atomic<std::shared_ptr<const Schedulers>> all{std::make_shared<const Schedulers>()};
    return all;
}

template <class Change>
void change_registered(const Change& change) {
    auto before = registered().load();
    std::shared_ptr<const Schedulers> after;
    do {
        auto schedulers = *before;
        change(schedulers);
        after = std::make_shared<const Schedulers>(std::move(schedulers));
    } while (!registered().compare_exchange_weak(before, after));
}

bool is_name(const std::string& name) {
    constexpr std::string_view letters =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_";
    return !name.empty() && name.size() <= 64 &&
           name.find_first_not_of(letters) == std::string::npos;
}

}  // namespace

RegisteredScheduler::RegisteredScheduler(std::string name, std::string rule, Make make)
    : name_(std::move(name)),
      rule_(std::move(rule)),
      make_(std::move(make)),
      entry_{.name = name_.text(), .make = nullptr, .rule = rule_} {
    const auto& own = name_.text();
    if (!is_name(own)) {
        throw std::invalid_argument("\"" + own +
                                    "\" is no scheduler's name: letters, digits, - and _, "
                                    "at most 64");
    }
    const auto taken = [&](const auto& entry) { return entry.name == own; };
    change_registered([&](Schedulers& all) {
        const auto same = [&](const auto& other) { return other->name() == own; };
        if (std::ranges::any_of(scheduler_table(), taken) || std::ranges::any_of(all, same)) {
            throw std::invalid_argument("there is a scheduler \"" + own + "\" already");
        }
        all.push_back(this);
    });
}

RegisteredScheduler::~RegisteredScheduler() {
    change_registered([this](Schedulers& all) { std::erase(all, this); });
}

const SchedulerEntry* find_registered_scheduler(std::string_view name) {
    const auto all = registered().load();
    const auto found = std::ranges::find(*all, name, &RegisteredScheduler::name);
    return found == all->end() ? nullptr : &(*found)->entry();
}

std::unique_ptr<Scheduler> make_scheduler(const SchedulerEntry& entry,
                                          const SchedulerContext& context) {
    if (entry.make != nullptr) {
        return entry.make(context);
    }
    const auto all = registered().load();
    const auto is = [&](const auto* scheduler) { return &scheduler->entry() == &entry; };
    const auto found = std::ranges::find_if(*all, is);
    if (found == all->end()) {
        throw std::logic_error("a scheduler is used that is not registered any more");
    }
    return (*found)->make()(context);
}

}  // namespace lvslab::ipvs
