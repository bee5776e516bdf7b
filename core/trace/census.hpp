// SPDX-License-Identifier: GPL-2.0-only
/// Which services a capture has connections of.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <utility>
#include <vector>

#include "core/base/quantities.hpp"

namespace lvslab::trace {

struct FoundService {
    Protocol protocol;
    Endpoint server;
    std::uint64_t connections = 0;  ///< SYNs; of UDP packets to it
};

/// TCP's services by SYN and SYN-ACK. UDP has no such sign: the lower port is taken for the
/// server's, which is right where clients use ephemeral ports.
class ServiceCensus {
public:
    /// An IP packet, or its beginning.
    void packet(std::span<const std::uint8_t> ip);
    /// Those with the most connections first.
    std::vector<FoundService> found() const;

private:
    /// More services than anybody asks for: a port scan. Later ones are not listed.
    static constexpr std::size_t most_services = 10'000;

    struct Signs {
        std::uint64_t asked = 0, answered = 0;
    };
    Signs* signs_of(Protocol protocol, const Endpoint& server);

    std::map<std::pair<Protocol, Endpoint>, Signs> services_;
};

}  // namespace lvslab::trace
