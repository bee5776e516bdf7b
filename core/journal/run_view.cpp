// SPDX-License-Identifier: GPL-2.0-only
#include "core/journal/run_view.hpp"

#include <algorithm>
#include <variant>

namespace lvslab::journal {

void RunView::take(const Event& event) {
    takeover_.reset();
    pool_move_.reset();
    role_changed_ = false;
    std::visit([&](const auto& payload) { on(event.time, payload); }, event.payload);
}

void RunView::on(Time, const RunStarted& event) {
    *this = {};
    run_ = event;
    routers_.start(event);
    servers_.resize(event.servers.size());
    role_told_.resize(event.routers.size());
}

void RunView::on(Time now, const NodeChanged& event) {
    routers_.on(now, event);
    if (event.state == NodeState::crashed) {
        const auto router = std::ranges::find(run_.routers, event.node);
        const auto index = static_cast<std::uint32_t>(router - run_.routers.begin());
        std::erase_if(addresses_, [&](const auto& held) { return held.first == index; });
        std::erase_if(weights_, [&](const auto& one) { return std::get<0>(one.first) == index; });
    }
    for (std::size_t i = 0; i < servers_.size(); ++i) {
        if (run_.servers[i] != event.node) {
            continue;
        }
        auto& server = servers_[i];
        if (event.state == NodeState::up) {
            server.back = server.dead ? std::optional(now) : server.back;
            server.dead.reset();
        } else {
            server.dead = server.dead.value_or(now);
            server.back.reset();
        }
    }
}

bool RunView::concerns_routers(std::string_view fault) const {
    const auto speaks_of = [&](std::string_view name) {
        return fault.find(name) != std::string_view::npos;
    };
    return speaks_of("heartbeat") || speaks_of(" router") ||
           std::ranges::any_of(run_.routers, speaks_of);
}

void RunView::on(Time now, const FaultInjected& event) {
    if (concerns_routers(event.what)) {
        router_fault_ = now;
    }
}

void RunView::on(Time now, const RoleChanged& event) {
    const bool was = routers_.active(event.router);
    const auto move = routers_.on(now, event);
    const bool first = event.router < role_told_.size() && !role_told_[event.router];
    if (event.router < role_told_.size()) {
        role_told_[event.router] = true;
    }
    role_changed_ = was != event.active && !(first && now == Time{});
    if (move) {
        takeover_ = Takeover{*move, move->failed ? move->failed : router_fault_};
    }
    if (role_changed_) {
        router_fault_.reset();
    }
}

void RunView::on(Time, const AddressRaised& event) {
    addresses_.emplace(event.router, event.address);
}

void RunView::on(Time, const AddressLowered& event) {
    addresses_.erase({event.router, event.address});
}

void RunView::on(Time, const DestinationAdded& event) {
    weigh(event.router, event.service, event.server, event.weight);
}

void RunView::on(Time, const DestinationEdited& event) {
    weigh(event.router, event.service, event.server, event.weight);
}

void RunView::on(Time, const DestinationRemoved& event) {
    weigh(event.router, event.service, event.server, 0);
}

void RunView::weigh(std::uint32_t router, std::uint32_t service, std::uint32_t server,
                    std::int32_t weight) {
    const auto [at, added] = weights_.try_emplace({router, service, server}, weight);
    const bool was_in = !added && at->second > 0;
    const bool was_out = !added && at->second <= 0;
    at->second = weight;
    if (!routers_.speaks_for_service(router)) {
        return;
    }
    if (was_in && weight <= 0) {
        pool_move_ = PoolMove{server, false};
    } else if (was_out && weight > 0) {
        pool_move_ = PoolMove{server, true};
    }
}

bool RunView::dead(std::uint32_t server) const {
    return dead_since(server).has_value();
}

std::optional<Time> RunView::dead_since(std::uint32_t server) const {
    return server < servers_.size() ? servers_[server].dead : std::nullopt;
}

std::optional<Time> RunView::back_since(std::uint32_t server) const {
    return server < servers_.size() ? servers_[server].back : std::nullopt;
}

bool RunView::removed(std::uint32_t router, std::uint32_t service, std::uint32_t server) const {
    const auto found = weights_.find({router, service, server});
    return found != weights_.end() && found->second <= 0;
}

std::uint32_t RunView::view_router() const {
    return routers_.holder() == no_index ? 0 : routers_.holder();
}

std::int32_t RunView::weight(std::uint32_t server) const {
    std::int32_t largest = 0;
    for (const auto& [key, weight] : weights_) {
        if (std::get<0>(key) == view_router() && std::get<2>(key) == server) {
            largest = std::max(largest, weight);
        }
    }
    return largest;
}

std::uint32_t RunView::pool_size() const {
    std::set<std::uint32_t> servers;
    for (const auto& [key, weight] : weights_) {
        if (std::get<0>(key) == view_router() && weight > 0) {
            servers.insert(std::get<2>(key));
        }
    }
    return static_cast<std::uint32_t>(servers.size());
}

std::uint32_t RunView::owners(const Address& address) const {
    std::uint32_t count = 0;
    for (const auto& [router, held] : addresses_) {
        count += held == address && routers_.running(router) ? 1U : 0U;
    }
    return count;
}

}  // namespace lvslab::journal
