// SPDX-License-Identifier: GPL-2.0-only
#include "realmode/lab/http_exchange.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

namespace lvslab::lab {
namespace {

/// Beyond this a request is no head any more: servers take lines of 8 KiB by default.
constexpr std::uint64_t largest_padded_head = 4096;
/// Bytes of a head beyond which an answer is none of HTTP.
constexpr std::size_t longest_head = 16384;
constexpr std::string_view end_of_head = "\r\n\r\n";

constexpr bool same_letter(char a, char b) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c; };
    return lower(a) == lower(b);
}

/// The value of a header line of this name; nothing if it is another one.
std::optional<std::string_view> value_of(std::string_view line, std::string_view name) {
    const auto colon = line.find(':');
    if (colon != name.size() || !std::equal(name.begin(), name.end(), line.begin(), same_letter)) {
        return std::nullopt;
    }
    auto value = line.substr(colon + 1);
    value.remove_prefix(std::min(value.find_first_not_of(" \t"), value.size()));
    return value;
}

}  // namespace

std::string document_path(std::uint64_t bytes) {
    return fmt::format("/documents/{}.bin", bytes);
}

HttpRequest http_request_for(std::uint64_t document, std::uint64_t request_bytes,
                             const Endpoint& to) {
    auto head = fmt::format("GET {} HTTP/1.1\r\nHost: {}\r\n", document_path(document),
                            to.address.to_string());
    const auto bare = head.size() + 2;
    if (request_bytes > largest_padded_head) {
        // A length may have zeros before it: so its own length is known before it is.
        const auto rest = request_bytes - bare - std::string_view("Content-Length: \r\n").size();
        const auto digits = fmt::format("{}", rest).size();
        const auto body = rest - digits;
        head += fmt::format("Content-Length: {:0{}}\r\n\r\n", body, digits);
        return {head, head.size() + body};
    }
    constexpr std::string_view padding = "Cookie: \r\n";
    if (request_bytes > bare + padding.size()) {
        head +=
            fmt::format("Cookie: {}\r\n", std::string(request_bytes - bare - padding.size(), '0'));
    }
    head += "\r\n";
    return {head, head.size()};
}

HttpResponse::State HttpResponse::take(std::string_view bytes) {
    if (!has_head_) {
        const auto before = head_.size();
        head_ += bytes.substr(0, longest_head);
        const auto end = head_.find(end_of_head, before < 3 ? 0 : before - 3);
        if (end == std::string::npos) {
            return head_.size() < longest_head ? State::coming : State::broken;
        }
        const auto size = end + end_of_head.size();
        bytes.remove_prefix(size - before);
        head_.resize(size);
        has_head_ = true;
        if (!read_head()) {
            return State::broken;
        }
    }
    received_ += bytes.size();
    return received_ > *length_   ? State::broken
           : received_ < *length_ ? State::coming
                                  : State::whole;
}

bool HttpResponse::read_head() {
    const std::string_view head = head_;
    auto at = head.find("\r\n");
    const auto status = head.substr(0, at);
    const bool good = status.starts_with("HTTP/1.1 200 ") || status == "HTTP/1.1 200";
    for (at += 2; at < head.size();) {
        const auto end = head.find("\r\n", at);
        const auto line = head.substr(at, end - at);
        at = end + 2;
        if (const auto name = value_of(line, http_server_header)) {
            server_ = *name;
        }
        if (const auto length = value_of(line, "Content-Length")) {
            std::uint64_t value = 0;
            const auto* last = length->data() + length->size();
            const auto [stop, error] = std::from_chars(length->data(), last, value);
            if (error == std::errc{} && stop == last) {
                length_ = value;
            }
        }
    }
    return good && length_.has_value();
}

}  // namespace lvslab::lab
