// SPDX-License-Identifier: GPL-2.0-only
/// Arrivals of queueing theory for the flow world's engine.
#pragma once

#include <cstdint>

#include "core/base/random.hpp"
#include "sim/flow/engine.hpp"

namespace lvslab::flow_world {

enum class Work : std::uint8_t { exponential, constant };
/// Who connects: each from the next port, of an address before the next one's; each from the next
/// of 60 000 addresses; or each from a random address.
enum class Clients : std::uint8_t { in_turn, addresses_in_turn, random };

/// A Poisson process of TCP connections to one service; mean work 1 s.
class PoissonArrivals {
public:
    static constexpr bool foreseeable = true;

    PoissonArrivals(const Endpoint& to, double per_second, Work work, Clients clients,
                    std::uint64_t seed)
        : to_(to),
          gap_(1 / per_second),
          work_(work),
          who_(clients),
          gaps_(seed, "arrivals"),
          works_(seed, "work"),
          clients_(seed, "clients") {}

    /// So many more will come.
    void allow(std::uint64_t count) { left_ = count; }

    bool next(Arrival& arrival) {
        if (left_ == 0) {
            return false;
        }
        --left_;
        at_ += gaps_.exponential(gap_);
        arrival.at = Time{nanoseconds(at_)};
        arrival.to = to_;
        arrival.work = nanoseconds(work_ == Work::constant ? 1.0 : works_.exponential(1.0));
        ++client_;
        const auto one = client_ / many, other = client_ % many;
        auto address = 0xAC100000U + (who_ == Clients::addresses_in_turn ? other : one);
        if (who_ == Clients::random) {
            address = static_cast<std::uint32_t>(clients_() >> 32);
        }
        const auto port = who_ == Clients::addresses_in_turn ? one : other;
        arrival.set_client(address, static_cast<std::uint16_t>(1024 + port));
        return true;
    }

private:
    static constexpr std::uint32_t many = 60000;
    static Duration nanoseconds(double seconds) {
        return Duration{static_cast<std::int64_t>(seconds * 1e9 + 0.5)};
    }

    Endpoint to_;
    double gap_;
    Work work_;
    Clients who_;
    RandomStream gaps_, works_, clients_;
    double at_ = 0;
    std::uint64_t left_ = 0;
    std::uint32_t client_ = 0;
};

}  // namespace lvslab::flow_world
