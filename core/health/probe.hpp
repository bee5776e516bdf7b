// SPDX-License-Identifier: GPL-2.0-only
/// One check of one real server, as a value that a world carries out.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/base/quantities.hpp"
#include "core/base/time.hpp"
#include "core/health/expectation.hpp"
#include "core/health/http_answer.hpp"

namespace lvslab::health {

/// Connect, send, expect. The server is up if each step ends within `limit` of its own.
struct ConnectProbe {
    Endpoint server;
    Protocol protocol = Protocol::tcp;
    std::optional<std::string> send;
    Expectation expect = Expectation::nothing();
    Duration limit = std::chrono::seconds(10);  ///< of the connect, and again of the answer
};

/// Run a program. `arguments` begin with its name.
struct ProgramProbe {
    std::vector<std::string> arguments;
    std::optional<std::string> expect;
    Duration limit = std::chrono::seconds(10);  ///< of its whole run
    Endpoint server;                            ///< what it looks at, for a world that plays it
    Protocol protocol = Protocol::tcp;
};

/// Extension: GET over HTTP or HTTPS. Send http_request() and hand the answer to HttpAnswer.
struct HttpProbe {
    Endpoint server;
    bool tls = false;  ///< HTTPS: its handshake is part of the probe; no certificate is verified
    std::string path = "/";
    std::string host;  ///< of the Host line, and the name that TLS asks for
    HttpExpectation expect;
    Duration limit = std::chrono::seconds(10);  ///< of the whole: connect, handshake, answer
};

/// The request of the probe. It is of HTTP/1.0, so that no answer comes in chunks (RFC 9112, 7.1).
std::string http_request(const HttpProbe& probe);

using Probe = std::variant<ConnectProbe, ProgramProbe, HttpProbe>;

/// How a program ended.
struct ProgramResult {
    bool timed_out = false;
    int exit_status = 0;  ///< anything but 0 is a failure; death by a signal counts as one too
    std::string output;
};

/// True if the program says that the server is up: it ended in time with status 0 and its output,
/// less one newline at its end, is exactly what is expected (any, if nothing is).
bool says_up(const ProgramProbe& probe, const ProgramResult& result);

/// Extension: a check by its protocol.
enum class CheckType { tcp, http, https };

/// What a virtual server block says about checks (strings as lvs.cf has them, escapes and all).
struct CheckText {
    std::optional<std::string> send, expect, send_program;
    bool use_regex = false;
    Port service_port;  ///< the virtual service's: 80 without any text means an HTTP check
    Protocol protocol = Protocol::tcp;
    Duration limit = std::chrono::seconds(10);
    std::optional<CheckType> check;         ///< extension; unset = Piranha's rules
    std::optional<std::string> path, host;  ///< extension: of HTTP and HTTPS
    HttpExpectation http;                   ///< extension: of HTTP and HTTPS
    SourceLocation location;
};

/// The probe that these settings mean for one real server (nanny.c, main and pinger):
/// send_program before send; nothing at all on port 80 is `GET / HTTP/1.0` and expect `HTTP`.
/// With `check` none of that counts: `tcp` is a connection, `http` and `https` are a GET whose path
/// is / and whose host is the server's address unless given.
Checked<Probe> make_probe(const CheckText& text, const Endpoint& server);

/// Splits at spaces and puts the server's address and port for the words %h and %p; only whole
/// words are replaced (nanny.c, external_check).
std::vector<std::string> program_arguments(std::string_view command, const Endpoint& server);

}  // namespace lvslab::health
