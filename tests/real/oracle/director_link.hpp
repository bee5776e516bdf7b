// SPDX-License-Identifier: GPL-2.0-only
/// The director's only network: one TAP device, at whose far end the oracle plays every client and
/// every real server. A frame written is dealt with by the kernel before write() returns, so what
/// the director sends because of it can be read at once: no waiting, no sniffing.
#pragma once

#include <map>
#include <vector>

#include "tests/real/oracle/frame.hpp"
#include "tests/real/oracle/netlink.hpp"

namespace lvslab::oracle {

class DirectorLink {
public:
    /// Makes the device, its addresses, routes and sysctls in this process's network namespace.
    /// Throws std::system_error or std::runtime_error.
    DirectorLink();
    ~DirectorLink();
    DirectorLink(const DirectorLink&) = delete;
    DirectorLink& operator=(const DirectorLink&) = delete;

    /// Gives the real server a station of its own, so that a packet forwarded unchanged (direct
    /// routing) still tells whom it was sent to.
    void know_server(const Address& server);
    /// The real server at this station, if it is one.
    std::optional<Address> server_at(const Mac& station) const;

    /// Sends the packet to the director and returns all that the director sent because of it.
    std::vector<SeenFrame> exchange(const Packet& packet);

private:
    void write_frame(const std::vector<std::uint8_t>& frame) const;
    std::vector<SeenFrame> read_frames() const;
    void set_neighbour(const Address& address, const Mac& station);

    int device_;
    int index_ = 0;
    Mac director_{};
    NetlinkSocket route_;
    std::map<Mac, Address> stations_;
};

/// Runs a shell command; its exit status, or 128 if it did not exit.
int run_shell(const std::string& command);
/// Writes a value under /proc/sys; false if the kernel refuses.
bool write_sysctl(const std::string& path, const std::string& value);

}  // namespace lvslab::oracle
