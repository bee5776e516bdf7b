// SPDX-License-Identifier: GPL-2.0-only
/// lvs.cf's active_cmd and inactive_cmd as programs of this host.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "core/ports/role_scripts.hpp"
#include "realmode/host/event_loop.hpp"
#include "realmode/probes/program_run.hpp"

namespace lvslab::realmode {

/// Runs them as Piranha does (pulse.c, executeCommand): split at spaces, without a shell, by their
/// path and not PATH. Nobody waits for them, nobody ends them: one that runs when this process ends
/// goes on. What they write to either output, and how they end if not well, comes to `note`.
class ScriptRunner final : public ports::RoleScripts {
public:
    using Note = std::function<void(std::string)>;
    /// Lines of a script's output that are noted; the rest is counted.
    static constexpr std::size_t lines_noted = 20;

    /// The loop outlives it.
    ScriptRunner(EventLoop& loop, Note note);
    /// Scripts under way go on unheard.
    ~ScriptRunner() override = default;

    void run(const std::string& command) override;
    std::size_t under_way() const { return scripts_.size(); }

private:
    void ended(std::uint64_t id, const std::string& command, const ProgramEnd& how);

    EventLoop& loop_;
    Note note_;
    std::uint64_t last_ = 0;
    std::map<std::uint64_t, std::unique_ptr<ProgramRun>> scripts_;
};

}  // namespace lvslab::realmode
