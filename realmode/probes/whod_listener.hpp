// SPDX-License-Identifier: GPL-2.0-only
/// Hears what rwhod of other hosts tells (ruptime).
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/ip/udp.hpp>

#include "core/base/address.hpp"
#include "core/health/told_loads.hpp"
#include "realmode/host/event_loop.hpp"
#include "realmode/probes/load_source.hpp"

namespace lvslab::realmode {

class WhodListener {
public:
    /// Without the port the spool of this host's rwhod is read; the note says so.
    WhodListener(EventLoop& loop, const LoadSettings& settings,
                 const std::function<void(std::string)>& note);
    ~WhodListener();
    WhodListener(const WhodListener&) = delete;
    WhodListener& operator=(const WhodListener&) = delete;

    /// The one-minute load that this host told last; nothing if it has not for long. From then on
    /// it is listened to.
    std::optional<double> load_of(const Address& server);

private:
    void await_datagram();
    void read_datagrams();
    std::optional<double> load_in_spool(const Address& server) const;

    LoadSettings settings_;
    boost::asio::ip::udp::socket socket_;
    health::ToldLoads told_;
    std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

/// The names that a hosts file (hosts(5)) gives an address, in their order, each also without its
/// domain.
std::vector<std::string> names_in_hosts(const std::string& path, const Address& address);

}  // namespace lvslab::realmode
