// SPDX-License-Identifier: GPL-2.0-only
/// The TLS end of a lab's server: OpenSSL between bytes of the wire and what they carry.
#pragma once

#include <memory>
#include <string>
#include <string_view>

struct ssl_st;

namespace lvslab::lab {

/// One connection's end. The certificate is made by this process and signed by itself, on a key on
/// P-256; checks trust any (docs/probes.md).
class ServerTls {
public:
    /// Throws std::runtime_error if OpenSSL cannot.
    ServerTls();
    ~ServerTls();
    ServerTls(const ServerTls&) = delete;
    ServerTls& operator=(const ServerTls&) = delete;

    /// Bytes have come from the wire; gives what they carry.
    std::string take(std::string_view bytes);
    /// To be sent in secret: see to_send().
    void say(std::string_view text);
    /// Bytes for the wire since the last call.
    std::string to_send();
    /// What came is no TLS, or none that this end can speak.
    bool broken() const { return broken_; }

private:
    struct Free {
        void operator()(ssl_st* ssl) const;
    };
    std::unique_ptr<ssl_st, Free> ssl_;
    bool broken_ = false;
};

}  // namespace lvslab::lab
