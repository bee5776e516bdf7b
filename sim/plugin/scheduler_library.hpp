// SPDX-License-Identifier: GPL-2.0-only
/// Schedulers of the user's own from shared libraries (core/ipvs/scheduler_plugin.h).
#pragma once

#include <memory>
#include <string>

namespace lvslab::plugin {

/// A loaded library whose scheduler is found by its name for as long as this lives. It must outlive
/// every run that uses it.
class SchedulerLibrary {
public:
    /// `path` as it is, not searched for. Throws std::runtime_error with the file and the reason:
    /// it cannot be loaded, does not define lvslab_scheduler_plugin, speaks another version of the
    /// interface, or its name is taken.
    explicit SchedulerLibrary(const std::string& path);
    ~SchedulerLibrary();
    SchedulerLibrary(SchedulerLibrary&&) noexcept;

    const std::string& name() const;
    /// What it does, in its own words.
    const std::string& rule() const;
    /// Where it was loaded from, absolute.
    const std::string& path() const;

private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

}  // namespace lvslab::plugin
