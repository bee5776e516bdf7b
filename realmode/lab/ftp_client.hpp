// SPDX-License-Identifier: GPL-2.0-only
/// A client's FTP program.
#pragma once

#include <cstdint>
#include <map>
#include <memory>

#include "core/base/address.hpp"
#include "core/base/quantities.hpp"
#include "core/scenario/scenario.hpp"
#include "realmode/lab/client_connection.hpp"

namespace lvslab::lab {

/// Ports that clients offer to servers (PORT, EPRT): each address takes its own in turn. A Linux
/// client's are drawn at random; one that is drawn again while IPVS still knows it with another
/// server is lost (ip_vs_ftp takes the entry that is there), so the packet world's clients take
/// them in turn too.
class FtpOfferedPorts {
public:
    static constexpr std::uint16_t first = 1024, last = 32767;  ///< none that the plan takes

    Port next(const Address& client) {
        auto& taken = taken_.try_emplace(client, std::uint16_t{first - 1}).first->second;
        taken = taken == last ? first : static_cast<std::uint16_t>(taken + 1);
        return Port{taken};
    }

private:
    std::map<Address, std::uint16_t> taken_;  ///< the last one
};

/// A control connection that moves one file after the other as world::FtpClientDialogue says; a
/// request of the plan is a file. It breaks when a connection does, and when the server says
/// anything but yes.
std::unique_ptr<ClientConnection> make_ftp_connection(ConnectionOwner& owner,
                                                      scenario::PlannedConnection plan,
                                                      const ClientPlace& place,
                                                      const scenario::Scenario& scenario,
                                                      FtpOfferedPorts& ports);

}  // namespace lvslab::lab
