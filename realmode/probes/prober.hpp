// SPDX-License-Identifier: GPL-2.0-only
/// Checks of real servers over this host's sockets and by its programs.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>

#include <boost/asio/ssl/context.hpp>

#include "core/ports/prober.hpp"
#include "realmode/host/event_loop.hpp"
#include "realmode/probes/probe_run.hpp"

namespace lvslab::realmode {

/// Carries out thousands of probes at a time on the loop's one thread. Judging is core/health's.
/// A probe that this host cannot carry out (no descriptor left, no such program) has failed, and
/// `note` hears why, the same reason at most once a minute.
class AsioProber final : public ports::Prober {
public:
    using Note = std::function<void(std::string)>;

    /// The loop outlives it.
    explicit AsioProber(EventLoop& loop, Note note = {});
    /// Nobody hears of those under way.
    ~AsioProber() override;
    AsioProber(const AsioProber&) = delete;
    AsioProber& operator=(const AsioProber&) = delete;

    ports::ProbeId start(const health::Probe& probe, std::function<void(bool up)> ended) override;
    void cancel(ports::ProbeId probe) override;
    std::size_t under_way() const { return runs_.size(); }

private:
    struct Run {
        std::shared_ptr<ProbeRun> probe;
        std::function<void(bool up)> ended;
    };

    std::shared_ptr<ProbeRun> make_run(const health::Probe& probe, ProbeRun::Ended ended);
    void ended(std::uint64_t id, const ProbeEnd& how);
    void tell(const std::string& trouble);

    EventLoop& loop_;
    Note note_;
    boost::asio::ssl::context tls_;
    std::unordered_map<std::uint64_t, Run> runs_;
    std::uint64_t last_ = 0;
    std::map<std::string, std::chrono::steady_clock::time_point> told_;
};

}  // namespace lvslab::realmode
