// SPDX-License-Identifier: GPL-2.0-only
// Any bytes as the answer to an HTTP check: nothing crashes, and these hold:
//   - however the bytes are cut into pieces, the verdict and its reason are the same;
//   - an answer that ended has a verdict, and one that is bad has a reason;
//   - a good one has a status in the range, and the text stands behind its headers.
// The first two bytes say how the answer is cut and what is expected.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "core/health/http_answer.hpp"

namespace {

using lvslab::health::HttpAnswer;
using lvslab::health::HttpExpectation;
using lvslab::health::Verdict;

void require(bool holds, const char* what) {
    if (!holds) {
        std::fprintf(stderr, "does not hold: %s\n", what);
        std::abort();
    }
}

HttpExpectation expectation(std::uint8_t choice) {
    HttpExpectation expected;
    if ((choice & 1U) != 0) {
        expected.status = {200, 200};
    }
    if ((choice & 2U) != 0) {
        expected.body = (choice & 4U) != 0 ? "well" : "aab";
    }
    return expected;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) {
        return 0;
    }
    const std::size_t piece = std::size_t{1} + data[0];
    const auto expected = expectation(data[1]);
    const std::string text(data + 2, data + size);
    HttpAnswer whole(expected);
    whole.take(text);
    HttpAnswer pieces(expected);
    for (std::string_view rest = text; !rest.empty();) {
        const auto before = pieces.verdict();
        const auto now = pieces.take(rest.substr(0, piece));
        require(before == Verdict::more || before == now, "a verdict is final");
        rest.remove_prefix(std::min(piece, rest.size()));
    }
    require(pieces.verdict() == whole.verdict(), "pieces do not change the verdict");
    whole.end();
    pieces.end();
    require(pieces.verdict() == whole.verdict() && pieces.problem() == whole.problem() &&
                pieces.status() == whole.status(),
            "pieces do not change the end");
    require(whole.verdict() != Verdict::more, "an answer that ended has a verdict");
    require(whole.problem().empty() == (whole.verdict() == Verdict::match),
            "a bad answer has a reason");
    if (whole.verdict() == Verdict::match) {
        require(whole.status() >= expected.status.first && whole.status() <= expected.status.last,
                "a good answer has a good status");
        const auto head = std::min(text.find("\n\n"), text.find("\n\r\n"));
        require(head != std::string::npos, "a good answer has whole headers");
        require(!expected.body || text.find(*expected.body, head) != std::string::npos,
                "a good answer holds the text behind its headers");
    }
    return 0;
}
