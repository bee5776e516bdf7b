// SPDX-License-Identifier: GPL-2.0-only
#include <algorithm>
#include <deque>
#include <map>
#include <string>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "core/packet/bytes.hpp"
#include "core/packet/rewrite.hpp"
#include "core/packet/stream_edits.hpp"
#include "tests/unit/packet/random_packet.hpp"

using namespace lvslab;
using namespace lvslab::packet;
using namespace lvslab::packet::testing;

namespace {

struct Segment {
    std::uint32_t sequence = 0;
    std::uint32_t acknowledgement = 0;
    std::string text;
    std::uint8_t flags = tcp_flag::ack;
    std::vector<std::pair<std::uint32_t, std::uint32_t>> sacked{};
};

/// An IPv4 packet with right checksums.
Bytes packet_of(const Segment& s) {
    Bytes options;
    if (!s.sacked.empty()) {
        options = {1, 1, 5, static_cast<std::uint8_t>(2 + 8 * s.sacked.size())};
        for (const auto& [left, right] : s.sacked) {
            options.resize(options.size() + 8);
            write32(options, options.size() - 8, left);
            write32(options, options.size() - 4, right);
        }
    }
    Bytes bytes(40 + options.size() + s.text.size());
    bytes[0] = 0x45;
    write16(bytes, 2, static_cast<std::uint16_t>(bytes.size()));
    bytes[8] = 64;
    bytes[9] = 6;
    write32(bytes, 12, 0x0A01000A);
    write32(bytes, 16, 0xAC100009);
    write16(bytes, 20, 21);
    write16(bytes, 22, 40000);
    write32(bytes, 24, s.sequence);
    write32(bytes, 28, s.acknowledgement);
    bytes[32] = static_cast<std::uint8_t>((20 + options.size()) / 4 << 4);
    bytes[33] = s.flags;
    write16(bytes, 34, 8192);
    std::ranges::copy(options, bytes.begin() + 40);
    std::ranges::copy(s.text, bytes.begin() + 40 + static_cast<std::ptrdiff_t>(options.size()));
    fill_checksums(*PacketEditor::parse(bytes));
    return bytes;
}

Segment segment_of(const Bytes& bytes) {
    const auto packet = *PacketView::parse(bytes);
    const auto tcp = *packet.tcp();
    Segment s{tcp.sequence(),
              tcp.acknowledgement(),
              std::string(tcp.payload().begin(), tcp.payload().end()),
              tcp.flags(),
              {}};
    auto options = tcp.bytes().first(tcp.header_length()).subspan(20);
    if (options.size() > 2 && options[2] == 5) {
        for (std::size_t at = 4; at + 8 <= options.size(); at += 8) {
            s.sacked.emplace_back(read32(options, at), read32(options, at + 4));
        }
    }
    return s;
}

bool checksums_right(const Bytes& bytes) {
    const auto packet = *PacketView::parse(bytes);
    const auto header = packet.ipv4()->header();
    return transport_checksum_state(packet) == ChecksumState::valid &&
           internet_checksum(header) == 0;
}

const std::string private_answer = "227 Entering Passive Mode (10,1,0,10,39,16)\r\n";
const std::string public_answer = "227 Entering Passive Mode (192,168,26,10,39,16)\r\n";
constexpr std::uint32_t longer = 4;

/// The answer of a real server passes and its address is replaced.
struct Passive {
    TcpRewriter rewriter;
    std::uint32_t at;

    explicit Passive(std::uint32_t sequence = 1000) : at(sequence) {
        pass(Way::back, {at, 500, private_answer});
    }
    Segment pass(Way way, const Segment& s) {
        const auto bytes = packet_of(s);
        if (const auto where = s.text.find("10,1,0,10"); where != std::string::npos) {
            rewriter.replace(way, *PacketView::parse(bytes), where, 9, "192,168,26,10");
        }
        const auto out = rewriter.pass(way, bytes);
        EXPECT_TRUE(checksums_right(out));
        return segment_of(out);
    }
    std::uint32_t behind() const { return at + static_cast<std::uint32_t>(private_answer.size()); }
};

TEST(StreamEdits, TheAnswerIsReplacedAndItsRetransmissionToo) {
    Passive p;
    for (int n = 0; n < 2; ++n) {
        const auto s = p.pass(Way::back, {1000, 500, private_answer});
        EXPECT_EQ(s.text, public_answer);
        EXPECT_EQ(s.sequence, 1000U);
    }
}

TEST(StreamEdits, LaterNumbersAreShiftedBothWaysFromThenOn) {
    Passive p;
    EXPECT_EQ(p.pass(Way::forth, {500, p.behind() + longer, "RETR a\r\n"}).acknowledgement,
              p.behind());
    const auto s = p.pass(Way::back, {p.behind(), 508, "150 Opening\r\n"});
    EXPECT_EQ(s.sequence, p.behind() + longer);
    EXPECT_EQ(s.text, "150 Opening\r\n");
    EXPECT_EQ(p.pass(Way::forth, {500, 1000, ""}).acknowledgement, 1000U);
    // The other direction's own numbers are as they were.
    EXPECT_EQ(p.pass(Way::forth, {508, p.behind() + longer, "x"}).sequence, 508U);
    // The end of the stream counts as a number.
    const auto end =
        p.pass(Way::back, {p.behind() + 13, 509, "", tcp_flag::fin | tcp_flag::ack, {}});
    EXPECT_EQ(end.sequence, p.behind() + 13 + longer);
}

TEST(StreamEdits, SeveralReplacementsAddUp) {
    Passive p;
    auto at = p.behind();
    for (std::uint32_t n = 1; n <= 5; ++n) {
        const auto s = p.pass(Way::back, {at, 500, private_answer});
        EXPECT_EQ(s.sequence, at + n * longer);
        EXPECT_EQ(s.text, public_answer);
        at += static_cast<std::uint32_t>(private_answer.size());
        EXPECT_EQ(p.pass(Way::forth, {500, at + (n + 1) * longer, ""}).acknowledgement, at);
    }
    // A retransmission of the first answer is still the first answer.
    EXPECT_EQ(p.pass(Way::back, {1000, 500, private_answer}).sequence, 1000U);
}

TEST(StreamEdits, ARetransmissionCutElsewhereJoinsToTheSameText) {
    for (std::size_t cut = 0; cut <= private_answer.size(); ++cut) {
        Passive p;
        const auto first = p.pass(Way::back, {1000, 500, private_answer.substr(0, cut)});
        const auto second = p.pass(
            Way::back, {1000 + static_cast<std::uint32_t>(cut), 500, private_answer.substr(cut)});
        EXPECT_EQ(first.text + second.text, public_answer) << cut;
        EXPECT_EQ(second.sequence, first.sequence + first.text.size()) << cut;
    }
}

TEST(StreamEdits, NumbersMayWrap) {
    Passive p(0xFFFFFFF0U);
    EXPECT_EQ(p.pass(Way::back, {p.behind(), 500, "200\r\n"}).sequence, p.behind() + longer);
    EXPECT_EQ(p.pass(Way::forth, {500, p.behind() + longer, ""}).acknowledgement, p.behind());
    EXPECT_EQ(p.pass(Way::forth, {500, 0xFFFFFFF0U, ""}).acknowledgement, 0xFFFFFFF0U);
}

TEST(StreamEdits, AShiftHoldsWhenItsPlaceIsGigabytesBack) {
    Passive p;
    auto at = p.behind();
    for (int n = 0; n < 9; ++n) {
        at += 1U << 29;
        const auto s = p.pass(Way::back, {at, 500, "x"});
        EXPECT_EQ(s.sequence, at + longer);
        EXPECT_EQ(s.text, "x");
        EXPECT_EQ(p.pass(Way::forth, {500, at + 1 + longer, ""}).acknowledgement, at + 1);
    }
}

TEST(StreamEdits, SackBlocksAreInTheOtherSidesNumbers) {
    Passive p;
    Segment s{500, 1000, "", tcp_flag::ack, {{p.behind() + longer, p.behind() + longer + 100}}};
    auto out = p.pass(Way::forth, s);
    EXPECT_EQ(out.sacked.at(0), std::pair(p.behind(), p.behind() + 100));
    // A block that lies within the new text holds no whole old byte: it is not told.
    const auto inside = static_cast<std::uint32_t>(public_answer.find("192")) + 1000;
    s.sacked = {{inside + 10, inside + 12}};
    EXPECT_TRUE(p.pass(Way::forth, s).sacked.empty());
}

TEST(StreamEdits, TheWindowIsNotTouched) {
    Passive p;
    const auto out = p.rewriter.pass(Way::back, packet_of({p.behind(), 500, "x"}));
    EXPECT_EQ(PacketView::parse(out)->tcp()->window(), 8192);
}

TEST(StreamEdits, DamageStaysVisible) {
    Passive p;
    auto bytes = packet_of({p.behind(), 500, "150 Opening\r\n"});
    bytes.back() ^= 0x40;
    const auto out = p.rewriter.pass(Way::back, bytes);
    EXPECT_EQ(transport_checksum_state(*PacketView::parse(out)), ChecksumState::wrong);
}

TEST(StreamEdits, WhatHasPassedIsNotReplacedAnyMore) {
    TcpRewriter rewriter;
    rewriter.pass(Way::back, packet_of({1045, 500, "later"}));
    const auto bytes = packet_of({1000, 500, private_answer});
    EXPECT_FALSE(rewriter.replace(Way::back, *PacketView::parse(bytes), 27, 9, "1,2,3,4"));
    EXPECT_EQ(rewriter.pass(Way::back, bytes), bytes);
}

RC_GTEST_PROP(StreamEditsProperty, WithoutReplacementsEveryPacketIsAsItWas, (std::uint64_t seed)) {
    RandomStream random(seed, "stream edits");
    TcpRewriter rewriter;
    const auto made = random_packet(random);
    RC_ASSERT(rewriter.pass(Way::forth, made.bytes) == made.bytes);
}

/// IPv6, extension headers, options of any kind: lengths and checksums are right behind an edit.
RC_GTEST_PROP(StreamEditsProperty, LengthsAndChecksumsAreRight, (std::uint64_t seed)) {
    RandomStream random(seed, "stream edits");
    auto made = random_packet(random);
    while (made.kind != Kind::tcp || PacketView::parse(made.bytes)->tcp()->payload().empty()) {
        made = random_packet(random);
    }
    const auto before = *PacketView::parse(made.bytes);
    const auto size = before.tcp()->payload().size();
    const auto offset = random.below(size);
    const auto length = 1 + random.below(size - offset);
    const std::string text(1 + random.below(60), 'x');
    TcpRewriter rewriter;
    RC_ASSERT(rewriter.replace(Way::back, before, offset, length, text));
    const auto out = rewriter.pass(Way::back, made.bytes);
    RC_ASSERT(out.size() == made.bytes.size() - length + text.size());
    const auto after = PacketView::parse(out);
    RC_ASSERT(after.has_value() && after->complete());
    RC_ASSERT(transport_checksum_state(*after) == transport_checksum_state(before));
    if (after->ipv4()) {
        RC_ASSERT(internet_checksum(after->ipv4()->header()) == 0);
    }
}

/// A side of a dialogue: sends its stream, takes the other's, as plain a TCP as can be.
struct Side {
    std::string stream;         ///< what it sends
    std::uint32_t begin;        ///< the number of its first byte
    std::uint32_t other_begin;  ///< and of the other's, as this side sees it
    std::size_t acknowledged = 0;
    std::map<std::size_t, std::string> early;
    std::string received;

    Segment segment(std::size_t from, std::size_t length) const {
        Segment s;
        s.sequence = begin + static_cast<std::uint32_t>(from);
        s.acknowledgement = other_begin + static_cast<std::uint32_t>(received.size());
        s.text = stream.substr(from, length);
        for (const auto& [at, text] : early) {
            const auto left = other_begin + static_cast<std::uint32_t>(at);
            if (s.sacked.size() < 3) {
                s.sacked.emplace_back(left, left + static_cast<std::uint32_t>(text.size()));
            }
        }
        return s;
    }
    void take(const Segment& s) {
        const auto told = s.acknowledgement - begin;
        RC_ASSERT(told <= stream.size());
        acknowledged = std::max<std::size_t>(acknowledged, told);
        for (const auto& [left, right] : s.sacked) {
            RC_ASSERT(left - begin <= stream.size() && right - begin <= stream.size());
        }
        const auto at = static_cast<std::int32_t>(s.sequence - other_begin);
        RC_ASSERT(at >= 0);
        if (!s.text.empty()) {
            early[static_cast<std::size_t>(at)] =
                std::max(early[static_cast<std::size_t>(at)], s.text,
                         [](const auto& a, const auto& b) { return a.size() < b.size(); });
        }
        while (!early.empty() && early.begin()->first <= received.size()) {
            const auto& [from, text] = *early.begin();
            if (from + text.size() > received.size()) {
                received += text.substr(received.size() - from);
            }
            early.erase(early.begin());
        }
    }
};

/// Two sides talk through a rewriter that replaces each "<...>" it sees whole, over a network that
/// loses, repeats and reorders, cutting retransmissions anew. Both get what was meant.
RC_GTEST_PROP(StreamEditsProperty, ARandomDialogueArrivesAsItWasMeant, (std::uint64_t seed)) {
    RandomStream random(seed, "stream edits");
    const auto stream_of = [&] {
        std::string s;
        for (auto n = random.below(12); n > 0; --n) {
            s += std::string(random.below(30), static_cast<char>('a' + random.below(26)));
            s += "<" + std::string(random.below(12), '.') + ">";
        }
        return s + "end";
    };
    std::array<Side, 2> sides;
    for (auto& side : sides) {
        side.stream = stream_of();
        side.begin = static_cast<std::uint32_t>(random());
    }
    sides[0].other_begin = sides[1].begin;
    sides[1].other_begin = sides[0].begin;
    TcpRewriter rewriter;
    std::array<std::map<std::size_t, std::string>, 2> replaced;  ///< by place in the stream
    std::array<std::deque<Bytes>, 2> on_the_way;                 ///< before the rewriter
    const auto through = [&](std::size_t from, const Bytes& bytes) {
        const auto way = static_cast<Way>(from);
        const auto packet = *PacketView::parse(bytes);
        if (!rewriter.follows(way, packet)) {
            return;
        }
        const auto s = segment_of(bytes);
        for (std::size_t open = s.text.find('<'); open != std::string::npos;
             open = s.text.find('<', open + 1)) {
            const auto close = s.text.find('>', open);
            const std::string text(1 + random.below(20), 'X');
            if (close != std::string::npos &&
                rewriter.replace(way, packet, open, close + 1 - open, text)) {
                replaced[from][s.sequence - sides[from].begin + open] = text;
            }
        }
        const auto out = rewriter.pass(way, bytes);
        RC_ASSERT(checksums_right(out));
        if (random.below(5) != 0) {
            sides[1 - from].take(segment_of(out));
        }
    };
    const auto done = [&] {
        return std::ranges::all_of(sides,
                                   [](const Side& s) { return s.acknowledged == s.stream.size(); });
    };
    for (int turn = 0; turn < 20000 && !done(); ++turn) {
        const auto from = random.below(2);
        auto& side = sides[from];
        const auto ahead = random.below(40);
        const auto at =
            std::min(side.acknowledged + (random.below(3) == 0 ? ahead : 0), side.stream.size());
        on_the_way[from].push_back(packet_of(side.segment(at, random.below(60))));
        const auto way = random.below(2);
        if (!on_the_way[way].empty()) {
            const auto which = random.below(std::min<std::size_t>(on_the_way[way].size(), 4));
            const auto bytes = on_the_way[way][which];
            if (random.below(6) != 0) {
                on_the_way[way].erase(on_the_way[way].begin() + static_cast<std::ptrdiff_t>(which));
            }
            if (random.below(6) != 0) {
                through(way, bytes);
            }
        }
    }
    RC_ASSERT(done());
    for (std::size_t from = 0; from < 2; ++from) {
        std::string meant;
        const auto& stream = sides[from].stream;
        for (std::size_t at = 0; at < stream.size();) {
            if (const auto found = replaced[from].find(at); found != replaced[from].end()) {
                meant += found->second;
                at = stream.find('>', at) + 1;
            } else {
                meant += stream[at++];
            }
        }
        RC_ASSERT(sides[1 - from].received == meant);
    }
}

}  // namespace
