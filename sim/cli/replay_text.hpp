// SPDX-License-Identifier: GPL-2.0-only
/// What `lvslab replay` tells of a capture.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/trace/census.hpp"
#include "core/trace/extractor.hpp"

namespace lvslab::cli {

/// What became of a capture's packets and connections.
struct ReplayFindings {
    std::uint64_t frames = 0;       ///< read
    std::uint64_t without_ip = 0;   ///< of those: no IP in them, or cut before it
    Duration captured{};            ///< from the first frame to the last
    std::uint64_t outside = 0;      ///< connections that began outside --from and --for
    std::uint64_t connections = 0;  ///< in the trace
    std::uint64_t turns = 0, request_bytes = 0, response_bytes = 0;
    trace::ExtractorCounts counts;
};

std::string findings_text(const std::string& capture, const trace::ExtractorSettings& settings,
                          const ReplayFindings& findings);

/// Which packet does not go with its connection, what it tells and what was expected.
std::string odd_number_text(const trace::OddNumber& odd);

/// The services of a capture, those with the most connections first, at most twenty.
std::string services_text(const std::vector<trace::FoundService>& services);

}  // namespace lvslab::cli
