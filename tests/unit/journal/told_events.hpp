// SPDX-License-Identifier: GPL-2.0-only
/// Hand-made streams of events for tests: a small cluster, and sentences that tell what happens.
#pragma once

#include <utility>

#include "core/journal/event.hpp"

namespace lvslab::journal::told {

/// Two routers, two servers, two workloads, a data server.
inline RunStarted cluster() {
    RunStarted run;
    run.scenario = "told";
    run.world = "told";
    run.servers = {"web1", "web2"};
    run.weights = {1, 1};
    run.workers = {4, 4};
    run.workloads = {"shop", "mail"};
    run.services = {"http", "https"};
    run.routers = {"lvs1", "lvs2"};
    run.data_servers = {"nfs"};
    return run;
}

/// Tells a sink what happens, with the time in seconds.
class Teller {
public:
    explicit Teller(Sink& sink) : sink_(sink) { at(0, cluster()); }

    template <class Payload>
    Teller& at(double seconds, Payload payload) {
        sink_.take(
            {Time{Duration{static_cast<std::int64_t>(seconds * 1e9 + 0.5)}}, std::move(payload)});
        return *this;
    }

private:
    Sink& sink_;
};

inline Decision sent_to(std::uint32_t server, std::uint8_t origin = 2) {
    return {0, 0, server, origin, {}, {}};
}

inline Duration seconds(double s) {
    return Duration{static_cast<std::int64_t>(s * 1e9 + 0.5)};
}

}  // namespace lvslab::journal::told
