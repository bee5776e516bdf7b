// SPDX-License-Identifier: GPL-2.0-only
/// A run's single events in Python: columns, one number a row.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/journal/event.hpp"

namespace lvslab::python {

/// Times in seconds; indices count the lists of RunStarted, -1 = none.
struct ConnectionColumns {
    std::vector<std::int64_t> number;  ///< in the plan
    std::vector<double> arrival, duration;
    std::vector<std::int32_t> workload, server;
    std::vector<std::int8_t> outcome;  ///< journal::Outcome
};
struct ResponseColumns {
    std::vector<std::int64_t> connection, bytes;
    std::vector<double> time, response_time;  ///< time: when it had arrived whole
    std::vector<std::int32_t> request, workload, server;
};
struct CheckColumns {
    std::vector<double> time, duration;
    std::vector<std::int32_t> router, service, server;
    std::vector<std::int8_t> up;
};
struct RoleColumns {
    std::vector<double> time;
    std::vector<std::int32_t> router;
    std::vector<std::int8_t> active;
    std::vector<std::string> reason;
};

/// Takes a run's events, whichever world tells them. Memory: 33 bytes a connection and 44 a
/// response; none of either if it is told to keep no rows of them.
class RunRecord final : public journal::Sink {
public:
    explicit RunRecord(bool rows) : rows_(rows) {}

    void take(const journal::Event& event) override;

    const ConnectionColumns& connections() const { return connections_; }
    const ResponseColumns& responses() const { return responses_; }
    const CheckColumns& checks() const { return checks_; }
    const RoleColumns& roles() const { return roles_; }
    /// What the indices count.
    const journal::RunStarted& run() const { return run_; }

private:
    void on(Time now, const journal::RunStarted& event);
    void on(Time now, const journal::ConnectionClosed& event);
    void on(Time now, const journal::ResponseReceived& event);
    void on(Time now, const journal::CheckEnded& event);
    void on(Time now, const journal::RoleChanged& event);

    bool rows_;
    journal::RunStarted run_;
    ConnectionColumns connections_;
    ResponseColumns responses_;
    CheckColumns checks_;
    RoleColumns roles_;
};

}  // namespace lvslab::python
