// SPDX-License-Identifier: GPL-2.0-only
/// Ports of this host that note what they are about to hold, and only then hold it.
#pragma once

#include <string>

#include "core/ports/address_owner.hpp"
#include "core/ports/sync_channel.hpp"
#include "realmode/daemon/holdings_record.hpp"

namespace lvslab::realmode {

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
