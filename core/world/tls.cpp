// SPDX-License-Identifier: GPL-2.0-only
#include "core/world/tls.hpp"

#include <algorithm>
#include <utility>

namespace lvslab::world {
namespace {

using Sizes = TlsSizes;

// RFC 8446, 5.1: record types and header.
constexpr std::uint8_t change_cipher_spec = 20;
constexpr std::uint8_t handshake = 22;
constexpr std::uint8_t application_data = 23;
constexpr std::size_t header_size = 5;
constexpr std::size_t largest_record = 16384;

// RFC 8446, 4 and RFC 5246, 7.4: handshake message types.
constexpr std::uint8_t client_hello = 1;
constexpr std::uint8_t server_hello = 2;
constexpr std::uint8_t encrypted_extensions = 8;
constexpr std::uint8_t certificate = 11;
constexpr std::uint8_t server_key_exchange = 12;
constexpr std::uint8_t server_hello_done = 14;
constexpr std::uint8_t certificate_verify = 15;
constexpr std::uint8_t client_key_exchange = 16;
constexpr std::uint8_t finished = 20;

/// Where a hello of ours tells the version: its second byte is the minor number (legacy_version
/// is 1.2 in both, so the real one stands where TLS 1.3's random begins).
constexpr std::size_t version_at = 6;

char byte(std::size_t value) {
    return static_cast<char>(static_cast<std::uint8_t>(value));
}

std::string record(std::uint8_t type, std::string_view body) {
    std::string bytes{byte(type), 3, 3, byte(body.size() >> 8U), byte(body.size())};
    return bytes.append(body);
}

/// A handshake message of `size` bytes, its header of four included.
std::string message(std::uint8_t type, std::size_t size) {
    std::string bytes(size, '\0');
    const std::size_t body = size - 4;
    bytes[0] = byte(type);
    bytes[1] = byte(body >> 16U);
    bytes[2] = byte(body >> 8U);
    bytes[3] = byte(body);
    return bytes;
}

std::string hello(std::uint8_t type, std::size_t size, TlsVersion version) {
    auto bytes = message(type, size);
    bytes[4] = bytes[5] = 3;
    bytes[version_at] = version == TlsVersion::tls13 ? 4 : 3;
    return bytes;
}

std::string change() {
    return record(change_cipher_spec, std::string(1, 1));
}

/// Handshake messages after the keys changed: TLS 1.3 hides their type.
std::string hidden(std::uint8_t type, std::size_t size) {
    return record(application_data, message(type, size) + std::string(Sizes::tag_13, '\0'));
}

std::string server_flight(TlsVersion version) {
    if (version == TlsVersion::tls12) {
        return record(handshake, hello(server_hello, Sizes::server_hello_12, version)) +
               record(handshake, message(certificate, Sizes::certificate)) +
               record(handshake, message(server_key_exchange, Sizes::server_key_exchange)) +
               record(handshake, message(server_hello_done, Sizes::server_hello_done));
    }
    return record(handshake, hello(server_hello, Sizes::server_hello_13, version)) + change() +
           hidden(encrypted_extensions, Sizes::encrypted_extensions) +
           hidden(certificate, Sizes::certificate) +
           hidden(certificate_verify, Sizes::certificate_verify) +
           hidden(finished, Sizes::finished_13);
}

std::string client_finish(TlsVersion version) {
    if (version == TlsVersion::tls12) {
        return record(handshake, message(client_key_exchange, Sizes::client_key_exchange)) +
               change() + record(handshake, message(finished, Sizes::finished_12));
    }
    return change() + hidden(finished, Sizes::finished_13);
}

}  // namespace

bool begins_like_tls(std::string_view bytes) {
    return bytes.size() >= 2 && bytes[0] == byte(handshake) && bytes[1] == 3;
}

std::string TlsEnd::begin() {
    return record(handshake, hello(client_hello, Sizes::client_hello, version_));
}

std::string TlsEnd::feed(std::string_view bytes) {
    std::string answer;
    unread_.append(bytes);
    std::size_t read = 0;
    while (!broken_ && unread_.size() - read >= header_size) {
        const auto at = [&](std::size_t i) {
            return static_cast<std::size_t>(static_cast<std::uint8_t>(unread_[read + i]));
        };
        const std::size_t length = at(3) << 8U | at(4);
        if (unread_.size() - read < header_size + length) {
            break;
        }
        on_record(static_cast<std::uint8_t>(at(0)),
                  std::string_view(unread_).substr(read + header_size, length), answer);
        read += header_size + length;
    }
    unread_.erase(0, read);
    return answer;
}

void TlsEnd::on_record(std::uint8_t type, std::string_view body, std::string& answer) {
    if (type == change_cipher_spec) {
        return;
    }
    if (type == handshake) {
        on_handshake(body, answer);
    } else if (type == application_data && body.size() >= tag()) {
        body.remove_suffix(tag());
        if (stage_ == Stage::open) {
            data_.append(body);
        } else {
            on_handshake(body, answer);
        }
    } else {
        broken_ = true;
    }
}

/// Only the last message of each flight makes this end go on.
void TlsEnd::on_handshake(std::string_view body, std::string& answer) {
    if (body.size() < 4) {
        broken_ = true;
        return;
    }
    const auto type = static_cast<std::uint8_t>(body[0]);
    if (!client_ && stage_ == Stage::hello) {
        broken_ = type != client_hello || body.size() <= version_at;
        if (!broken_) {
            version_ = body[version_at] == 4 ? TlsVersion::tls13 : TlsVersion::tls12;
            stage_ = Stage::finish;
            answer += server_flight(version_);
        }
    } else if (client_ && stage_ == Stage::hello) {
        if (type == (version_ == TlsVersion::tls13 ? finished : server_hello_done)) {
            stage_ = version_ == TlsVersion::tls13 ? Stage::open : Stage::finish;
            answer += client_finish(version_);
        }
    } else if (stage_ == Stage::finish && type == finished) {
        stage_ = Stage::open;
        if (!client_ && version_ == TlsVersion::tls12) {
            answer += change() + record(handshake, message(finished, Sizes::finished_12));
        }
    }
}

std::size_t TlsEnd::tag() const {
    return version_ == TlsVersion::tls13 ? Sizes::tag_13 : Sizes::tag_12;
}

std::string TlsEnd::wrap(std::string_view data) const {
    std::string records;
    while (!data.empty()) {
        const auto part = data.substr(0, largest_record - tag());
        data.remove_prefix(part.size());
        records += record(application_data, std::string(part) + std::string(tag(), '\0'));
    }
    return records;
}

std::string TlsEnd::take_data() {
    return std::exchange(data_, {});
}

}  // namespace lvslab::world
