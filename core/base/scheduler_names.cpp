// SPDX-License-Identifier: GPL-2.0-only
#include "core/base/scheduler_names.hpp"

#include <algorithm>
#include <atomic>
#include <memory>

namespace lvslab {
namespace {

using Names = std::vector<std::string>;  // in the order of the alphabet

/// Never changed in place: who reads has the names of one moment.
std::atomic<std::shared_ptr<const Names>>& known() {
    static std::atomic<std::shared_ptr<const Names>> names{std::make_shared<const Names>()};
    return names;
}

template <class Change>
void change_names(const Change& change) {
    auto before = known().load();
    std::shared_ptr<const Names> after;
    do {
        auto names = *before;
        change(names);
        after = std::make_shared<const Names>(std::move(names));
    } while (!known().compare_exchange_weak(before, after));
}

}  // namespace

SchedulerName::SchedulerName(std::string name) : name_(std::move(name)) {
    change_names(
        [this](Names& names) { names.insert(std::ranges::upper_bound(names, name_), name_); });
}

SchedulerName::~SchedulerName() {
    change_names([this](Names& names) { names.erase(std::ranges::find(names, name_)); });
}

bool is_own_scheduler(std::string_view name) {
    return std::ranges::binary_search(*known().load(), name);
}

std::vector<std::string> own_scheduler_names() {
    return *known().load();
}

}  // namespace lvslab
