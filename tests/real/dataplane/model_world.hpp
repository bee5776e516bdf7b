// SPDX-License-Identifier: GPL-2.0-only
/// The model as a dataplane that can be read.
#pragma once

#include "core/ipvs/ipvs.hpp"
#include "tests/real/dataplane/dataplane_world.hpp"

namespace lvslab {

/// core::Ipvs. It lists its real servers; its services' settings are those that it took.
class ModelDataplane final : public realmode::ReadableDataplane {
public:
    using Result = ipvs::ControlResult;

    Result add_service(const ipvs::ServiceKey& key, const ipvs::ServiceSettings& s) override {
        return noted(model.add_service(key, s, now), key, s);
    }
    Result edit_service(const ipvs::ServiceKey& key, const ipvs::ServiceSettings& s) override {
        return noted(model.edit_service(key, s, now), key, s);
    }
    Result remove_service(const ipvs::ServiceKey& key) override {
        const auto result = model.remove_service(key, now);
        if (result == Result::ok) {
            std::erase_if(services_,
                          [&](const auto& s) { return s.key == realmode::normalised(key); });
        }
        return result;
    }
    Result add_destination(const ipvs::ServiceKey& service, const Endpoint& server,
                           const ipvs::DestinationSettings& settings) override {
        return model.add_destination(service, server, settings, now);
    }
    Result edit_destination(const ipvs::ServiceKey& service, const Endpoint& server,
                            const ipvs::DestinationSettings& settings) override {
        return model.edit_destination(service, server, settings, now);
    }
    Result remove_destination(const ipvs::ServiceKey& service, const Endpoint& server) override {
        return model.remove_destination(service, server, now);
    }
    void set_timeouts(const ipvs::Timeouts& timeouts) override { model.set_timeouts(timeouts); }
    void clear() override {
        for (const auto& service : std::vector(services_)) {
            remove_service(service.key);
        }
    }
    using ReadableDataplane::dump;
    Checked<realmode::IpvsTable> dump(realmode::Depth depth) override {
        realmode::IpvsTable table{services_};
        for (auto& service : table.services) {
            if (depth == realmode::Depth::destinations) {
                list_destinations(service);
            }
        }
        return {std::move(table), {}};
    }

    ipvs::Ipvs model;
    Time now{};

private:
    Result noted(Result result, const ipvs::ServiceKey& given, const ipvs::ServiceSettings& s) {
        const auto key = realmode::normalised(given);
        if (result == Result::ok) {
            std::erase_if(services_, [&](const auto& listed) { return listed.key == key; });
            services_.push_back({key, s, {}, 0, {}, {}});
        }
        return result;
    }
    void list_destinations(realmode::ListedService& service) const {
        for (const auto& d : model.destinations(service.key)) {
            realmode::ListedDestination listed;
            listed.server = d.endpoint;
            listed.settings = {d.method, d.weight, d.upper_threshold, d.lower_threshold};
            listed.active = static_cast<std::uint32_t>(d.active);
            listed.inactive = static_cast<std::uint32_t>(d.inactive);
            listed.persistent = static_cast<std::uint32_t>(d.persistent);
            listed.traffic.connections = d.connections;
            service.destinations.push_back(listed);
        }
    }

    std::vector<realmode::ListedService> services_;
};

class ModelWorld final : public DataplaneWorld {
public:
    realmode::ReadableDataplane& ipvs() override { return dataplane_; }
    std::optional<Endpoint> open_connection(Protocol protocol, const Endpoint& client,
                                            const Endpoint& to) override {
        ipvs::Segment segment;
        segment.protocol = protocol;
        segment.source = client;
        segment.destination = to;
        segment.flags = protocol == Protocol::tcp ? ipvs::TcpFlags::syn : ipvs::TcpFlags::none;
        const auto verdict = dataplane_.model.step(segment, dataplane_.now);
        return verdict.action == ipvs::Action::forward ? std::optional{verdict.server}
                                                       : std::nullopt;
    }

private:
    ModelDataplane dataplane_;
};

}  // namespace lvslab
