// SPDX-License-Identifier: GPL-2.0-only
// Which answers to an HTTP check are good, and that no answer is good by mistake.
#include "core/health/http_answer.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace lvslab::health {
namespace {

HttpExpectation status(int first, int last) {
    HttpExpectation expected;
    expected.status = {first, last};
    return expected;
}
HttpExpectation body(std::string text) {
    HttpExpectation expected;
    expected.body = std::move(text);
    return expected;
}

Verdict judge(const std::string& answer, HttpExpectation expected = {}, bool ended = true) {
    HttpAnswer judged(std::move(expected));
    const auto verdict = judged.take(answer);
    return ended ? judged.end() : verdict;
}
std::string problem(const std::string& answer, HttpExpectation expected = {}) {
    HttpAnswer judged(std::move(expected));
    judged.take(answer);
    judged.end();
    return judged.problem();
}

const std::string ok = "HTTP/1.1 200 OK\r\n\r\n";

TEST(HttpAnswer, IsGoodOnceItsHeadersAreWhole) {
    EXPECT_EQ(judge("HTTP/1.0 200 OK\r\nServer: x\r\n", {}, false), Verdict::more);
    EXPECT_EQ(judge("HTTP/1.0 200 OK\r\nServer: x\r\n\r\n", {}, false), Verdict::match);
    EXPECT_EQ(judge("HTTP/1.1 200\r\n\r\n", {}, false), Verdict::match) << "no reason is given";
    EXPECT_EQ(judge("HTTP/1.1 200 OK\nA: b\n\n", {}, false), Verdict::match) << "LF alone";
}

TEST(HttpAnswer, HasItsStatusInTheRange) {
    EXPECT_EQ(judge("HTTP/1.1 199 X\r\n\r\n"), Verdict::mismatch);
    EXPECT_EQ(judge("HTTP/1.1 399 X\r\n\r\n"), Verdict::match);
    EXPECT_EQ(judge("HTTP/1.1 400 X\r\n\r\n"), Verdict::mismatch);
    EXPECT_EQ(judge("HTTP/1.1 404 X\r\n\r\n", status(404, 404)), Verdict::match);
    EXPECT_EQ(judge(ok, status(404, 404)), Verdict::mismatch);
    EXPECT_EQ(problem("HTTP/1.1 503 No\r\n\r\n"), "status 503, expected 200-399");
    EXPECT_EQ(problem("HTTP/1.1 302 Go\r\n\r\n", status(200, 200)), "status 302, expected 200");
}

TEST(HttpAnswer, TellsABadStatusWithoutTheBody) {
    EXPECT_EQ(judge("HTTP/1.1 503 No\r\nContent-Length: 900\r\n\r\n", body("well"), false),
              Verdict::mismatch);
}

TEST(HttpAnswer, HoldsTheTextInItsBody) {
    EXPECT_EQ(judge(ok + "all is well", body("is w")), Verdict::match);
    EXPECT_EQ(judge(ok + "all is well", body("ill")), Verdict::mismatch);
    EXPECT_EQ(judge("HTTP/1.1 200 well\r\nX: well\r\n\r\nill", body("well")), Verdict::mismatch)
        << "the headers are no body";
    EXPECT_EQ(judge(ok, body("")), Verdict::match);
}

TEST(HttpAnswer, WaitsForABodyUntilItEnds) {
    EXPECT_EQ(judge(ok + "all is", body("well"), false), Verdict::more);
    EXPECT_EQ(judge(ok + "all is", body("well"), true), Verdict::mismatch);
    EXPECT_EQ(judge("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nall is", body("well"), false),
              Verdict::mismatch)
        << "the whole body is there, though the connection stays";
}

TEST(HttpAnswer, DoesNotLookBehindTheBody) {
    EXPECT_EQ(judge("HTTP/1.1 200 OK\r\ncontent-length:3\r\n\r\nillwell", body("well")),
              Verdict::mismatch);
    EXPECT_EQ(judge("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nwell", body("well")),
              Verdict::mismatch);
    EXPECT_EQ(judge("HTTP/1.1 204 None\r\n\r\nwell", body("well")), Verdict::mismatch);
}

TEST(HttpAnswer, InChunksIsGoodForItsStatusOnly) {
    const std::string chunked =
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nwell\r\n0\r\n\r\n";
    EXPECT_EQ(judge(chunked), Verdict::match);
    EXPECT_EQ(judge(chunked, body("well")), Verdict::mismatch);
    EXPECT_EQ(problem(chunked, body("well")), "the body has a transfer coding, which is not read");
}

TEST(HttpAnswer, MayFollowInterimOnes) {
    EXPECT_EQ(judge("HTTP/1.1 100 Continue\r\n\r\n", {}, false), Verdict::more);
    EXPECT_EQ(judge("HTTP/1.1 103 Early\r\nTransfer-Encoding: x\r\nContent-Length: 9\r\n\r\n" + ok +
                        "well",
                    body("well")),
              Verdict::match);
    EXPECT_EQ(judge("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 500 X\r\n\r\n"), Verdict::mismatch);
}

TEST(HttpAnswer, ThatIsMalformedIsBad) {
    for (const auto* answer : {"",
                               "HTTP/1.1 200 OK\r\n",
                               "HTTP/1.1 200 OK\r\nA: b\r\n",
                               "<html>well</html>",
                               "\r\nHTTP/1.1 200 OK\r\n\r\n",
                               "HTTP/2 200\r\n\r\n",
                               "HTTP/2.0 200 OK\r\n\r\n",
                               "HTTP/1. 200 OK\r\n\r\n",
                               "HTTP/1.1  200 OK\r\n\r\n",
                               "HTTP/1.1 20 OK\r\n\r\n",
                               "HTTP/1.1 2000 OK\r\n\r\n",
                               "HTTP/1.1 020 OK\r\n\r\n",
                               "HTTP/1.1 2x0 OK\r\n\r\n",
                               "http/1.1 200 OK\r\n\r\n",
                               "HTTP/1.1 200OK\r\n\r\n",
                               "HTTP/1.1 200 O\rK\r\n\r\n",
                               "HTTP/1.1 200 OK\r\nnonsense\r\n\r\n",
                               "HTTP/1.1 200 OK\r\n: b\r\n\r\n",
                               "HTTP/1.1 200 OK\r\nA : b\r\n\r\n",
                               "HTTP/1.1 200 OK\r\nA: b\r\n folded\r\n\r\n",
                               "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
                               "HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n",
                               "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
                               "HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551616\r\n\r\n",
                               "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
                               "220 mail ready\r\n\r\n"}) {
        EXPECT_EQ(judge(answer), Verdict::mismatch) << answer;
        EXPECT_NE(problem(answer), "") << answer;
    }
    EXPECT_EQ(judge(std::string("HTTP/1.1 200 OK\r\nA: \0\r\n\r\n", 24)), Verdict::mismatch);
}

TEST(HttpAnswer, IsReadUpToItsLimits) {
    const std::string start = "HTTP/1.1 200 OK\r\n";
    const std::string header = "A: " + std::string(longest_http_head - start.size() - 7, 'a');
    EXPECT_EQ(judge(start + header + "\r\n\r\n"), Verdict::match);
    EXPECT_EQ(judge(start + header + "a\r\n\r\n"), Verdict::mismatch);
    EXPECT_EQ(judge(std::string(longest_http_head + 1, 'a'), {}, false), Verdict::mismatch)
        << "a line without an end is not waited for";
    const std::string filler(longest_http_body - 4, 'a');
    EXPECT_EQ(judge(ok + filler + "well", body("well")), Verdict::match);
    EXPECT_EQ(judge(ok + filler + "awell", body("well"), false), Verdict::mismatch);
}

TEST(HttpAnswer, StaysWhatItIsWhateverComesLater) {
    HttpAnswer good({});
    good.take(ok);
    EXPECT_EQ(good.take("HTTP/1.1 500 X\r\n\r\n"), Verdict::match);
    EXPECT_EQ(good.end(), Verdict::match);
    HttpAnswer bad({});
    bad.take("nonsense\r\n");
    EXPECT_EQ(bad.take(ok), Verdict::mismatch);
}

// However the network cuts the answer, it is judged alike.
RC_GTEST_PROP(HttpAnswer, IsJudgedAlikeInAnyPieces, ()) {
    const auto parts = *rc::gen::container<std::vector<std::string>>(rc::gen::elementOf(
        std::vector<std::string>{"HTTP/1.1 ", "200 OK", "500", "\r\n", "\r\n\r\n", "\n", "a", "aab",
                                 "Content-Length: ", "3", "Transfer-Encoding: chunked", ": "}));
    std::string answer = *rc::gen::element<std::string>("", "HTTP/1.0 200 OK\r\n", ok);
    for (const auto& part : parts) {
        answer += part;
    }
    const auto expected = *rc::gen::element(HttpExpectation{}, body("aab"), body("a\r\n"));
    HttpAnswer whole(expected);
    whole.take(answer);
    HttpAnswer pieces(expected);
    for (std::string_view rest = answer; !rest.empty();) {
        const auto size = *rc::gen::inRange<std::size_t>(1, rest.size() + 1);
        pieces.take(rest.substr(0, size));
        rest.remove_prefix(size);
    }
    RC_ASSERT(pieces.verdict() == whole.verdict());
    RC_ASSERT(pieces.problem() == whole.problem());
    RC_ASSERT(pieces.end() == whole.end());
    RC_ASSERT(pieces.status() == whole.status());
}

// The text is found wherever it stands, also across two pieces.
RC_GTEST_PROP(HttpAnswer, FindsTheTextExactlyIfTheBodyHoldsIt, ()) {
    const auto letters = rc::gen::container<std::string>(rc::gen::elementOf(std::string("ab")));
    const auto text = *letters;
    const auto content = *letters;
    HttpAnswer judged(body(text));
    judged.take(ok);
    for (const char c : content) {
        judged.take(std::string_view(&c, 1));
    }
    RC_ASSERT((judged.end() == Verdict::match) == (content.find(text) != std::string::npos));
}

}  // namespace
}  // namespace lvslab::health
