// SPDX-License-Identifier: GPL-2.0-only
/// What the lab's clients say to a web server that is not the lab's own, and what they make of its
/// answers. It knows no socket.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/quantities.hpp"

namespace lvslab::lab {

/// The header line in which a server tells its name.
inline constexpr std::string_view http_server_header = "X-Real-Server";

/// Where the document of so many bytes is.
std::string document_path(std::uint64_t bytes);

/// A GET of HTTP/1.1 (RFC 9112): its head, and how many bytes it has in all. What is missing behind
/// the head are zeros, the body that its Content-Length announces.
struct HttpRequest {
    std::string head;
    std::uint64_t bytes = 0;
};

/// The request for a document that is as large as the plan has it, or as small as one can be. Up
/// to 4 KiB the head is padded by a header line, as cookies do it; what is more is a body.
HttpRequest http_request_for(std::uint64_t document, std::uint64_t request_bytes,
                             const Endpoint& to);

/// Takes the answers of one connection, one after the other.
class HttpResponse {
public:
    enum class State : std::uint8_t { coming, whole, broken };

    /// A new answer is to come.
    void begin() { *this = {}; }
    /// The next bytes; no more are taken than the answer has. What is not 200 with a
    /// Content-Length, or goes on behind its end, is broken.
    State take(std::string_view bytes);

    /// The head is known: who answered (X-Real-Server).
    const std::optional<std::string>& server() const { return server_; }
    /// Of the body.
    std::uint64_t content_length() const { return length_.value_or(0); }

private:
    bool read_head();

    std::string head_;
    bool has_head_ = false;
    std::optional<std::string> server_;
    std::optional<std::uint64_t> length_;
    std::uint64_t received_ = 0;  ///< of the body
};

}  // namespace lvslab::lab
