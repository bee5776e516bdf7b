// SPDX-License-Identifier: GPL-2.0-only
#include "core/health/http_answer.hpp"

#include <algorithm>
#include <limits>
#include <utility>

#include <fmt/format.h>

namespace lvslab::health {
namespace {

constexpr bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/// A character of a header's name (RFC 9110, token).
bool is_token(char c) {
    const bool letter = (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
    return letter || is_digit(c) ||
           std::string_view("!#$%&'*+-.^_`|~").find(c) != std::string_view::npos;
}

/// A character that a line may hold: visible, a blank, a tab or beyond ASCII.
bool is_text(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return (byte >= 0x20 && byte != 0x7F) || byte == '\t';
}

bool is_named(std::string_view name, std::string_view lower_case) {
    return std::ranges::equal(name, lower_case, [](char a, char b) {
        return (a >= 'A' && a <= 'Z' ? static_cast<char>(a | 0x20) : a) == b;
    });
}

std::string_view without_blanks(std::string_view text) {
    const auto first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) {
        return {};
    }
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

}  // namespace

Verdict HttpAnswer::take(std::string_view bytes) {
    while (verdict_ == Verdict::more && !bytes.empty()) {
        bytes.remove_prefix(part_ == Part::body ? take_body(bytes) : take_line(bytes));
    }
    return verdict_;
}

Verdict HttpAnswer::end() {
    if (verdict_ == Verdict::more) {
        fail(part_ == Part::status_line ? "the answer ended before its status line"
             : part_ == Part::headers   ? "the answer ended before its headers did"
                                        : "the body does not hold the text");
    }
    return verdict_;
}

/// Takes what belongs to the line that has begun, and reads the line if that ends it.
std::size_t HttpAnswer::take_line(std::string_view bytes) {
    const auto newline = bytes.find('\n');
    const auto taken = newline == std::string_view::npos ? bytes.size() : newline + 1;
    if (taken > longest_http_head - head_size_) {
        fail(fmt::format("the headers are longer than {} bytes", longest_http_head));
        return bytes.size();
    }
    head_size_ += taken;
    held_ += bytes.substr(0, taken);
    if (newline != std::string_view::npos) {
        auto line = std::exchange(held_, {});
        line.pop_back();
        if (line.ends_with('\r')) {
            line.pop_back();
        }
        read_line(line);
    }
    return taken;
}

void HttpAnswer::read_line(std::string_view line) {
    if (!std::ranges::all_of(line, is_text)) {
        fail("a control character in the headers");
    } else if (part_ == Part::status_line) {
        read_status_line(line);
    } else if (line.empty()) {
        headers_ended();
    } else {
        read_header(line);
    }
}

void HttpAnswer::read_status_line(std::string_view line) {
    constexpr std::string_view version = "HTTP/1.";
    constexpr std::size_t digits = version.size() + 2;  // behind the minor version and a blank
    const bool well_formed =
        line.starts_with(version) && line.size() >= digits + 3 && is_digit(line[digits - 2]) &&
        line[digits - 1] == ' ' && std::ranges::all_of(line.substr(digits, 3), is_digit) &&
        line[digits] != '0' && (line.size() == digits + 3 || line[digits + 3] == ' ');
    if (!well_formed) {
        fail("no status line of HTTP/1.0 or HTTP/1.1");
        return;
    }
    status_ = (line[digits] - '0') * 100 + (line[digits + 1] - '0') * 10 + line[digits + 2] - '0';
    part_ = Part::headers;
}

void HttpAnswer::read_header(std::string_view line) {
    const auto colon = line.find(':');
    const auto name = line.substr(0, colon);
    if (colon == std::string_view::npos || name.empty() || !std::ranges::all_of(name, is_token)) {
        fail("a malformed header");
        return;
    }
    if (is_named(name, "content-length")) {
        read_content_length(without_blanks(line.substr(colon + 1)));
    } else if (is_named(name, "transfer-encoding")) {
        transfer_coded_ = true;
    }
}

void HttpAnswer::read_content_length(std::string_view value) {
    constexpr auto most = std::numeric_limits<std::uint64_t>::max() / 10 - 1;
    std::uint64_t length = 0;
    bool good = !value.empty();
    for (const char c : value) {
        good = good && is_digit(c) && length <= most;
        length = good ? length * 10 + static_cast<std::uint64_t>(c - '0') : 0;
    }
    if (!good || content_length_.value_or(length) != length) {
        fail("a malformed Content-Length");
        return;
    }
    content_length_ = length;
}

void HttpAnswer::headers_ended() {
    if (status_ < 200) {
        // An interim answer: another one follows.
        status_ = 0;
        content_length_.reset();
        transfer_coded_ = false;
        part_ = Part::status_line;
        return;
    }
    part_ = Part::body;
    const auto& range = expected_.status;
    if (status_ < range.first || status_ > range.last) {
        fail(range.first == range.last
                 ? fmt::format("status {}, expected {}", status_, range.first)
                 : fmt::format("status {}, expected {}-{}", status_, range.first, range.last));
    } else if (!expected_.body || expected_.body->empty()) {
        verdict_ = Verdict::match;
    } else if (transfer_coded_) {
        fail("the body has a transfer coding, which is not read");
    } else if (status_ == 204 || status_ == 304 || content_length_ == 0) {
        fail("there is no body to hold the text");
    }
}

/// Looks for the text across the pieces: of what was seen, only as much is kept as its beginning
/// may reach back.
std::size_t HttpAnswer::take_body(std::string_view bytes) {
    const auto& text = *expected_.body;
    auto end = std::uint64_t{longest_http_body};
    if (content_length_) {
        end = std::min(end, *content_length_);
    }
    const auto wanted = bytes.substr(0, static_cast<std::size_t>(end) - body_size_);
    body_size_ += wanted.size();
    held_ += wanted;
    if (held_.find(text) != std::string::npos) {
        verdict_ = Verdict::match;
    } else if (body_size_ == content_length_) {
        fail("the body does not hold the text");
    } else if (body_size_ == longest_http_body) {
        fail(fmt::format("the first {} bytes of the body do not hold the text", longest_http_body));
    } else if (held_.size() >= text.size()) {
        held_.erase(0, held_.size() - (text.size() - 1));
    }
    return bytes.size();
}

void HttpAnswer::fail(std::string problem) {
    verdict_ = Verdict::mismatch;
    problem_ = std::move(problem);
    held_.clear();
}

}  // namespace lvslab::health
