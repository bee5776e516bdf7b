// SPDX-License-Identifier: GPL-2.0-only
#include "sim/flow/load_source.hpp"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include <fmt/format.h>

#include "sim/flow/server_host.hpp"

namespace lvslab::flow_world {
namespace {

constexpr std::uint64_t message_bytes = 100;

/// As uptime(1) prints it: two places behind the point.
double printed(double load) {
    return std::strtod(fmt::format("{:.2f}", load).c_str(), nullptr);
}

}  // namespace

void LoadSource::ask(const Address& server, const ports::LoadMethod& method,
                     std::function<void(std::optional<double> load)> answer) {
    const auto& all = router_.scenario.servers;
    const auto found =
        std::ranges::find_if(all, [&](const auto& s) { return s.interface.address == server; });
    const auto tell = [this, alive = alive_, answer = std::move(answer)](
                          Duration d, std::function<std::optional<double>()> load) {
        timers_.at(timers_.now() + d, [alive, answer, load = std::move(load)] {
            if (*alive) {
                answer(load());
            }
        });
    };
    const auto nothing = [] { return std::optional<double>(); };
    if (found == all.end()) {
        tell(limit, nothing);
        return;
    }
    const auto index = static_cast<unsigned>(found - all.begin());
    const Machine here{Machine::Kind::router, router_.router}, there{Machine::Kind::server, index};
    const auto out = router_.network.between(here, there, message_bytes);
    const auto back = router_.network.between(there, here, message_bytes);
    if (!out || !back) {
        tell(limit, nothing);
        return;
    }
    const int trips = method.program == ports::LoadMethod::Program::uptime ? 2 : 1;
    tell(trips * (*out + *back), [server = router_.servers[index].get()] {
        return std::optional(printed(server->one_minute_load()));
    });
}

}  // namespace lvslab::flow_world
