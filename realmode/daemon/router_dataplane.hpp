// SPDX-License-Identifier: GPL-2.0-only
/// A router's own services while its process lives.
#pragma once

#include <functional>
#include <span>
#include <utility>
#include <vector>

#include "core/ports/dataplane.hpp"
#include "realmode/ipvs/owned_ipvs.hpp"

namespace lvslab::realmode {

/// Gives a sign of life around each list of changes, and can leave the services at the end.
class RouterDataplane final : public ports::Dataplane {
public:
    using Result = ipvs::ControlResult;
    /// Called between changes: who programs a large table lives.
    using Progress = std::function<void()>;

    RouterDataplane(OwnedIpvs& own, Progress progress)
        : own_(own), progress_(std::move(progress)) {}

    /// Services stay from now on, as they are: the router ends, and the next one takes them over.
    void keep_services() { kept_ = true; }

    Result add_service(const ipvs::ServiceKey& key, const ipvs::ServiceSettings& settings) override;
    Result edit_service(const ipvs::ServiceKey& key,
                        const ipvs::ServiceSettings& settings) override;
    Result remove_service(const ipvs::ServiceKey& key) override;
    Result add_destination(const ipvs::ServiceKey& service, const Endpoint& server,
                           const ipvs::DestinationSettings& settings) override;
    Result edit_destination(const ipvs::ServiceKey& service, const Endpoint& server,
                            const ipvs::DestinationSettings& settings) override;
    Result remove_destination(const ipvs::ServiceKey& service, const Endpoint& server) override;
    std::vector<Result> change(std::span<const ports::DataplaneChange> changes) override;
    void set_timeouts(const ipvs::Timeouts& timeouts) override { own_.set_timeouts(timeouts); }
    /// This router's services, not everybody's.
    void clear() override;

private:
    Result one(const ports::DataplaneChange& change);

    OwnedIpvs& own_;
    Progress progress_;
    bool kept_ = false;
};

}  // namespace lvslab::realmode
