// SPDX-License-Identifier: GPL-2.0-only
/// A netlink socket of libnl: requests one by one or many in one go, dumps, errors as values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/base/diagnostic.hpp"

struct nl_sock;

namespace lvslab::realmode {

/// One message, its header (nlmsghdr) included. Whoever sends it fills in sequence number and port.
using NetlinkMessage = std::vector<std::uint8_t>;

/// What the kernel, or the way to it, said to a request.
struct NetlinkAnswer {
    int error = 0;     ///< errno; 0 = done
    std::string text;  ///< the kernel's own words (extended acknowledgement); mostly empty

    bool ok() const { return error == 0; }
    /// "No such device", "Invalid argument: attribute type 3 has an invalid length"
    std::string to_string() const;
};

/// What a dump came to: messages of one unbroken pass.
struct NetlinkDump {
    NetlinkAnswer answer;
    std::vector<NetlinkMessage> messages;
};

/// Not thread safe. The kernel gives its answer before the call that sends returns
/// (af_netlink.c, netlink_unicast_kernel), so that nothing is ever waited for. The one request that
/// it says nothing to is one that ended with EINTR (netlink_rcv_skb): that is then its answer.
class NetlinkSocket {
public:
    struct Options {
        /// Bytes, as SO_RCVBUF takes them. It grows when it turns out to be too small.
        int receive_buffer = 1 << 20;
    };

    /// A socket of generic netlink.
    static Checked<NetlinkSocket> open(const Options& options);
    NetlinkSocket(NetlinkSocket&&) noexcept;
    NetlinkSocket& operator=(NetlinkSocket&&) noexcept;
    ~NetlinkSocket();

    /// The number of a family of generic netlink; nothing if the kernel has none of that name and
    /// finds no module that brings it (genetlink.c, ctrl_getfamily asks for one).
    std::optional<std::uint16_t> family(const char* name);

    NetlinkAnswer ask(const NetlinkMessage& request);
    /// Many requests with as few system calls as possible; the kernel takes them in order. Answers
    /// are matched by sequence number, one for each request. Nothing stands for an answer that was
    /// lost because the buffer was full: its request was taken or refused.
    std::vector<std::optional<NetlinkAnswer>> ask_all(std::span<const NetlinkMessage> requests);
    /// All that the kernel lists. A dump that was broken into by a change (NLM_F_DUMP_INTR) or that
    /// the buffer was too small for (ENOBUFS) is asked for again, ten times at most.
    NetlinkDump dump(const NetlinkMessage& request);
    /// What the kernel answers to a question about one thing.
    NetlinkDump get(const NetlinkMessage& request);

    /// Requests in all, dumps and lost ones included.
    std::uint64_t messages_sent() const { return sent_; }
    /// How often the receive buffer was found full.
    std::uint64_t overruns() const { return overruns_; }

private:
    struct Free {
        void operator()(nl_sock* socket) const;
    };
    using Answers = std::span<std::optional<NetlinkAnswer>>;
    enum class Pass : std::uint8_t { whole, interrupted, overrun, failed };

    explicit NetlinkSocket(nl_sock* socket) : socket_(socket) {}
    NetlinkAnswer send(std::vector<std::uint8_t>& bytes);
    void ask_chunk(std::span<const NetlinkMessage> requests, Answers answers);
    bool take_answers(std::uint32_t first, Answers answers);
    NetlinkDump listed(const NetlinkMessage& request, std::uint16_t flags);
    Pass list_once(const NetlinkMessage& request, std::uint16_t flags, NetlinkDump& dump);
    void overrun();
    void set_receive_buffer(int bytes);

    std::unique_ptr<nl_sock, Free> socket_;
    std::uint32_t sequence_ = 0;
    int receive_buffer_ = 0;
    std::uint64_t sent_ = 0;
    std::uint64_t overruns_ = 0;
};

}  // namespace lvslab::realmode
