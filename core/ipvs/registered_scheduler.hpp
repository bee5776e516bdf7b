// SPDX-License-Identifier: GPL-2.0-only
/// Schedulers beside those of the table: a plug-in's, or one written in Python.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "core/base/scheduler_names.hpp"
#include "core/ipvs/schedulers.hpp"

namespace lvslab::ipvs {

/// While it lives, find_scheduler() finds it by its name in every thread of the process, after
/// those of the table, and an lvs.cf may name it; scheduler_table() lists the kernel's only. It
/// must outlive every Ipvs that has a service with it.
class RegisteredScheduler {
public:
    using Make = std::function<std::unique_ptr<Scheduler>(const SchedulerContext&)>;

    /// Throws std::invalid_argument if the name is taken, or is none: letters, digits, - and _, at
    /// most 64. `make` may be called in any thread.
    RegisteredScheduler(std::string name, std::string rule, Make make);
    ~RegisteredScheduler();
    RegisteredScheduler(const RegisteredScheduler&) = delete;
    RegisteredScheduler& operator=(const RegisteredScheduler&) = delete;

    const std::string& name() const { return name_.text(); }
    /// Its row, without the `make` of a table's: make_scheduler() knows how.
    const SchedulerEntry& entry() const { return entry_; }
    const Make& make() const { return make_; }

private:
    SchedulerName name_;
    std::string rule_;
    Make make_;
    SchedulerEntry entry_;
};

/// The registered one of that name, or nullptr. Any thread.
const SchedulerEntry* find_registered_scheduler(std::string_view name);

/// A scheduler by a row of the table, or of a RegisteredScheduler that lives.
std::unique_ptr<Scheduler> make_scheduler(const SchedulerEntry& entry,
                                          const SchedulerContext& context);

}  // namespace lvslab::ipvs
