// SPDX-License-Identifier: GPL-2.0-only
#include "realmode/lab/capture.hpp"

#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <pcap/pcap.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <system_error>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace lvslab::lab {
namespace {

/// Ethernet, IP in IP with options, and what an ICMP error quotes.
constexpr int snap_length = 256;
constexpr int buffer_bytes = 8 * 1024 * 1024;
const char* filter_of(Capture::What what) {
    return what == Capture::What::openings
               ? "ip and (tcp[tcpflags] & tcp-syn != 0 or udp or icmp[icmptype] == 3 or ip proto 4)"
               : "ip and (tcp or udp or icmp[icmptype] == 3 or ip proto 4)";
}

Duration of(const timespec& t) {
    return std::chrono::seconds(t.tv_sec) + Duration(t.tv_nsec);
}

Duration realtime_less_monotonic() {
    timespec real{}, monotonic{};
    ::clock_gettime(CLOCK_REALTIME, &real);
    ::clock_gettime(CLOCK_MONOTONIC, &monotonic);
    return of(real) - of(monotonic);
}

/// libpcap's program for the filter, as the kernel's own type.
std::vector<sock_filter> compiled_filter(const char* filter_text) {
    const std::unique_ptr<pcap_t, void (*)(pcap_t*)> none(::pcap_open_dead(DLT_EN10MB, snap_length),
                                                          ::pcap_close);
    bpf_program program{};
    if (!none || ::pcap_compile(none.get(), &program, filter_text, 1, PCAP_NETMASK_UNKNOWN) != 0) {
        throw std::runtime_error(fmt::format("libpcap refuses the filter \"{}\"", filter_text));
    }
    std::vector<sock_filter> filter;
    for (unsigned i = 0; i < program.bf_len; ++i) {
        const auto& in = program.bf_insns[i];
        filter.push_back({in.code, in.jt, in.jf, in.k});
    }
    ::pcap_freecode(&program);
    return filter;
}

int open_packet_socket(unsigned card, std::vector<sock_filter> filter) {
    const sock_fprog program{static_cast<unsigned short>(filter.size()), filter.data()};
    const int on = 1;
    // No protocol until the filter is there: nothing else is heard.
    const int socket = ::socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    sockaddr_ll all{};
    all.sll_family = AF_PACKET;
    all.sll_protocol = htons(ETH_P_ALL);
    all.sll_ifindex = static_cast<int>(card);
    if (socket < 0 ||
        ::setsockopt(socket, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) != 0 ||
        ::setsockopt(socket, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on) != 0 ||
        ::setsockopt(socket, SOL_SOCKET, SO_RCVBUFFORCE, &buffer_bytes, sizeof buffer_bytes) != 0 ||
        ::bind(socket, reinterpret_cast<const sockaddr*>(&all), sizeof all) != 0) {
        throw std::system_error(errno, std::generic_category(), "packet socket");
    }
    return socket;
}

/// The numbers of this namespace's cards without its loopback.
std::vector<unsigned> cards() {
    const std::unique_ptr<struct if_nameindex, void (*)(struct if_nameindex*)> all(
        ::if_nameindex(), ::if_freenameindex);
    std::vector<unsigned> found;
    for (auto* card = all.get(); card != nullptr && card->if_index != 0; ++card) {
        if (std::strcmp(card->if_name, "lo") != 0) {
            found.push_back(card->if_index);
        }
    }
    return found;
}

}  // namespace

struct Capture::Seen {
    CapturedFrame frame;
    std::array<std::uint8_t, snap_length> bytes;
    std::size_t size = 0;
};

Capture::Capture(boost::asio::io_context& loop, const RunTimers& timers,
                 const NetworkNamespace& where, What what, Take take)
    : timers_(timers), take_(std::move(take)), clock_offset_(realtime_less_monotonic()) {
    const auto filter = compiled_filter(filter_of(what));
    {
        const Inside inside(where);
        for (const auto card : cards()) {
            sockets_.emplace_back(loop, open_packet_socket(card, filter));
        }
    }
    for (auto& socket : sockets_) {
        await(socket);
    }
}

Capture::~Capture() {
    *alive_ = false;
}

void Capture::await(Socket& socket) {
    socket.async_wait(boost::asio::posix::descriptor_base::wait_read,
                      [this, &socket, alive = alive_](const auto& error) {
                          if (!error && *alive) {
                              read();
                              await(socket);
                          }
                      });
}

void Capture::read() {
    std::vector<Seen> seen;
    // Once more after each: a frame that came on one card while another one was read may be older
    // than what was found there.
    for (bool more = true; more;) {
        more = false;
        for (auto& socket : sockets_) {
            more = read(socket, seen) || more;
        }
    }
    std::ranges::stable_sort(seen, {}, [](const Seen& one) { return one.frame.time; });
    for (auto& one : seen) {
        one.frame.packet = std::span(one.bytes).first(one.size).subspan(ETH_HLEN);
        take_(one.frame);
    }
}

bool Capture::read(Socket& socket, std::vector<Seen>& seen) {
    for (bool any = false;; any = true) {
        Seen one;
        iovec part{one.bytes.data(), one.bytes.size()};
        sockaddr_ll card{};
        alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(timespec))> control{};
        msghdr message{};
        message.msg_name = &card;
        message.msg_namelen = sizeof card;
        message.msg_iov = &part;
        message.msg_iovlen = 1;
        message.msg_control = control.data();
        message.msg_controllen = control.size();
        const auto size = ::recvmsg(socket.native_handle(), &message, 0);
        if (size < 0) {
            return any;
        }
        const auto* stamp = CMSG_FIRSTHDR(&message);
        // A bridge that does not know where a card is floods its frames: who is not meant drops
        // them.
        const bool for_others = card.sll_pkttype == PACKET_OTHERHOST;
        if (size < ETH_HLEN || for_others || stamp == nullptr ||
            stamp->cmsg_type != SO_TIMESTAMPNS) {
            continue;
        }
        timespec at{};
        std::memcpy(&at, CMSG_DATA(stamp), sizeof at);
        one.frame.time = timers_.of_monotonic(Time{of(at) - clock_offset_});
        one.frame.outgoing = card.sll_pkttype == PACKET_OUTGOING;
        std::copy_n(one.bytes.begin(), one.frame.destination.size(), one.frame.destination.begin());
        one.size = static_cast<std::size_t>(size);
        seen.push_back(one);
    }
}

}  // namespace lvslab::lab
