// SPDX-License-Identifier: GPL-2.0-only
/// The real server's side of a health check: what its application says to bytes that are no request
/// of a workload. Bytes in, bytes out; it knows no socket.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/world/tls.hpp"

namespace lvslab::world {

/// One check that the application knows of: what comes, and what it says to it.
struct CheckAnswer {
    std::string send;    ///< empty: the application speaks first
    std::string answer;  ///< as bytes on the wire
    friend auto operator<=>(const CheckAnswer&, const CheckAnswer&) = default;
};

/// A round trip of a check program (scenario: `programs`) begins so; it is answered by itself.
inline constexpr std::string_view program_greeting = "LVSP";
/// Bytes of a program's question and of its answer, over TCP and over UDP.
inline constexpr std::size_t program_message = 64;

/// The dialogue of one connection, or of one datagram.
///
/// - `GET ` is HTTP, whole at its empty line; it is answered with 200 and a body, or with the
///   answer that stands for it, and the connection is closed.
/// - A TLS record begins a handshake; HTTP goes on inside.
/// - `LVSP` is a round trip of a check program.
/// - Anything else is compared with what the checks of this port send.
class CheckDialogue {
public:
    /// `known`: the checks of this port, none of which need match.
    /// `body`: of the answer to a `GET ` that none of them sends.
    CheckDialogue(std::vector<CheckAnswer> known, std::string body);

    /// What the application does next.
    struct Step {
        std::string say;      ///< at once: it costs no work (TLS)
        bool work = false;    ///< a request is whole: it is to be worked for, then ask answer()
        bool refuse = false;  ///< this is nothing that the application understands
    };
    /// A connection stands, or nothing has come yet: work if a check expects it to speak first.
    Step begin();
    /// Bytes have come.
    Step take(std::string_view bytes);
    /// The work is done: what is said then.
    std::string answer();
    /// The connection is closed behind the last answer.
    bool closes() const { return closes_; }

private:
    Step take_clear(std::string_view bytes);
    bool is_whole(Step& step);

    std::vector<CheckAnswer> known_;
    std::string body_;
    std::optional<TlsEnd> tls_;
    std::string heard_;   ///< of the request under way, in clear
    std::string answer_;  ///< to the whole one
    bool first_ = true;
    bool closes_ = false;
};

/// The text of an HTTP answer with status 200 and this body, HTTP/1.1.
std::string http_answer(std::string_view body);

}  // namespace lvslab::world
