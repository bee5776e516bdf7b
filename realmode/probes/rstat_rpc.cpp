// SPDX-License-Identifier: GPL-2.0-only
#include "realmode/probes/rstat_rpc.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "core/packet/bytes.hpp"

namespace lvslab::realmode::rpc {
namespace {

// RFC 5531, 9.
constexpr std::uint32_t call_message = 0, reply_message = 1;
constexpr std::uint32_t rpc_version = 2;
constexpr std::uint32_t accepted = 0, denied = 1;
constexpr std::uint32_t no_authentication = 0;
constexpr std::uint32_t longest_credentials = 400;
// RFC 1833, 3: IPPROTO_UDP.
constexpr std::uint32_t over_udp = 17;
// rstat.x: FSCALE.
constexpr double load_scale = 256;

/// XDR's units of four bytes, one after the other. What is not there makes it bad, and 0.
class Reader {
public:
    explicit Reader(ByteSpan bytes) : bytes_(bytes) {}

    std::uint32_t word() {
        if (bytes_.size() < 4) {
            good_ = false;
            return 0;
        }
        const auto value = packet::read32(bytes_, 0);
        bytes_ = bytes_.subspan(4);
        return value;
    }
    void expect(std::uint32_t value) { good_ = word() == value && good_; }
    void skip_words(std::uint32_t count) {
        if (bytes_.size() / 4 < count) {
            good_ = false;
        } else {
            bytes_ = bytes_.subspan(std::size_t{count} * 4);
        }
    }
    /// Credentials or a verifier: a flavour, a length, bytes filled up to words.
    void skip_authentication() {
        word();
        const auto length = word();
        good_ = good_ && length <= longest_credentials;
        if (good_) {
            skip_words((length + 3) / 4);
        }
    }
    Bytes rest() const { return {bytes_.begin(), bytes_.end()}; }
    bool good() const { return good_; }

private:
    ByteSpan bytes_;
    bool good_ = true;
};

void put(Bytes& bytes, std::initializer_list<std::uint32_t> words) {
    for (const auto word : words) {
        bytes.resize(bytes.size() + 4);
        packet::write32(bytes, bytes.size() - 4, word);
    }
}

/// Words before the load and behind it that a version has at least.
struct StatsShape {
    std::uint32_t before, behind;
};

/// Of versions 2 and 3: four CPU states, four disks, ten counters; the other two loads, the time of
/// boot, in 3 the current time and the packets sent. Solaris' version 2 ends with the boot.
std::optional<StatsShape> shape_of(std::uint32_t version) {
    switch (version) {
        case 2:
            return StatsShape{18, 4};
        case 3:
            return StatsShape{18, 7};
        case 4:  // its eleven counters stand behind two arrays
            return StatsShape{11, 6};
        default:
            return std::nullopt;
    }
}

}  // namespace

Bytes encode(const Call& call) {
    Bytes bytes;
    put(bytes, {call.xid, call_message, rpc_version, call.program, call.version, call.procedure,
                no_authentication, 0, no_authentication, 0});
    bytes.insert(bytes.end(), call.arguments.begin(), call.arguments.end());
    return bytes;
}

std::optional<Call> decode_call(ByteSpan datagram) {
    Reader reader(datagram);
    Call call;
    call.xid = reader.word();
    reader.expect(call_message);
    reader.expect(rpc_version);
    call.program = reader.word();
    call.version = reader.word();
    call.procedure = reader.word();
    reader.skip_authentication();
    reader.skip_authentication();
    if (!reader.good()) {
        return std::nullopt;
    }
    call.arguments = reader.rest();
    return call;
}

Bytes encode(const Reply& reply) {
    Bytes bytes;
    if (reply.status == Status::denied) {
        constexpr std::uint32_t version_mismatch = 0;
        put(bytes, {reply.xid, reply_message, denied, version_mismatch, rpc_version, rpc_version});
        return bytes;
    }
    put(bytes, {reply.xid, reply_message, accepted, no_authentication, 0,
                static_cast<std::uint32_t>(reply.status)});
    if (reply.status == Status::program_mismatch) {
        put(bytes, {reply.lowest, reply.highest});
    }
    bytes.insert(bytes.end(), reply.results.begin(), reply.results.end());
    return bytes;
}

std::optional<Reply> decode_reply(ByteSpan datagram) {
    Reader reader(datagram);
    Reply reply;
    reply.xid = reader.word();
    reader.expect(reply_message);
    const auto state = reader.word();
    if (!reader.good() || state > denied) {
        return std::nullopt;
    }
    if (state == denied) {
        reply.status = Status::denied;
        return reply;
    }
    reader.skip_authentication();
    const auto status = reader.word();
    if (!reader.good() || status > static_cast<std::uint32_t>(Status::system_error)) {
        return std::nullopt;
    }
    reply.status = static_cast<Status>(status);
    if (reply.status == Status::program_mismatch) {
        reply.lowest = reader.word();
        reply.highest = reader.word();
    } else if (reply.status == Status::success) {
        reply.results = reader.rest();
    }
    return reader.good() ? std::optional{reply} : std::nullopt;
}

Call getport(std::uint32_t xid, std::uint32_t program, std::uint32_t version) {
    Call call{xid, portmapper_program, portmapper_version, getport_procedure, {}};
    put(call.arguments, {program, version, over_udp, 0});
    return call;
}

std::optional<Port> read_port(ByteSpan results) {
    Reader reader(results);
    const auto port = reader.word();
    if (!reader.good() || port > 0xFFFF) {
        return std::nullopt;
    }
    return Port{static_cast<std::uint16_t>(port)};
}

Bytes port_results(Port port) {
    Bytes bytes;
    put(bytes, {port.value()});
    return bytes;
}

std::optional<double> read_load(std::uint32_t version, ByteSpan results) {
    const auto shape = shape_of(version);
    if (!shape) {
        return std::nullopt;
    }
    Reader reader(results);
    if (version == 4) {
        reader.skip_words(reader.word());
        reader.skip_words(reader.word());
    }
    reader.skip_words(shape->before);
    const auto load = static_cast<std::int32_t>(reader.word());
    reader.skip_words(shape->behind);
    if (!reader.good() || load < 0) {
        return std::nullopt;
    }
    return load / load_scale;
}

Bytes stats_results(std::uint32_t version, double one_minute) {
    const auto shape = shape_of(version).value_or(StatsShape{});
    Bytes bytes;
    if (version == 4) {
        put(bytes, {0, 0});
    }
    bytes.resize(bytes.size() + std::size_t{shape.before} * 4);
    const auto scaled = std::clamp(std::round(one_minute * load_scale), 0.0, 2147483647.0);
    put(bytes, {static_cast<std::uint32_t>(scaled)});
    bytes.resize(bytes.size() + std::size_t{shape.behind + (version == 2 ? 1 : 0)} * 4);
    return bytes;
}

}  // namespace lvslab::realmode::rpc
