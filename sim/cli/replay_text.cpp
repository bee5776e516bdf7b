// SPDX-License-Identifier: GPL-2.0-only
#include "sim/cli/replay_text.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include <fmt/format.h>

namespace lvslab::cli {
namespace {

using Line = std::pair<std::uint64_t, std::string_view>;

/// Those that are not 0.
std::string listed(std::string_view title, std::initializer_list<Line> lines) {
    std::string text;
    for (const auto& [count, what] : lines) {
        if (count > 0) {
            text += fmt::format("  {:>12} {}\n", count, what);
        }
    }
    return text.empty() ? text : fmt::format("{}\n{}", title, text);
}

}  // namespace

std::string findings_text(const std::string& capture, const trace::ExtractorSettings& settings,
                          const ReplayFindings& f) {
    const auto& c = f.counts;
    auto text = fmt::format(
        "{}: {} packets in {:.3f} s, {} of {} ({})\n"
        "{} connections with {} turns: {} bytes of requests, {} bytes of responses\n",
        capture, f.frames, to_seconds(f.captured), c.of_service, settings.server.to_string(),
        to_string(settings.protocol), f.connections, f.turns, f.request_bytes, f.response_bytes);
    text += listed("of these connections", {{c.unended, "do not end in the capture"},
                                            {c.idle, "were silent too long and count as ended"},
                                            {c.cut, "were ended early: too many were open"}});
    text += listed("connections left out", {{c.began_before, "began before the capture"},
                                            {f.outside, "began outside --from and --for"},
                                            {c.refused, "were refused"},
                                            {c.unanswered, "were not answered"},
                                            {c.without_bytes, "carried no byte"}});
    text += listed("packets", {{c.sent_again, "were sent again"},
                               {c.out_of_order, "came out of order, or again after a loss"},
                               {c.out_of_window, "had numbers outside the window: not used"},
                               {c.stray, "were of no connection: not used"},
                               {f.without_ip, "had no IP in them: not used"},
                               {c.malformed, "were malformed or cut in a header: not used"},
                               {c.fragments, "were later fragments: not used"}});
    text += listed("bytes", {{c.unseen_bytes, "passed, but are not in the capture"}});
    return text;
}

std::string odd_number_text(const trace::OddNumber& odd) {
    using Kind = trace::OddNumber::Kind;
    const auto of =
        fmt::format("{} {}", odd.of_server ? "the server to" : "client", odd.client.to_string());
    switch (odd.kind) {
        case Kind::first_byte:
            return fmt::format(
                "packet {}: the first byte of {} has number {} by it, but {} by the "
                "others, which is used",
                odd.record, of, odd.found, odd.expected);
        case Kind::sequence:
            return fmt::format(
                "packet {}: sequence number {} of {}, expected {} or what a window "
                "allows behind it: not used",
                odd.record, odd.found, of, odd.expected);
        case Kind::length:
            return fmt::format(
                "packet {}: an IP packet of {} bytes of {} in a frame that has room "
                "for {}: not used",
                odd.record, odd.found, of, odd.expected);
        case Kind::acknowledgement:
            break;
    }
    return fmt::format(
        "packet {}: bytes of {} are acknowledged up to {}, expected {} or what a "
        "window allows behind it: not used",
        odd.record, of, odd.found, odd.expected);
}

std::string services_text(const std::vector<trace::FoundService>& services) {
    constexpr std::size_t most = 20;
    std::string text;
    for (std::size_t i = 0; i < std::min(services.size(), most); ++i) {
        const auto& s = services[i];
        text += fmt::format("  --server {}{}: {} {}\n", s.server.to_string(),
                            s.protocol == Protocol::udp ? " --protocol udp" : "", s.connections,
                            s.protocol == Protocol::udp ? "packets" : "connections");
    }
    if (services.size() > most) {
        text += fmt::format("  and {} more\n", services.size() - most);
    }
    return text;
}

}  // namespace lvslab::cli
