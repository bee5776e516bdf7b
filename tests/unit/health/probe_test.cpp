// SPDX-License-Identifier: GPL-2.0-only
// What a check sends, and what counts as an answer.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "core/health/probe.hpp"

namespace lvslab::health {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const Endpoint server = Endpoint::parse("10.0.0.7:8080").value();

ConnectProbe connect_probe(const CheckText& text) {
    const auto probe = make_probe(text, server);
    EXPECT_TRUE(probe.value.has_value()) << probe.diagnostics.to_string();
    return std::get<ConnectProbe>(*probe);
}
ProgramProbe program_probe(const CheckText& text) {
    const auto probe = make_probe(text, server);
    EXPECT_TRUE(probe.value.has_value()) << probe.diagnostics.to_string();
    return std::get<ProgramProbe>(*probe);
}

HttpProbe http_probe(const CheckText& text, const Endpoint& of = server) {
    const auto probe = make_probe(text, of);
    EXPECT_TRUE(probe.value.has_value()) << probe.diagnostics.to_string();
    return std::get<HttpProbe>(*probe);
}

TEST(HttpProbe, AsksForOnePageOfOneHost) {
    CheckText text;
    text.check = CheckType::http;
    EXPECT_EQ(http_request(http_probe(text)),
              "GET / HTTP/1.0\r\nHost: 10.0.0.7:8080\r\nUser-Agent: lvslab\r\n"
              "Connection: close\r\n\r\n");
    text.path = "/status?full=1";
    text.host = "shop.example";
    EXPECT_THAT(http_request(http_probe(text)),
                HasSubstr("GET /status?full=1 HTTP/1.0\r\nHost: shop.example\r\n"));
}

TEST(HttpProbe, LeavesOutThePortThatIsTheProtocolsOwn) {
    CheckText text;
    text.check = CheckType::http;
    EXPECT_EQ(http_probe(text, Endpoint::parse("10.0.0.7:80").value()).host, "10.0.0.7");
    EXPECT_EQ(http_probe(text, Endpoint::parse("10.0.0.7:443").value()).host, "10.0.0.7:443");
    text.check = CheckType::https;
    EXPECT_EQ(http_probe(text, Endpoint::parse("[2001:db8::7]:443").value()).host, "[2001:db8::7]");
}

TEST(HttpProbe, GoesBeforeSendAndItsLike) {
    CheckText text;
    text.send_program = "/bin/test";
    text.send = text.expect = "x";
    text.check = CheckType::https;
    EXPECT_TRUE(http_probe(text).tls);
    text.check = CheckType::tcp;
    EXPECT_FALSE(connect_probe(text).send.has_value());
    EXPECT_FALSE(connect_probe(text).expect.reads());
}

TEST(HttpProbe, LetsNobodySmuggleASecondRequest) {
    CheckText text;
    text.check = CheckType::http;
    text.path = "/a HTTP/1.0\r\nX: y";
    text.host = "a\r\nb";
    const auto probe = make_probe(text, server);
    EXPECT_FALSE(probe);
    EXPECT_EQ(probe.diagnostics.items().size(), 2U);
    text.path = "status";
    text.host = "";
    EXPECT_EQ(make_probe(text, server).diagnostics.items().size(), 2U);
}

TEST(Expectation, OfNothingIsMetByTheConnection) {
    EXPECT_FALSE(Expectation::nothing().reads());
    EXPECT_EQ(Expectation::nothing().judge("", false), Verdict::match);
}

TEST(Expectation, OfAnythingWaitsForAByteOrTheEnd) {
    EXPECT_TRUE(Expectation::anything().reads());
    EXPECT_EQ(Expectation::anything().judge("", false), Verdict::more);
    EXPECT_EQ(Expectation::anything().judge("x", false), Verdict::match);
    EXPECT_EQ(Expectation::anything().judge("", true), Verdict::match);
}

TEST(Expectation, OfAPrefixComparesTheBeginningOnly) {
    const auto http = Expectation::prefix("HTTP");
    EXPECT_EQ(http.judge("HTTP/1.0 500 No", false), Verdict::match);
    EXPECT_EQ(http.judge("220 HTTP", false), Verdict::mismatch);
}

TEST(Expectation, OfAPrefixReadsOnWhenTheAnswerComesInPieces) {
    const auto http = Expectation::prefix("HTTP");
    EXPECT_EQ(http.judge("", false), Verdict::more);
    EXPECT_EQ(http.judge("HT", false), Verdict::more);
    EXPECT_EQ(http.judge("HX", false), Verdict::mismatch);
    EXPECT_EQ(http.judge("HT", true), Verdict::mismatch);
    EXPECT_EQ(http.judge("HTTP", true), Verdict::match);
}

TEST(Expectation, LooksAt254BytesOnly) {
    const std::string long_text(300, 'a');
    EXPECT_EQ(Expectation::prefix(long_text).judge(std::string(254, 'a') + "b", false),
              Verdict::match);
    const auto regex = Expectation::regex("b");
    ASSERT_TRUE(regex);
    EXPECT_EQ(regex->judge(std::string(254, 'a') + "b", false), Verdict::mismatch);
    EXPECT_EQ(regex->judge(std::string(253, 'a') + "b", false), Verdict::match);
}

TEST(Expectation, RegexIsPosixExtendedAndMatchesAnywhere) {
    const auto regex = Expectation::regex("^HTTP/1\\.[01] (200|30[12]) ");
    ASSERT_TRUE(regex);
    EXPECT_EQ(regex->judge("HTTP/1.1 302 Found", false), Verdict::match);
    EXPECT_EQ(regex->judge("HTTP/1.1 50", false), Verdict::more);
    EXPECT_EQ(regex->judge("HTTP/1.1 500 No", true), Verdict::mismatch);
    EXPECT_EQ(Expectation::regex("b+")->judge("aabb", false), Verdict::match);
}

TEST(Expectation, RegexThatDoesNotCompileIsAnErrorWithItsPlace) {
    const auto regex = Expectation::regex("a(b", {"lvs.cf", 12, 14});
    ASSERT_FALSE(regex);
    EXPECT_THAT(regex.diagnostics.to_string(), HasSubstr("lvs.cf:12:14: \"a(b\" is no POSIX"));
}

RC_GTEST_PROP(Expectation, PrefixJudgesPiecesAsItJudgesTheWhole,
              (const std::string& wanted, const std::string& answer)) {
    const auto prefix = Expectation::prefix(wanted);
    const auto whole = prefix.judge(answer, true);
    for (std::size_t n = 0; n <= answer.size(); ++n) {
        const auto piece = prefix.judge(answer.substr(0, n), false);
        RC_ASSERT(piece == Verdict::more || piece == whole);
    }
    RC_ASSERT(whole == (answer.starts_with(wanted) ? Verdict::match : Verdict::mismatch));
}

TEST(Unescape, KnowsTheSixOfTheOriginalAndLeavesTheRest) {
    EXPECT_EQ(unescape("GET / HTTP/1.0\\r\\n\\r\\n"), "GET / HTTP/1.0\r\n\r\n");
    EXPECT_EQ(unescape("\\t\\\\\\'\\\""), "\t\\'\"");
    EXPECT_EQ(unescape("\\\\n"), "\\n");
    EXPECT_EQ(unescape("a\\.b\\d"), "a\\.b\\d");
    EXPECT_EQ(unescape("end\\"), "end\\");
}

TEST(Probe, WithoutAnyTextOnPort80AsksForThePage) {
    CheckText text;
    text.service_port = Port{80};
    const auto probe = connect_probe(text);
    EXPECT_EQ(probe.send, "GET / HTTP/1.0\r\n\r\n");
    EXPECT_EQ(probe.expect.judge("HTTP/1.1 200 OK", false), Verdict::match);
    EXPECT_EQ(probe.expect.judge("220 ftp", false), Verdict::mismatch);
    EXPECT_EQ(probe.server, server);
}

TEST(Probe, WithoutAnyTextOnOtherPortsOnlyConnects) {
    CheckText text;
    text.service_port = Port{25};
    const auto probe = connect_probe(text);
    EXPECT_FALSE(probe.send.has_value());
    EXPECT_FALSE(probe.expect.reads());
}

TEST(Probe, TextOnPort80ReplacesTheDefaultWhole) {
    CheckText text;
    text.service_port = Port{80};
    text.send = "PING\\r\\n";
    const auto probe = connect_probe(text);
    EXPECT_EQ(probe.send, "PING\r\n");
    EXPECT_FALSE(probe.expect.reads());
}

TEST(Probe, StarAndEmptyExpectWaitForAnyAnswer) {
    for (const auto* expect : {"*", ""}) {
        CheckText text;
        text.service_port = Port{25};
        text.expect = expect;
        const auto probe = connect_probe(text);
        EXPECT_TRUE(probe.expect.reads());
        EXPECT_EQ(probe.expect.judge("anything", false), Verdict::match);
    }
}

TEST(Probe, StarWithMoreBehindItIsText) {
    CheckText text;
    text.service_port = Port{25};
    text.expect = "*x";
    EXPECT_EQ(connect_probe(text).expect.judge("abc", false), Verdict::mismatch);
}

TEST(Probe, OverUdpWaitsForAnyAnswer) {
    CheckText text;
    text.service_port = Port{53};
    text.protocol = Protocol::udp;
    text.send = "?";
    const auto probe = connect_probe(text);
    EXPECT_EQ(probe.protocol, Protocol::udp);
    EXPECT_EQ(probe.expect.judge("", false), Verdict::more);
    EXPECT_EQ(probe.expect.judge("!", false), Verdict::match);
}

TEST(Probe, ProgramGoesBeforeSend) {
    CheckText text;
    text.send = "ignored";
    text.send_program = "/usr/bin/check --host %h --port %p  -v %h:%p";
    text.expect = "UP";
    const auto probe = program_probe(text);
    EXPECT_THAT(probe.arguments, ElementsAre("/usr/bin/check", "--host", "10.0.0.7", "--port",
                                             "8080", "-v", "%h:%p"));
    EXPECT_EQ(probe.expect, "UP");
}

TEST(Probe, ProgramWithoutANameIsAnError) {
    CheckText text;
    text.send_program = "  ";
    text.location = {"lvs.cf", 3, 1};
    const auto probe = make_probe(text, server);
    EXPECT_FALSE(probe.value.has_value());
    EXPECT_EQ(probe.diagnostics.to_string(), "lvs.cf:3:1: send_program names no program\n");
}

TEST(Probe, ProgramThatFailsOrIsLateIsDownWhateverItWrote) {
    CheckText text;
    text.send_program = "/bin/check";
    text.expect = "UP";
    const auto probe = program_probe(text);
    EXPECT_TRUE(says_up(probe, {false, 0, "UP\n"}));
    EXPECT_FALSE(says_up(probe, {true, 0, "UP\n"}));
    EXPECT_FALSE(says_up(probe, {false, 1, "UP\n"}));
}

TEST(Probe, ProgramsOutputIsComparedExactly) {
    CheckText text;
    text.send_program = "/bin/check";
    text.expect = "UP";
    const auto probe = program_probe(text);
    EXPECT_TRUE(says_up(probe, {false, 0, "UP"}));
    EXPECT_FALSE(says_up(probe, {false, 0, "UP\n\n"}));
    EXPECT_FALSE(says_up(probe, {false, 0, "UPx"}));
    EXPECT_FALSE(says_up(probe, {false, 0, ""}));
}

TEST(Probe, ProgramWithoutExpectIsJudgedByItsStatus) {
    CheckText text;
    text.send_program = "/bin/check";
    const auto probe = program_probe(text);
    EXPECT_TRUE(says_up(probe, {false, 0, "whatever"}));
    EXPECT_FALSE(says_up(probe, {false, 2, ""}));
}

}  // namespace
}  // namespace lvslab::health
