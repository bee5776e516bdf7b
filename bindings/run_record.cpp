// SPDX-License-Identifier: GPL-2.0-only
#include "bindings/run_record.hpp"

#include <variant>

namespace lvslab::python {
namespace {

/// no_index becomes -1, which pandas takes for "none".
std::int32_t index(std::uint32_t i) {
    return static_cast<std::int32_t>(i);
}

}  // namespace

void RunRecord::take(const journal::Event& event) {
    std::visit(
        [&](const auto& payload) {
            if constexpr (requires { on(event.time, payload); }) {
                on(event.time, payload);
            }
        },
        event.payload);
}

void RunRecord::on(Time, const journal::RunStarted& event) {
    run_ = event;
}

void RunRecord::on(Time now, const journal::ConnectionClosed& event) {
    if (!rows_) {
        return;
    }
    connections_.number.push_back(static_cast<std::int64_t>(event.connection));
    connections_.arrival.push_back(to_seconds(now - event.duration));
    connections_.duration.push_back(to_seconds(event.duration));
    connections_.workload.push_back(index(event.workload));
    connections_.server.push_back(index(event.server));
    connections_.outcome.push_back(static_cast<std::int8_t>(event.outcome));
}

void RunRecord::on(Time now, const journal::ResponseReceived& event) {
    if (!rows_) {
        return;
    }
    responses_.connection.push_back(static_cast<std::int64_t>(event.connection));
    responses_.bytes.push_back(static_cast<std::int64_t>(event.bytes));
    responses_.time.push_back(to_seconds(now));
    responses_.response_time.push_back(to_seconds(event.response_time));
    responses_.request.push_back(index(event.request));
    responses_.workload.push_back(index(event.workload));
    responses_.server.push_back(index(event.server));
}

void RunRecord::on(Time now, const journal::CheckEnded& event) {
    checks_.time.push_back(to_seconds(now));
    checks_.duration.push_back(to_seconds(event.duration));
    checks_.router.push_back(index(event.router));
    checks_.service.push_back(index(event.service));
    checks_.server.push_back(index(event.server));
    checks_.up.push_back(event.up ? 1 : 0);
}

void RunRecord::on(Time now, const journal::RoleChanged& event) {
    roles_.time.push_back(to_seconds(now));
    roles_.router.push_back(index(event.router));
    roles_.active.push_back(event.active ? 1 : 0);
    roles_.reason.push_back(event.reason);
}

}  // namespace lvslab::python
