// SPDX-License-Identifier: GPL-2.0-only
// Checks by connections and datagrams against servers on loopback.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <sys/resource.h>

#include "realmode/probes/prober.hpp"
#include "tests/unit/realmode_probes/loopback.hpp"

namespace lvslab::realmode {
namespace {

using namespace std::chrono_literals;
using health::ConnectProbe;
using health::Expectation;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// Long enough that it is never what ends a probe here.
constexpr Duration long_limit = 60s;
/// Of a server that never answers.
constexpr Duration short_limit = 30ms;

class ProberTest : public testing::Test {
protected:
    bool is_up(const health::Probe& probe) {
        std::optional<bool> verdict;
        prober_.start(probe, [&](bool up) { verdict = up; });
        EXPECT_FALSE(verdict.has_value()) << "the verdict came from within start()";
        return run_until(loop_, verdict);
    }
    bool answer_is_up(TcpServer::Served served, Expectation expect,
                      std::optional<std::string> send = "HELO\r\n", Duration limit = long_limit) {
        TcpServer server(loop_, std::move(served));
        return is_up(ConnectProbe{server.endpoint(), Protocol::tcp, std::move(send),
                                  std::move(expect), limit});
    }

    EventLoop loop_;
    std::vector<std::string> notes_;
    AsioProber prober_{loop_, [this](std::string note) { notes_.push_back(std::move(note)); }};
    std::vector<std::shared_ptr<TcpServer::Socket>> held_;
};

using TcpCheck = ProberTest;
using UdpCheck = ProberTest;
using Prober = ProberTest;

TEST_F(TcpCheck, AConnectionAloneIsEnoughWithoutSendAndExpect) {
    EXPECT_TRUE(answer_is_up(silently(held_), Expectation::nothing(), {}));
    EXPECT_EQ(prober_.under_way(), 0U);
}

TEST_F(TcpCheck, ARefusedConnectionIsDown) {
    EXPECT_FALSE(is_up(ConnectProbe{
        refusing_endpoint(loop_), Protocol::tcp, {}, Expectation::nothing(), long_limit}));
    EXPECT_THAT(notes_, IsEmpty());
}

TEST_F(TcpCheck, AnswersOverIpv6) {
    boost::asio::ip::tcp::acceptor acceptor(loop_, {boost::asio::ip::address_v6::loopback(), 0});
    const Endpoint server{Address::parse("::1").value(), Port{acceptor.local_endpoint().port()}};
    EXPECT_TRUE(is_up(ConnectProbe{server, Protocol::tcp, {}, Expectation::nothing(), long_limit}));
}

TEST_F(TcpCheck, SendAloneIsUpOnceItIsSent) {
    std::string question;
    EXPECT_TRUE(answer_is_up(answering({}, false, &question), Expectation::nothing()));
}

TEST_F(TcpCheck, SendsTheTextAndTakesTheRightAnswer) {
    std::string question;
    EXPECT_TRUE(answer_is_up(answering({"220 well met"}, false, &question),
                             Expectation::prefix("220"), "EHLO lvs\r\n"));
    EXPECT_EQ(question, "EHLO lvs\r\n");
}

TEST_F(TcpCheck, AWrongAnswerIsDown) {
    EXPECT_FALSE(answer_is_up(answering({"500 no"}), Expectation::prefix("220")));
}

TEST_F(TcpCheck, PutsAnAnswerInPiecesTogether) {
    EXPECT_TRUE(answer_is_up(answering({"2", "2", "0", " ready"}), Expectation::prefix("220 rea")));
}

TEST_F(TcpCheck, AServerThatConnectsAndStaysSilentIsDownAtTheLimit) {
    EXPECT_FALSE(answer_is_up(silently(held_), Expectation::prefix("220"), {}, short_limit));
    EXPECT_FALSE(answer_is_up(silently(held_), Expectation::anything(), "HELO\r\n", short_limit));
}

TEST_F(TcpCheck, AnAnswerThatNeverGetsWholeIsDownAtTheLimit) {
    EXPECT_FALSE(
        answer_is_up(answering({"22"}), Expectation::prefix("220"), "HELO\r\n", short_limit));
}

TEST_F(TcpCheck, AConnectionThatIsNeverAnsweredIsDownAtTheLimit) {
    // A listener whose queue is full drops every further SYN.
    boost::asio::ip::tcp::acceptor acceptor(loop_);
    acceptor.open(boost::asio::ip::tcp::v4());
    acceptor.bind({boost::asio::ip::address_v4::loopback(), 0});
    acceptor.listen(0);
    const auto full = loopback(acceptor.local_endpoint().port());
    std::vector<boost::asio::ip::tcp::socket> waiting;
    for (int i = 0; i < 4; ++i) {
        waiting.emplace_back(loop_);
        waiting.back().async_connect(acceptor.local_endpoint(), [](auto) {});
    }
    EXPECT_FALSE(is_up(ConnectProbe{full, Protocol::tcp, {}, Expectation::nothing(), short_limit}));
}

TEST_F(TcpCheck, AnEndOfTheStreamIsAnAnswerOnlyWhereAnyIs) {
    EXPECT_TRUE(answer_is_up(answering({}, true), Expectation::anything()));
    EXPECT_FALSE(answer_is_up(answering({}, true), Expectation::prefix("220")));
    EXPECT_FALSE(answer_is_up(answering({"22"}, true), Expectation::prefix("220")));
    EXPECT_TRUE(answer_is_up(answering({"220"}, true), Expectation::prefix("220")));
}

TEST_F(TcpCheck, AResetIsDown) {
    const auto reset = [](std::shared_ptr<TcpServer::Socket> socket) {
        socket->set_option(boost::asio::socket_base::linger(true, 0));
        socket->close();
    };
    EXPECT_FALSE(answer_is_up(reset, Expectation::anything(), {}));
}

TEST_F(TcpCheck, ReadsNoMoreOfAHugeAnswerThanIsJudged) {
    const std::string huge(8 << 20, 'x');
    EXPECT_FALSE(answer_is_up(answering({huge}), Expectation::regex("y$").value.value()));
    EXPECT_TRUE(answer_is_up(answering({huge}), Expectation::prefix("xxx")));
}

TEST_F(TcpCheck, LeavesNoConnectionInTimeWait) {
    std::vector<boost::system::error_code> ends;
    TcpServer server(loop_, [&](std::shared_ptr<TcpServer::Socket> socket) {
        auto heard = std::make_shared<std::array<char, 8>>();
        socket->async_read_some(boost::asio::buffer(*heard),
                                [&ends, socket, heard](boost::system::error_code error, auto) {
                                    ends.push_back(error);
                                });
    });
    EXPECT_TRUE(is_up(
        ConnectProbe{server.endpoint(), Protocol::tcp, {}, Expectation::nothing(), long_limit}));
    while (ends.empty()) {
        loop_.run_one();
    }
    EXPECT_THAT(ends, ElementsAre(boost::asio::error::connection_reset));
}

TEST_F(UdpCheck, AnyDatagramIsAnAnswerWithoutExpect) {
    UdpServer server(loop_, [](const auto&) { return std::vector<UdpServer::Bytes>{{'x'}}; });
    EXPECT_TRUE(is_up(
        ConnectProbe{server.endpoint(), Protocol::udp, {}, Expectation::anything(), long_limit}));
    EXPECT_THAT(server.heard(), ElementsAre(IsEmpty()));
}

TEST_F(UdpCheck, OneDatagramIsTheWholeAnswer) {
    UdpServer server(loop_, [](const auto&) {
        return std::vector<UdpServer::Bytes>{{'2', '2'}, {'0'}};
    });
    EXPECT_FALSE(is_up(ConnectProbe{server.endpoint(), Protocol::udp, "?",
                                    Expectation::prefix("220"), long_limit}));
    EXPECT_TRUE(is_up(ConnectProbe{server.endpoint(), Protocol::udp, "?", Expectation::prefix("22"),
                                   long_limit}));
}

TEST_F(UdpCheck, AnEmptyDatagramIsAnAnswer) {
    UdpServer server(loop_, [](const auto&) { return std::vector<UdpServer::Bytes>{{}}; });
    EXPECT_TRUE(is_up(
        ConnectProbe{server.endpoint(), Protocol::udp, "?", Expectation::anything(), long_limit}));
}

TEST_F(UdpCheck, APortWithoutAServerIsDownBeforeTheLimit) {
    boost::asio::ip::udp::socket gone(loop_, {boost::asio::ip::address_v4::loopback(), 0});
    const auto endpoint = loopback(gone.local_endpoint().port());
    gone.close();
    EXPECT_FALSE(
        is_up(ConnectProbe{endpoint, Protocol::udp, "?", Expectation::anything(), long_limit}));
}

TEST_F(UdpCheck, ASilentServerIsDownAtTheLimit) {
    UdpServer server(loop_, [](const auto&) { return std::vector<UdpServer::Bytes>{}; });
    EXPECT_FALSE(is_up(
        ConnectProbe{server.endpoint(), Protocol::udp, "?", Expectation::anything(), short_limit}));
}

TEST_F(Prober, WithoutDescriptorsAProbeFailsAndTheLogIsToldOnce) {
    TcpServer server(loop_, silently(held_));
    const ConnectProbe probe{
        server.endpoint(), Protocol::tcp, {}, Expectation::nothing(), long_limit};
    EXPECT_TRUE(is_up(probe));
    rlimit before{};
    ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &before), 0);
    const rlimit none{0, before.rlim_max};
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
    const bool up = is_up(probe);
    const bool up_again = is_up(probe);
    health::ProgramProbe program;
    program.arguments = {"true"};
    const bool program_up = is_up(program);
    ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &before), 0);
    EXPECT_FALSE(up);
    EXPECT_FALSE(up_again);
    EXPECT_FALSE(program_up);
    EXPECT_THAT(notes_,
                ElementsAre(HasSubstr("Too many open files"), HasSubstr("Too many open files")));
    EXPECT_TRUE(is_up(probe)) << "it goes on when there are descriptors again";
}

TEST_F(Prober, TwoThousandServersAtATime) {
    TcpServer good(loop_, answering({"220 ", "ready"}));
    TcpServer bad(loop_, answering({"500"}, true));
    const auto refusing = refusing_endpoint(loop_);
    rlimit limit{};
    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    std::map<Endpoint, int> up, down;
    std::optional<int> all;
    constexpr int probes = 2000;
    for (int i = 0; i < probes; ++i) {
        const auto server = i % 4 == 0 ? refusing : i % 4 == 1 ? bad.endpoint() : good.endpoint();
        prober_.start(ConnectProbe{server, Protocol::tcp, "HELO\r\n", Expectation::prefix("220 r"),
                                   long_limit},
                      [&, server](bool is) {
                          ++(is ? up : down)[server];
                          if (prober_.under_way() == 0) {
                              all = probes;
                          }
                      });
    }
    EXPECT_EQ(prober_.under_way(), 2000U);
    run_until(loop_, all);
    EXPECT_EQ(up, (std::map<Endpoint, int>{{good.endpoint(), 1000}}));
    EXPECT_EQ(down, (std::map<Endpoint, int>{{bad.endpoint(), 500}, {refusing, 500}}));
    EXPECT_THAT(notes_, IsEmpty());
}

TEST_F(Prober, AProbeMayStartAnotherAndBreakOffAThirdWhenItEnds) {
    TcpServer server(loop_, silently(held_));
    const ConnectProbe fast{
        server.endpoint(), Protocol::tcp, {}, Expectation::nothing(), long_limit};
    ConnectProbe slow = fast;
    slow.expect = Expectation::anything();
    std::optional<bool> second;
    const auto third = prober_.start(slow, [](bool) { FAIL() << "was broken off"; });
    prober_.start(fast, [&](bool) {
        prober_.cancel(third);
        prober_.start(fast, [&](bool up) { second = up; });
    });
    EXPECT_TRUE(run_until(loop_, second));
    EXPECT_EQ(prober_.under_way(), 0U);
}

TEST_F(Prober, BreakingOffOneThatHasEndedOrNoneIsNoError) {
    std::optional<bool> ended;
    const auto probe = prober_.start(
        ConnectProbe{
            refusing_endpoint(loop_), Protocol::tcp, {}, Expectation::nothing(), long_limit},
        [&](bool up) { ended = up; });
    run_until(loop_, ended);
    prober_.cancel(probe);
    prober_.cancel(ports::ProbeId{});
    prober_.cancel(ports::ProbeId{99});
}

/// A probe of one kind, against servers that answer, refuse, or say nothing.
health::Probe probe_of(int kind, const Endpoint& tcp, const Endpoint& udp) {
    switch (kind) {
        case 0:
            return ConnectProbe{tcp, Protocol::tcp, "?", Expectation::prefix("HTTP/1.0 200 OK\r\n"),
                                short_limit};
        case 1:
            return ConnectProbe{udp, Protocol::udp, "?", Expectation::anything(), short_limit};
        case 2:
            return health::HttpProbe{tcp, false, "/", "h", {}, short_limit};
        case 3:
            return health::HttpProbe{tcp, true, "/", "h", {}, short_limit};
        default:
            health::ProgramProbe program;
            program.arguments = {"/bin/echo", "up"};
            program.limit = long_limit;
            return program;
    }
}

RC_GTEST_PROP(ProberProperty, AProbeThatWasBrokenOffIsNeverHeardOf, ()) {
    EventLoop loop;
    std::vector<std::shared_ptr<TcpServer::Socket>> held;
    const auto silent = *rc::gen::arbitrary<bool>();
    TcpServer tcp(loop, silent ? silently(held)
                               : answering({"HTTP/1.0 200 ", "OK\r\n", "A: b\r\n", "\r\n"}, true));
    UdpServer udp(loop, [silent](const auto&) {
        return silent ? std::vector<UdpServer::Bytes>{} : std::vector<UdpServer::Bytes>{{1}};
    });
    auto prober = std::make_unique<AsioProber>(loop);
    const auto kinds = *rc::gen::container<std::vector<int>>(rc::gen::inRange(0, 5));
    std::vector<int> calls(kinds.size(), 0);
    std::vector<ports::ProbeId> ids;
    for (std::size_t i = 0; i < kinds.size(); ++i) {
        ids.push_back(prober->start(
            probe_of(kinds[i], silent && kinds[i] == 4 ? refusing_endpoint(loop) : tcp.endpoint(),
                     udp.endpoint()),
            [&calls, i](bool) { ++calls[i]; }));
    }
    const auto steps = *rc::gen::inRange(0, 60);
    for (int i = 0; i < steps; ++i) {
        loop.poll_one();
    }
    const auto broken_off = *rc::gen::inRange<std::size_t>(0, kinds.size() + 1);
    const auto before = calls;
    for (std::size_t i = 0; i < broken_off; ++i) {
        prober->cancel(ids[i]);
    }
    const auto destroyed = *rc::gen::arbitrary<bool>();
    if (destroyed) {
        prober.reset();
    } else {
        while (prober->under_way() > 0) {
            loop.run_one();
        }
    }
    loop.poll();
    for (std::size_t i = 0; i < kinds.size(); ++i) {
        RC_ASSERT(calls[i] == (i < broken_off || destroyed ? before[i] : 1));
    }
}

}  // namespace
}  // namespace lvslab::realmode
