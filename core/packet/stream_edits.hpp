// SPDX-License-Identifier: GPL-2.0-only
/// Replacing text in a TCP stream that passes by: the length changes, and both sides go on as if
/// nothing had (nf_nat_mangle_tcp_packet, nf_conntrack_seqadj.c).
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/packet/packet.hpp"

namespace lvslab::packet {

/// What was replaced in the bytes of one direction. Positions are sequence numbers; the sender's
/// and the receiver's differ from the first replacement on. The kernel keeps the last place of
/// change alone; here each is kept as long as a segment of then may come again.
class StreamEdits {
public:
    /// The sender's bytes [at, at + length) become `text`. Neither is empty, and the bytes stand
    /// behind those of every earlier call.
    void replace(std::uint32_t at, std::uint32_t length, std::string text);
    bool empty() const { return edits_.empty() && settled_ == 0; }

    /// The receiver's number for a sender's: of a segment's begin, or of the end of data. A place
    /// inside a replaced text is as far into the new one, or at its end.
    std::uint32_t sent(std::uint32_t sequence) const;
    /// The sender's number for one that the receiver acknowledges: never more than what has come.
    std::uint32_t acknowledged(std::uint32_t number) const;
    /// What the receiver gets of the sender's bytes from `sequence` on, at sent(sequence).
    std::vector<std::uint8_t> bytes(std::uint32_t sequence,
                                    std::span<const std::uint8_t> payload) const;
    /// The sender has come to `sequence`: forgets what lies so far back that numbers wrap.
    void settle(std::uint32_t sequence);

private:
    struct Edit {
        std::uint32_t at;
        std::uint32_t length;
        std::string text;

        std::uint32_t end() const { return at + length; }
        std::uint32_t shift() const { return static_cast<std::uint32_t>(text.size()) - length; }
    };
    std::vector<Edit> edits_;
    std::uint32_t settled_ = 0;  ///< the shift of what was forgotten
};

/// Which way a segment goes: from whoever opened the connection, or back.
enum class Way : std::uint8_t { forth, back };

/// Both directions of one TCP connection whose text is replaced.
class TcpRewriter {
public:
    /// Text of the payload of `packet` is to be replaced: `length` bytes at `offset`. False, and
    /// nothing is done, if later bytes have passed already: they cannot be moved any more.
    bool replace(Way way, const PacketView& packet, std::size_t offset, std::size_t length,
                 std::string text);
    /// Does it follow what has passed, leaving no hole? Behind a hole nobody knows where bytes
    /// will be: such a segment is better dropped, and sent again by its sender.
    bool follows(Way way, const PacketView& packet) const;
    /// The packet as the other side is to get it: sequence and acknowledgement numbers, SACK
    /// blocks, text, lengths, checksums (by the change alone: damage stays visible). Anything but
    /// a whole TCP packet is given back as it is. The window is left as it is.
    std::vector<std::uint8_t> pass(Way way, std::span<const std::uint8_t> packet);

private:
    StreamEdits& of(Way way) { return edits_[static_cast<std::size_t>(way)]; }
    const StreamEdits& against(Way way) const { return edits_[1 - static_cast<std::size_t>(way)]; }

    std::array<StreamEdits, 2> edits_;
    std::array<std::uint32_t, 2> next_{};  ///< behind the last byte that has passed
    std::array<bool, 2> begun_{};
};

}  // namespace lvslab::packet
