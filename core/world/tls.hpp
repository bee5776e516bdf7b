// SPDX-License-Identifier: GPL-2.0-only
/// What a TLS connection puts on the wire, without its secrets: records and handshake messages of
/// the right types, order and sizes, their bodies zeros; application data in clear, with room for
/// the cipher's tag. So a check by HTTPS costs its round trips and bytes, and a capture shows them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace lvslab::world {

enum class TlsVersion : std::uint8_t {
    tls12,  ///< RFC 5246: two round trips before the first request
    tls13,  ///< RFC 8446: one
};

/// Sizes of handshake messages, in bytes: as OpenSSL 3 sends them for ECDHE with X25519 and an RSA
/// 2048 certificate with one intermediate. Record headers (5 bytes each) are not counted.
struct TlsSizes {
    static constexpr std::size_t client_hello = 312;
    static constexpr std::size_t server_hello_12 = 93, server_hello_13 = 122;
    static constexpr std::size_t encrypted_extensions = 10;
    static constexpr std::size_t certificate = 2450;
    static constexpr std::size_t certificate_verify = 264;
    static constexpr std::size_t server_key_exchange = 300;
    static constexpr std::size_t server_hello_done = 4;
    static constexpr std::size_t client_key_exchange = 37;
    static constexpr std::size_t finished_12 = 40;  ///< with its explicit nonce and tag
    static constexpr std::size_t finished_13 = 36;
    static constexpr std::size_t tag_12 = 24;  ///< on each record: explicit nonce and tag
    static constexpr std::size_t tag_13 = 17;  ///< on each record: content type and tag
};

/// One end of a full handshake (no resumption) and what follows it. Bytes in, bytes out; it knows
/// no socket.
class TlsEnd {
public:
    /// A client begins with `version`; a server takes the client's.
    static TlsEnd client(TlsVersion version) { return TlsEnd(true, version); }
    static TlsEnd server() { return TlsEnd(false, TlsVersion::tls13); }

    /// What the client sends first.
    std::string begin();
    /// Bytes have come. Gives what this end answers at once, and keeps what they carry for
    /// take_data(). What follows no rule makes it broken().
    std::string feed(std::string_view bytes);
    /// The handshake has ended: data may be sent.
    bool established() const { return stage_ == Stage::open; }
    bool broken() const { return broken_; }
    /// Application data as records.
    std::string wrap(std::string_view data) const;
    /// Application data that has come, once.
    std::string take_data();

private:
    enum class Stage : std::uint8_t { hello, finish, open };
    TlsEnd(bool client, TlsVersion version) : client_(client), version_(version) {}

    void on_record(std::uint8_t type, std::string_view body, std::string& answer);
    void on_handshake(std::string_view body, std::string& answer);
    std::size_t tag() const;

    bool client_;
    TlsVersion version_;
    Stage stage_ = Stage::hello;
    bool broken_ = false;
    std::string unread_;
    std::string data_;
};

/// True if a stream that begins so is TLS (a handshake record).
bool begins_like_tls(std::string_view bytes);

}  // namespace lvslab::world
