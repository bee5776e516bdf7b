// SPDX-License-Identifier: GPL-2.0-only
/// What an HTTP check makes of the answer, while it comes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "core/health/expectation.hpp"

namespace lvslab::health {

/// Status codes that are good, both ends included.
struct StatusRange {
    int first = 200;
    int last = 399;
    friend bool operator==(const StatusRange&, const StatusRange&) = default;
};

/// What an answer has to be for the server to be up.
struct HttpExpectation {
    StatusRange status;
    std::optional<std::string> body;  ///< text that the body holds somewhere, byte by byte
};

/// Bytes of a status line and its headers, interim answers included, beyond which an answer counts
/// as malformed.
inline constexpr std::size_t longest_http_head = 65536;
/// Bytes of the body in which the text is looked for.
inline constexpr std::size_t longest_http_body = 1048576;

/// Judges one answer of HTTP/1.0 or HTTP/1.1 (RFC 9112) piece by piece. It keeps less than the
/// head's limit and the text's length in memory. What it does not understand is a mismatch, never a
/// match: another version, a status line or header that is malformed (folded headers too), a
/// transfer coding where a body is looked for. Interim answers (1xx) are passed over; redirects are
/// judged, not followed.
class HttpAnswer {
public:
    explicit HttpAnswer(HttpExpectation expected) : expected_(std::move(expected)) {}

    /// Takes the next bytes. A verdict other than `more` is final; later bytes do not change it.
    /// Without a text to look for it comes with the empty line behind the headers.
    Verdict take(std::string_view bytes);
    /// Nothing more will come.
    Verdict end();

    Verdict verdict() const { return verdict_; }
    /// The final answer's status code; 0 = not known yet.
    int status() const { return status_; }
    /// Why the server counts as down ("status 503, expected 200-399"); empty if it does not.
    const std::string& problem() const { return problem_; }

private:
    enum class Part : std::uint8_t { status_line, headers, body };

    std::size_t take_line(std::string_view bytes);
    void read_line(std::string_view line);
    void read_status_line(std::string_view line);
    void read_header(std::string_view line);
    void read_content_length(std::string_view value);
    void headers_ended();
    std::size_t take_body(std::string_view bytes);
    void fail(std::string problem);

    HttpExpectation expected_;
    Part part_ = Part::status_line;
    Verdict verdict_ = Verdict::more;
    int status_ = 0;
    std::string problem_;
    std::string held_;           ///< a line that is not whole yet, or the end of the body so far
    std::size_t head_size_ = 0;  ///< bytes of it so far
    std::size_t body_size_ = 0;
    std::optional<std::uint64_t> content_length_;
    bool transfer_coded_ = false;
};

}  // namespace lvslab::health
