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

/// As uptime(1) prints it and rwhod tells it: two places behind the point.
double printed(double load) {
    return std::strtod(fmt::format("{:.2f}", load).c_str(), nullptr);
}

}  // namespace

void LoadSource::answer_after(Duration d, Answer answer,
                              std::function<std::optional<double>()> load) {
    timers_.at(timers_.now() + d,
               [alive = alive_, answer = std::move(answer), load = std::move(load)] {
                   if (*alive) {
                       answer(load());
                   }
               });
}

void LoadSource::hear(const Address& server, double load) {
    told_.hear(server, printed(load), timers_.now());
}

void LoadSource::ask(const Address& server, const ports::LoadMethod& method, Answer answer) {
    if (method.program == ports::LoadMethod::Program::ruptime) {
        answer_after({}, std::move(answer),
                     [load = told_.load_of(server, timers_.now())] { return load; });
        return;
    }
    const auto nothing = [] { return std::optional<double>(); };
    const auto& all = router_.scenario.servers;
    const auto found =
        std::ranges::find_if(all, [&](const auto& s) { return s.interface.address == server; });
    if (found == all.end()) {
        answer_after(limit, std::move(answer), nothing);
        return;
    }
    const auto index = static_cast<unsigned>(found - all.begin());
    const Machine here{Machine::Kind::router, router_.router}, there{Machine::Kind::server, index};
    const auto out = router_.network.between(here, there, message_bytes);
    const auto back = router_.network.between(there, here, message_bytes);
    if (!out || !back) {
        answer_after(limit, std::move(answer), nothing);
        return;
    }
    const int trips = method.program == ports::LoadMethod::Program::uptime ? 2 : 1;
    answer_after(trips * (*out + *back), std::move(answer),
                 [server = router_.servers[index].get()] {
                     return std::optional(printed(server->one_minute_load()));
                 });
}

}  // namespace lvslab::flow_world
