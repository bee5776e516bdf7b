// SPDX-License-Identifier: GPL-2.0-only
/// The kernel's IPVS as the dataplane suite's world.
#pragma once

#include "realmode/ipvs/kernel_ipvs.hpp"
#include "tests/real/dataplane/dataplane_world.hpp"
#include "tests/real/oracle/director_link.hpp"

namespace lvslab {

/// A new network namespace, in which IPVS is empty, with the oracle's TAP device as its network.
/// The thread that makes it stays in that namespace. Throws std::system_error where it may not.
class KernelWorld final : public DataplaneWorld {
public:
    explicit KernelWorld(const realmode::NetlinkSocket::Options& options = {});

    realmode::ReadableDataplane& ipvs() override { return *kernel_; }
    std::optional<Endpoint> open_connection(Protocol protocol, const Endpoint& client,
                                            const Endpoint& to) override;
    realmode::KernelIpvs& kernel() { return *kernel_; }
    /// What the kernel's IPVS noted, a line each.
    const std::string& notes() const { return notes_; }

private:
    void know_servers();

    std::string notes_;
    oracle::DirectorLink link_;
    std::unique_ptr<realmode::KernelIpvs> kernel_;
};

}  // namespace lvslab
