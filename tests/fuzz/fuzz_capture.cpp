// SPDX-License-Identifier: GPL-2.0-only
// Any frames of any link layer, as a capture would hand them on: nothing crashes, and these hold:
//   - no more connections are held than allowed, and none once the capture is over;
//   - a connection that is handed out has a turn, and a trace file keeps it;
//   - what was counted adds up.
// The input: a byte of choices, then records of a time step, a length and a frame.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <string>

#include "core/trace/census.hpp"
#include "core/trace/extractor.hpp"
#include "core/trace/link_layer.hpp"

namespace {

using namespace lvslab;

void require(bool holds, const char* what) {
    if (!holds) {
        std::fprintf(stderr, "does not hold: %s\n", what);
        std::abort();
    }
}

void check(const trace::TracedConnection& connection) {
    require(!connection.turns.empty(), "a connection has a turn");
    for (const auto& turn : connection.turns) {
        require(turn.think >= Duration::zero(), "a pause is not negative");
        require(!turn.service || *turn.service >= Duration::zero(), "work is not negative");
    }
    const auto read =
        trace::read_trace(std::string(trace::trace_file_mark) + "\n" + line_of(connection), "t");
    require(read && read->size() == 1, "a trace file is read again");
    require(std::ranges::equal(read->turns(0), connection.turns), "its turns are the same");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    constexpr std::size_t most_open = 4;
    trace::ExtractorSettings settings;
    settings.protocol = (data[0] & 1) != 0 ? Protocol::udp : Protocol::tcp;
    settings.server = {Address::v4(0xC0A81A0A), Port{80}};
    settings.most_open = most_open;
    const auto link = static_cast<trace::LinkLayer>((data[0] >> 1) % 5);
    std::uint64_t handed_out = 0;
    trace::Extractor extractor(settings, [&](const trace::TracedConnection& connection) {
        ++handed_out;
        check(connection);
    });
    trace::ServiceCensus census;
    Duration now{};
    std::span<const std::uint8_t> rest(data + 1, size - 1);
    while (rest.size() >= 2) {
        now += std::chrono::milliseconds(rest[0]) * rest[0];
        const auto length = std::min<std::size_t>(rest[1], rest.size() - 2);
        const auto ip = trace::ip_of_frame(link, rest.subspan(2, length));
        census.packet(ip);
        extractor.packet(now, ip);
        require(extractor.open() <= most_open, "no more connections are held than allowed");
        rest = rest.subspan(2 + length);
    }
    extractor.finish();
    require(extractor.open() == 0, "none is held at the end");
    const auto& counts = extractor.counts();
    require(counts.taken == handed_out, "what was handed out was counted");
    require(counts.of_service + counts.fragments + counts.malformed >=
                std::min<std::uint64_t>(counts.packets, counts.taken),
            "a connection has a packet");
    census.found();
    return 0;
}
