// SPDX-License-Identifier: GPL-2.0-only
// Any bytes as an answer of rstatd, a port mapper or rwhod: nothing crashes, and these hold:
//   - a reply or call that is understood is the same after writing and reading it again;
//   - a load is no less than 0, and not there in results that are cut before it;
//   - a status of rwhod names its host by what a file's name may hold.
// The first byte says which.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>

#include "realmode/probes/rstat_rpc.hpp"
#include "realmode/probes/whod_packet.hpp"

namespace {

using namespace lvslab::realmode;

void require(bool holds, const char* what) {
    if (!holds) {
        std::fprintf(stderr, "does not hold: %s\n", what);
        std::abort();
    }
}

void check_reply(rpc::ByteSpan bytes) {
    const auto reply = rpc::decode_reply(bytes);
    if (!reply) {
        return;
    }
    require(rpc::decode_reply(rpc::encode(*reply)) == reply, "a reply survives writing");
    rpc::read_port(reply->results);
    for (const auto version : rpc::rstat_versions) {
        const auto load = rpc::read_load(version, reply->results);
        require(!load || *load >= 0, "a load is not negative");
        require(!load || reply->results.size() >= 72, "a load stands behind its counters");
    }
}

void check_call(rpc::ByteSpan bytes) {
    const auto call = rpc::decode_call(bytes);
    require(!call || rpc::decode_call(rpc::encode(*call)) == call, "a call survives writing");
}

void check_whod(std::span<const std::uint8_t> bytes, ByteOrder order) {
    const auto packet = decode_whod(bytes, order);
    if (!packet) {
        return;
    }
    require(packet->one_minute() >= 0, "a load is not negative");
    require(!packet->host.empty() && packet->host.find('/') == std::string::npos,
            "a host's name is no path");
    require(decode_whod(encode(*packet)) == packet, "a status survives writing");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    const std::span bytes(data + 1, size - 1);
    switch (data[0] % 4) {
        case 0:
            check_reply(bytes);
            break;
        case 1:
            check_call(bytes);
            break;
        case 2:
            check_whod(bytes, ByteOrder::network);
            break;
        default:
            check_whod(bytes, ByteOrder::host);
    }
    return 0;
}
