// SPDX-License-Identifier: GPL-2.0-only
#include "core/scenario/carts.hpp"

namespace lvslab::scenario {

std::optional<journal::SessionEnded> Carts::ended(const PlannedConnection& connection,
                                                  std::uint32_t server) {
    const auto& place = *connection.session;
    const auto at = under_way_.try_emplace({connection.workload, place.id}).first;
    auto& session = at->second;
    ++session.requests;
    if (server != journal::no_index) {
        session.broken |= session.server != journal::no_index && session.server != server;
        session.server = server;
    }
    if (session.requests < place.of) {
        return std::nullopt;
    }
    const journal::SessionEnded end{connection.workload, place.id, session.requests,
                                    session.broken};
    under_way_.erase(at);
    return end;
}

std::vector<journal::SessionEnded> Carts::finish() {
    std::vector<journal::SessionEnded> ends;
    for (const auto& [key, session] : under_way_) {
        ends.push_back({key.first, key.second, session.requests, session.broken});
    }
    under_way_.clear();
    return ends;
}

}  // namespace lvslab::scenario
