// SPDX-License-Identifier: GPL-2.0-only
#include "core/packet/stream_edits.hpp"

#include <algorithm>
#include <utility>

#include "core/packet/checksum.hpp"

namespace lvslab::packet {
namespace {

/// How far back an edit is kept: a quarter of the numbers, more than any window.
constexpr std::int32_t kept_behind = 1 << 30;
constexpr std::uint8_t option_end = 0, option_nop = 1, option_sack = 5;
constexpr std::size_t sack_block = 8;

/// How far `a` is behind `b`, as TCP counts (RFC 9293, 3.4).
std::int32_t distance(std::uint32_t a, std::uint32_t b) {
    return static_cast<std::int32_t>(a - b);
}

std::uint32_t size32(std::size_t size) {
    return static_cast<std::uint32_t>(size);
}

/// Numbers that a segment takes: its bytes, SYN and FIN.
std::uint32_t length_of(const TcpView& tcp) {
    const auto flags = tcp.flags();
    return size32(tcp.payload().size()) + ((flags & tcp_flag::syn) != 0 ? 1 : 0) +
           ((flags & tcp_flag::fin) != 0 ? 1 : 0);
}

/// The number of a segment's first byte: a SYN takes one before it.
std::uint32_t first_byte(const TcpView& tcp) {
    return tcp.sequence() + ((tcp.flags() & tcp_flag::syn) != 0 ? 1 : 0);
}

/// One edge of a SACK block. The left one moves up to where a sender's byte begins.
std::uint32_t sack_edge(const StreamEdits& edits, std::uint32_t number, bool left) {
    auto sequence = edits.acknowledged(number);
    while (left && distance(edits.sent(sequence), number) < 0) {
        ++sequence;
    }
    return sequence;
}

/// The blocks of one SACK option. One that holds no whole byte of the sender's makes the option
/// worthless: it becomes padding.
void rewrite_sack(std::span<std::uint8_t> option, const StreamEdits& edits) {
    for (std::size_t at = 2; at + sack_block <= option.size(); at += sack_block) {
        const auto left = sack_edge(edits, read32(option, at), true);
        const auto right = sack_edge(edits, read32(option, at + 4), false);
        if (distance(right, left) <= 0) {
            std::ranges::fill(option, option_nop);
            return;
        }
        write32(option, at, left);
        write32(option, at + 4, right);
    }
}

void rewrite_sacks(std::span<std::uint8_t> options, const StreamEdits& edits) {
    while (!options.empty() && options[0] != option_end) {
        if (options[0] == option_nop) {
            options = options.subspan(1);
            continue;
        }
        if (options.size() < 2 || options[1] < 2 || options[1] > options.size()) {
            return;
        }
        const auto option = options.first(options[1]);
        options = options.subspan(options[1]);
        if (option[0] == option_sack) {
            rewrite_sack(option, edits);
        }
    }
}

std::uint16_t word(std::span<const std::uint8_t> bytes, std::size_t at) {
    const auto byte = [&](std::size_t i) { return i < bytes.size() ? bytes[i] : std::uint8_t{0}; };
    return static_cast<std::uint16_t>((byte(at) << 8) | byte(at + 1));
}

/// The checksum of a segment that was `before` and is `after` now, lengths included.
std::uint16_t changed_checksum(std::span<const std::uint8_t> before,
                               std::span<const std::uint8_t> after, std::uint16_t checksum) {
    ChecksumChange change;
    for (std::size_t at = 0; at < std::max(before.size(), after.size()); at += 2) {
        change.replace16(word(before, at), word(after, at));
    }
    change.replace16(static_cast<std::uint16_t>(before.size()),
                     static_cast<std::uint16_t>(after.size()));
    return change.applied_to(checksum);
}

/// Writes the length of an IP packet of `bytes`, whose headers are those of another length.
void set_length(std::span<std::uint8_t> bytes) {
    if (bytes[0] >> 4 == 4) {
        ChecksumChange change;
        change.replace16(read16(bytes, 2), static_cast<std::uint16_t>(bytes.size()));
        write16(bytes, 2, static_cast<std::uint16_t>(bytes.size()));
        write16(bytes, 10, change.applied_to(read16(bytes, 10)));
    } else {
        constexpr std::size_t header = 40;
        write16(bytes, 4, static_cast<std::uint16_t>(bytes.size() - header));
    }
}

}  // namespace

void StreamEdits::replace(std::uint32_t at, std::uint32_t length, std::string text) {
    edits_.push_back({at, length, std::move(text)});
}

std::uint32_t StreamEdits::sent(std::uint32_t sequence) const {
    auto shift = settled_;
    for (const auto& e : edits_) {
        const auto into = distance(sequence, e.at);
        if (into <= 0) {
            break;
        }
        if (static_cast<std::uint32_t>(into) < e.length) {
            return e.at + shift + std::min(static_cast<std::uint32_t>(into), size32(e.text.size()));
        }
        shift += e.shift();
    }
    return sequence + shift;
}

std::uint32_t StreamEdits::acknowledged(std::uint32_t number) const {
    auto shift = settled_;
    for (const auto& e : edits_) {
        const auto into = distance(number, e.at + shift);
        if (into <= 0) {
            break;
        }
        if (static_cast<std::uint32_t>(into) < e.text.size()) {
            return e.at + std::min(static_cast<std::uint32_t>(into), e.length - 1);
        }
        shift += e.shift();
    }
    return number - shift;
}

std::vector<std::uint8_t> StreamEdits::bytes(std::uint32_t sequence,
                                             std::span<const std::uint8_t> payload) const {
    std::vector<std::uint8_t> out;
    std::size_t copied = 0;
    const auto size = static_cast<std::int64_t>(payload.size());
    for (const auto& e : edits_) {
        const std::int64_t begin = distance(e.at, sequence);
        const auto end = begin + e.length;
        if (end <= 0) {
            continue;
        }
        if (begin >= size) {
            break;
        }
        if (begin > 0) {
            const auto until = static_cast<std::size_t>(begin);
            out.insert(out.end(), payload.begin() + static_cast<std::ptrdiff_t>(copied),
                       payload.begin() + static_cast<std::ptrdiff_t>(until));
        }
        const auto text = static_cast<std::int64_t>(e.text.size());
        const auto from = std::min(std::max<std::int64_t>(-begin, 0), text);
        const auto to = end <= size ? text : std::min(size - begin, text);
        out.insert(out.end(), e.text.begin() + from, e.text.begin() + to);
        copied = static_cast<std::size_t>(std::min(end, size));
    }
    out.insert(out.end(), payload.begin() + static_cast<std::ptrdiff_t>(copied), payload.end());
    return out;
}

void StreamEdits::settle(std::uint32_t sequence) {
    while (!edits_.empty() && distance(sequence, edits_.front().end()) > kept_behind) {
        settled_ += edits_.front().shift();
        edits_.erase(edits_.begin());
    }
}

bool TcpRewriter::replace(Way way, const PacketView& packet, std::size_t offset, std::size_t length,
                          std::string text) {
    const auto tcp = packet.tcp();
    const auto i = static_cast<std::size_t>(way);
    if (!tcp || length == 0 || text.empty() || offset + length > tcp->payload().size()) {
        return false;
    }
    const auto at = first_byte(*tcp) + size32(offset);
    if (begun_[i] && distance(at, next_[i]) < 0) {
        return false;
    }
    of(way).replace(at, size32(length), std::move(text));
    return true;
}

bool TcpRewriter::follows(Way way, const PacketView& packet) const {
    const auto tcp = packet.tcp();
    const auto i = static_cast<std::size_t>(way);
    return !tcp || !begun_[i] || distance(tcp->sequence(), next_[i]) <= 0;
}

std::vector<std::uint8_t> TcpRewriter::pass(Way way, std::span<const std::uint8_t> packet) {
    std::vector<std::uint8_t> out(packet.begin(), packet.end());
    const auto read = PacketView::parse(packet);
    if (!read || !read->tcp() || read->fragment() != Fragment::none) {
        return out;
    }
    const auto tcp = *read->tcp();
    const auto i = static_cast<std::size_t>(way);
    const auto sequence = tcp.sequence();
    const auto end = sequence + length_of(tcp);
    if (!begun_[i] || distance(end, next_[i]) > 0) {
        next_[i] = end;
        begun_[i] = true;
    }
    auto& edits = of(way);
    edits.settle(sequence);
    if (edits.empty() && against(way).empty()) {
        return out;
    }
    const auto segment = read->transport_bytes();
    const auto start = static_cast<std::size_t>(segment.data() - packet.data());
    const auto payload = edits.bytes(first_byte(tcp), tcp.payload());
    out.resize(start + tcp.header_length());
    out.insert(out.end(), payload.begin(), payload.end());
    const auto bytes = std::span(out).subspan(start);
    write32(bytes, 4, edits.sent(sequence));
    if ((tcp.flags() & tcp_flag::ack) != 0 && !against(way).empty()) {
        write32(bytes, 8, against(way).acknowledged(tcp.acknowledgement()));
        rewrite_sacks(bytes.first(tcp.header_length()).subspan(TcpView::minimum_size),
                      against(way));
    }
    write16(bytes, 16, changed_checksum(segment, bytes, tcp.checksum()));
    set_length(out);
    return out;
}

}  // namespace lvslab::packet
