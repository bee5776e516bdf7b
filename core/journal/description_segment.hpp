// SPDX-License-Identifier: GPL-2.0-only
/// The part of the table of event kinds that tells of single packets.
#pragma once

#include <array>
#include <string_view>
#include <tuple>

#include "core/journal/event.hpp"
#include "core/journal/field.hpp"

namespace lvslab::journal {

inline constexpr std::array<std::string_view, 6> passage_words{"passed",   "forwarded", "dropped",
                                                               "rejected", "reset",     "unseen"};

template <>
struct Description<SegmentSeen> {
    static constexpr std::string_view name = "segment_seen";
    static constexpr std::string_view meaning =
        "A router's IPVS has met a packet; told only where a run is to be replayed.";
    static constexpr Level level = Level::all;
    static constexpr auto fields = std::tuple{
        Field{"router", "", "LVS router", &SegmentSeen::router, NameList::routers},
        Field{"reply", "", "a real server's, on its way to the client", &SegmentSeen::reply},
        Field{"protocol", "", "IP protocol number", &SegmentSeen::protocol},
        Field{"flags", "", "TCP's flags: 1 FIN, 2 SYN, 4 RST, 16 ACK", &SegmentSeen::flags},
        Field{"mark", "", "firewall mark; 0 = none", &SegmentSeen::mark},
        Field{"client", "", "client's address and port", &SegmentSeen::client},
        Field{"virtual", "", "address and port that the client connects to",
              &SegmentSeen::virtual_endpoint},
        Field{"passage", "",
              "passed (none of IPVS's business), forwarded, dropped, rejected (ICMP port "
              "unreachable), reset (RST), unseen (nothing was seen to come out)",
              &SegmentSeen::passage, NameList::plain, passage_words},
        Field{"real", "", "if forwarded: the real server's address and port", &SegmentSeen::server},
        Field{"method", "", "and how: 0 NAT, 2 tunnel, 3 direct", &SegmentSeen::method}};
};

template <>
struct Description<KernelTick> {
    static constexpr std::string_view name = "kernel_tick";
    static constexpr std::string_view meaning =
        "A tick of the routers' kernel, whose timers go by them; told once, only where a run is to "
        "be replayed.";
    static constexpr Level level = Level::all;
    static constexpr auto fields =
        std::tuple{Field{"jiffies", "ticks", "the kernel's number of it", &KernelTick::jiffies}};
};

}  // namespace lvslab::journal
