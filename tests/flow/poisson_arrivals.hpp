// SPDX-License-Identifier: GPL-2.0-only
/// Arrivals of queueing theory for the flow world's engine.
#pragma once

#include <cstdint>

#include "core/base/random.hpp"
#include "sim/flow/engine.hpp"

namespace lvslab::flow_world {

enum class Work : std::uint8_t { exponential, constant };
/// Who connects: each from a new address and port in turn, or from a random address.
enum class Clients : std::uint8_t { in_turn, random };

/// A Poisson process of TCP connections to one service; mean work 1 s.
class PoissonArrivals {
public:
    PoissonArrivals(const Endpoint& to, double per_second, Work work, Clients clients,
                    std::uint64_t seed)
        : to_(to),
          gap_(1 / per_second),
          work_(work),
          random_clients_(clients == Clients::random),
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
        const auto address = random_clients_ ? static_cast<std::uint32_t>(clients_() >> 32)
                                             : 0xAC100000U + client_ / ports;
        arrival.client = {Address::v4(address),
                          Port{static_cast<std::uint16_t>(1024 + client_ % ports)}};
        return true;
    }

private:
    static constexpr std::uint32_t ports = 60000;
    static Duration nanoseconds(double seconds) {
        return Duration{static_cast<std::int64_t>(seconds * 1e9 + 0.5)};
    }

    Endpoint to_;
    double gap_;
    Work work_;
    bool random_clients_;
    RandomStream gaps_, works_, clients_;
    double at_ = 0;
    std::uint64_t left_ = 0;
    std::uint32_t client_ = 0;
};

}  // namespace lvslab::flow_world
