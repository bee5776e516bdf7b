// SPDX-License-Identifier: GPL-2.0-only
/// Netlink requests, as far as the oracle needs them: one request, its answers, its errno.
#pragma once

#include <linux/netlink.h>

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string_view>
#include <vector>

namespace lvslab::oracle {

/// A request being put together.
class NetlinkRequest {
public:
    NetlinkRequest(std::uint16_t type, std::uint16_t flags);

    /// Bytes of a fixed header (genlmsghdr, ndmsg ...), before any attribute.
    void header(std::span<const std::uint8_t> bytes);
    void attribute(int type, std::span<const std::uint8_t> value);
    void text(int type, std::string_view value);
    template <typename Value>
    void value(int type, const Value& v) {
        attribute(type, {reinterpret_cast<const std::uint8_t*>(&v), sizeof v});
    }
    /// Attributes put until end_nest(the returned place) stand inside this one.
    std::size_t begin_nest(int type);
    void end_nest(std::size_t place);

    std::span<const std::uint8_t> finish();

private:
    void pad();

    std::vector<std::uint8_t> bytes_;
};

/// Attributes by their type, NLA_F_NESTED removed. Views into the answer.
using Attributes = std::map<int, std::span<const std::uint8_t>>;
Attributes attributes_of(std::span<const std::uint8_t> bytes);

class NetlinkSocket {
public:
    /// Throws std::system_error.
    explicit NetlinkSocket(int protocol);
    ~NetlinkSocket();
    NetlinkSocket(const NetlinkSocket&) = delete;
    NetlinkSocket& operator=(const NetlinkSocket&) = delete;

    /// Sends, hands each answer's payload (after nlmsghdr) to `answer`, and returns the errno of
    /// the acknowledgement (0: fine). Throws std::system_error if the socket itself fails.
    int ask(NetlinkRequest& request,
            const std::function<void(std::span<const std::uint8_t>)>& answer = {});

private:
    int socket_;
};

}  // namespace lvslab::oracle
