// SPDX-License-Identifier: GPL-2.0-only
/// What `lvslab parity` says of two worlds.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/base/diagnostic.hpp"
#include "core/conformance/replay.hpp"
#include "core/parity/router_recordings.hpp"
#include "core/parity/world_comparison.hpp"

namespace lvslab::cli {

/// One router's packets in the order of one world, played on core::Ipvs.
struct ReplayedRouter {
    parity::RouterRecording recording;
    std::optional<conformance::Report> report;  ///< unset: not replayable
    Diagnostics diagnostics;                    ///< why it could not be read, if so
};

struct FollowedWorld {
    parity::WorldStory story;
    std::vector<ReplayedRouter> routers;
};

struct ParityResult {
    std::string scenario;
    std::uint64_t seed = 0;
    FollowedWorld first, second;
    parity::WorldComparison comparison;
    /// Why the worlds need not give the same servers the same connections, if so.
    std::optional<std::string> chance{};

    /// No replay differs (where chance is at work a world may have none), and every router, address
    /// and server has the same story in both.
    bool holds() const;
};

std::string parity_text(const ParityResult& result);
std::string parity_json(const ParityResult& result);

}  // namespace lvslab::cli
