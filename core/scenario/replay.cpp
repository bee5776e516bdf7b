// SPDX-License-Identifier: GPL-2.0-only
#include "core/scenario/replay.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "core/trace/trace.hpp"

namespace lvslab::scenario {

void replay(const trace::Trace& trace, Workload& workload) {
    double requests = 0, responses = 0;
    for (const auto& turn : trace.all_turns()) {
        requests += static_cast<double>(turn.request_bytes);
        responses += static_cast<double>(turn.response_bytes);
    }
    const auto turns = static_cast<double>(trace.all_turns().size());
    const auto connections = static_cast<double>(trace.size());
    workload.kind = Workload::Kind::requests;
    workload.request = Constant{std::max(1.0, requests / turns)};
    workload.response = Constant{std::max(1.0, responses / turns)};
    workload.requests = static_cast<unsigned>(std::max(1L, std::lround(turns / connections)));
    workload.think = Constant{0};
    workload.request_location = workload.response_location = workload.location;
}

void replay(std::shared_ptr<const trace::Trace> trace, Workload& workload) {
    replay(*trace, workload);
    workload.length = trace->at(trace->size() - 1);
    workload.arrivals = TracedArrivals{std::move(trace)};
}

}  // namespace lvslab::scenario
