// SPDX-License-Identifier: GPL-2.0-only
/// One server's rstatd asked for its load (rup).
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include <boost/asio/ip/udp.hpp>
#include <boost/asio/steady_timer.hpp>

#include "core/base/address.hpp"
#include "realmode/host/event_loop.hpp"
#include "realmode/probes/load_source.hpp"
#include "realmode/probes/rstat_rpc.hpp"

namespace lvslab::realmode {

/// GETPORT, then STATS, for one version after the other until there is a load. One limit for all.
class RstatQuestion : public std::enable_shared_from_this<RstatQuestion> {
public:
    using Answer = std::function<void(std::optional<double> load)>;

    RstatQuestion(EventLoop& loop, const Address& server, const LoadSettings& settings,
                  Answer answer);

    /// The answer comes once and from the loop, never from within.
    void begin();
    /// It does not come any more.
    void stop();

private:
    enum class Step : std::uint8_t { port, load };

    std::uint32_t version() const { return rpc::rstat_versions[tried_]; }
    void await_limit();
    void ask_port();
    void ask_load(Port port);
    void send_to(Port port, const rpc::Call& call);
    void send();
    void await_reply();
    void read_replies();
    void replied(const rpc::Reply& reply);
    void next_version();
    void end(std::optional<double> load);

    EventLoop& loop_;
    Address server_;
    LoadSettings settings_;
    Answer answer_;
    boost::asio::ip::udp::socket socket_;
    boost::asio::steady_timer limit_, retry_;
    Step step_ = Step::port;
    std::size_t tried_ = 0;
    std::uint32_t xid_ = 0;
    rpc::Bytes sent_;
};

}  // namespace lvslab::realmode
