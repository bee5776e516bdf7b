// SPDX-License-Identifier: GPL-2.0-only
/// Ports of this host that note what they are about to hold, and only then hold it.
#pragma once

#include <functional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/ports/address_owner.hpp"
#include "core/ports/dataplane.hpp"
#include "core/ports/sync_channel.hpp"
#include "realmode/daemon/holdings_record.hpp"

namespace lvslab::realmode {

/// Called between changes: who programs a large table lives.
using Progress = std::function<void()>;

class RecordedAddresses final : public ports::AddressOwner {
public:
    RecordedAddresses(ports::AddressOwner& host, HoldingsRecord& record)
        : host_(host), record_(record) {}

    void raise(const ports::FloatingAddress& address) override {
        record_.change({true, address.address});
        host_.raise(address);
    }
    void lower(const Address& address) override {
        host_.lower(address);
        record_.change({false, address});
    }
    void announce(const Address& address) override { host_.announce(address); }

private:
    ports::AddressOwner& host_;
    HoldingsRecord& record_;
};

class RecordedDataplane final : public ports::Dataplane {
public:
    RecordedDataplane(ports::Dataplane& host, HoldingsRecord& record, Progress progress)
        : host_(host), record_(record), progress_(std::move(progress)) {}

    /// Services stay from now on, as they are: the router ends, and the next one takes them over.
    void keep_services() { kept_ = true; }

    ipvs::ControlResult add_service(const ipvs::ServiceKey& key,
                                    const ipvs::ServiceSettings& settings) override;
    ipvs::ControlResult edit_service(const ipvs::ServiceKey& key,
                                     const ipvs::ServiceSettings& settings) override;
    ipvs::ControlResult remove_service(const ipvs::ServiceKey& key) override;
    ipvs::ControlResult add_destination(const ipvs::ServiceKey& service, const Endpoint& server,
                                        const ipvs::DestinationSettings& settings) override;
    ipvs::ControlResult edit_destination(const ipvs::ServiceKey& service, const Endpoint& server,
                                         const ipvs::DestinationSettings& settings) override;
    ipvs::ControlResult remove_destination(const ipvs::ServiceKey& service,
                                           const Endpoint& server) override;
    std::vector<ipvs::ControlResult> change(
        std::span<const ports::DataplaneChange> changes) override;
    void set_timeouts(const ipvs::Timeouts& timeouts) override;
    void clear() override;

private:
    ipvs::ControlResult one(const ports::DataplaneChange& change);
    std::set<ipvs::ServiceKey> note_additions(std::span<const ports::DataplaneChange> changes);
    void note_outcome(std::span<const ports::DataplaneChange> changes,
                      const std::vector<ipvs::ControlResult>& results,
                      const std::set<ipvs::ServiceKey>& added);

    ports::Dataplane& host_;
    HoldingsRecord& record_;
    Progress progress_;
    bool kept_ = false;
};

class RecordedSync final : public ports::SyncChannel {
public:
    RecordedSync(ports::SyncChannel& host, HoldingsRecord& record) : host_(host), record_(record) {}

    void start(pulse::SyncRole role, const std::string& interface, std::uint8_t id) override {
        record_.change({true, HeldSync{}});
        host_.start(role, interface, id);
    }
    void stop() override {
        host_.stop();
        record_.change({false, HeldSync{}});
    }

private:
    ports::SyncChannel& host_;
    HoldingsRecord& record_;
};

}  // namespace lvslab::realmode
