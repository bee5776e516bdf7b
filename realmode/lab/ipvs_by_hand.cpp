// SPDX-License-Identifier: GPL-2.0-only
#include "realmode/lab/ipvs_by_hand.hpp"

#include <memory>
#include <stdexcept>

#include <fmt/format.h>

#include "core/world/router_events.hpp"
#include "realmode/ipvs/kernel_ipvs.hpp"

namespace lvslab::lab {
namespace {

using ipvs::ControlResult;
using scenario::MembershipChange;

std::unique_ptr<realmode::KernelIpvs> open_in(const NetworkNamespace& where) {
    const Inside inside(where);
    auto opened = realmode::KernelIpvs::open();
    if (!opened) {
        throw std::runtime_error(opened.diagnostics.to_string());
    }
    return std::move(*opened.value);
}

class Hand {
public:
    explicit Hand(const IpvsByHand& table) : table_(table), kernel_(open_in(table.where)) {}

    realmode::KernelIpvs& kernel() { return *kernel_; }

    ControlResult add(const router::DesiredService& service) {
        const auto result = kernel_->add_service(service.key, service.settings);
        if (result == ControlResult::ok) {
            tell(journal::ServiceSet{table_.router, index(service), service.settings.scheduler,
                                     service.settings.persistent,
                                     service.settings.persistence_mask});
        }
        return result;
    }
    ControlResult add(const router::DesiredService& service, const router::DesiredDestination& d) {
        const auto result = kernel_->add_destination(service.key, d.endpoint, d.settings);
        if (result == ControlResult::ok) {
            tell(journal::DestinationAdded{table_.router, index(service), server(d),
                                           d.settings.weight.value()});
        }
        return result;
    }
    void edit(const router::DesiredService& service, const router::DesiredDestination& d) {
        if (kernel_->edit_destination(service.key, d.endpoint, d.settings) == ControlResult::ok) {
            tell(journal::DestinationEdited{table_.router, index(service), server(d),
                                            d.settings.weight.value()});
        }
    }
    void remove(const router::DesiredService& service, const router::DesiredDestination& d) {
        if (kernel_->remove_destination(service.key, d.endpoint) == ControlResult::ok) {
            tell(journal::DestinationRemoved{table_.router, index(service), server(d)});
        }
    }
    std::uint32_t server(const router::DesiredDestination& d) const {
        return world::server_index(table_.scenario, d.endpoint.address);
    }

private:
    std::uint32_t index(const router::DesiredService& service) const {
        return world::service_index(table_.services, service.key);
    }
    void tell(journal::Payload payload) {
        table_.told.take({std::max(Time{}, table_.timers.now()), std::move(payload)});
    }

    const IpvsByHand& table_;
    std::unique_ptr<realmode::KernelIpvs> kernel_;
};

void change_one(Hand& hand, MembershipChange::Kind kind, const router::DesiredService& service,
                router::DesiredDestination destination) {
    switch (kind) {
        case MembershipChange::Kind::join:
            if (hand.add(service, destination) == ControlResult::exists) {
                hand.edit(service, destination);  // it was quiesced, not taken out
            }
            break;
        case MembershipChange::Kind::quiesce:
            destination.settings.weight = Weight{0};
            hand.edit(service, destination);
            break;
        case MembershipChange::Kind::leave:
            hand.remove(service, destination);
            break;
    }
}

}  // namespace

void load_table(const IpvsByHand& table, const config::LvsConfig& config,
                const std::optional<std::string>& scheduler) {
    Hand hand(table);
    hand.kernel().set_timeouts(router::desired_timeouts(config));
    for (const auto& service : router::desired_services(config, scheduler)) {
        if (hand.add(service) != ControlResult::ok) {
            throw std::runtime_error(
                fmt::format("IPVS does not take virtual service {}", service.name));
        }
        for (const auto& d : service.destinations) {
            if (d.active && hand.add(service, d) != ControlResult::ok) {
                throw std::runtime_error(
                    fmt::format("IPVS does not take real server {} of {}", d.name, service.name));
            }
        }
    }
}

void change_membership(const IpvsByHand& table, const MembershipChange& change,
                       const config::LvsConfig& config,
                       const std::optional<std::string>& scheduler) {
    Hand hand(table);
    for (const auto& service : router::desired_services(config, scheduler)) {
        for (const auto& d : service.destinations) {
            if (hand.server(d) == change.server) {
                change_one(hand, change.kind, service, d);
            }
        }
    }
}

}  // namespace lvslab::lab
