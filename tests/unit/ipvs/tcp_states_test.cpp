// SPDX-License-Identifier: GPL-2.0-only
#include <array>
#include <fstream>
#include <string>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "core/ipvs/tcp_states.hpp"

namespace lvslab::ipvs {
namespace {

TcpState named(const std::string& name) {
    for (std::size_t s = 0; s < tcp_state_count; ++s) {
        if (to_string(static_cast<TcpState>(s)) == name) {
            return static_cast<TcpState>(s);
        }
    }
    ADD_FAILURE() << "no state " << name;
    return TcpState::none;
}

TcpFlags flags_of(const std::string& letters) {
    auto flags = TcpFlags::none;
    for (const char l : letters) {
        flags = flags | (l == 'S'   ? TcpFlags::syn
                         : l == 'A' ? TcpFlags::ack
                         : l == 'F' ? TcpFlags::fin
                                    : TcpFlags::rst);
    }
    return flags;
}

/// Each key is "STATE side:FLAGS", each value the states seen after it with their numbers.
std::size_t check(const char* file, TcpSide client_side) {
    std::ifstream in(std::string(LVSLAB_SOURCE_DIR "/tests/data/kernel-traces/") + file);
    const auto seen = nlohmann::json::parse(in);
    for (const auto& [key, after] : seen.items()) {
        const auto space = key.find(' ');
        const auto colon = key.find(':');
        const auto side = key[space + 1] == 'c' ? client_side : TcpSide::output;
        const auto next =
            next_state(named(key.substr(0, space)), side, flags_of(key.substr(colon + 1)), false);
        EXPECT_EQ(after.size(), 1U) << key;
        EXPECT_EQ(after.items().begin().key(), to_string(next)) << key;
    }
    return seen.size();
}

TEST(TcpStates, EveryTransitionSeenInTheKernelByNat) {
    EXPECT_EQ(check("tcp-transitions-nat.json", TcpSide::input), 56U);
}

TEST(TcpStates, EveryTransitionSeenInTheKernelByInputAlone) {
    EXPECT_EQ(check("tcp-transitions-input-only.json", TcpSide::input_only), 20U);
}

TEST(TcpStates, RstGoesBeforeSynBeforeFinBeforeAck) {
    const auto all = TcpFlags::rst | TcpFlags::syn | TcpFlags::fin | TcpFlags::ack;
    const auto next = [](TcpFlags f) {
        return next_state(TcpState::established, TcpSide::input, f, false);
    };
    EXPECT_EQ(next(all), TcpState::close);
    EXPECT_EQ(next(TcpFlags::syn | TcpFlags::fin | TcpFlags::ack), TcpState::established);
    EXPECT_EQ(next(TcpFlags::fin | TcpFlags::ack), TcpState::close_wait);
    EXPECT_EQ(next(TcpFlags::none), TcpState::close);
}

TEST(TcpStates, SecureTcpKeepsAHalfOpenConnectionHalfOpenOnTheClientsAck) {
    const auto ack = TcpFlags::ack;
    EXPECT_EQ(next_state(TcpState::syn_recv, TcpSide::input, ack, true), TcpState::syn_recv);
    EXPECT_EQ(next_state(TcpState::synack, TcpSide::input, ack, true), TcpState::synack);
    EXPECT_EQ(next_state(TcpState::syn_recv, TcpSide::output, TcpFlags::syn | ack, true),
              TcpState::synack);
    EXPECT_EQ(next_state(TcpState::none, TcpSide::input_only, TcpFlags::syn, true),
              TcpState::synack);
    EXPECT_EQ(next_state(TcpState::synack, TcpSide::input_only, ack, true), TcpState::established);
}

TEST(TcpStates, PacketsAlikeMoveAStateNoFurtherThanOneDoes) {
    // What lets a segment stand for several packets. FIN is no such case: a second one of the
    // client's moves FIN_WAIT on, but then the first has moved it already.
    for (std::size_t s = 0; s < tcp_state_count; ++s) {
        for (const auto side : {TcpSide::input, TcpSide::output, TcpSide::input_only}) {
            for (const auto flags : {TcpFlags::ack, TcpFlags::rst, TcpFlags::fin}) {
                const auto once = next_state(static_cast<TcpState>(s), side, flags, false);
                EXPECT_EQ(next_state(once, side, flags, false), once)
                    << to_string(static_cast<TcpState>(s));
            }
        }
    }
}

}  // namespace
}  // namespace lvslab::ipvs
