// SPDX-License-Identifier: GPL-2.0-only
#include "realmode/host/heartbeat_key.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <stdexcept>
#include <string_view>
#include <system_error>

namespace lvslab::realmode {
namespace {

constexpr std::size_t least = 16, most = 1024;
constexpr std::string_view purpose = "lvslab heartbeat 1";
constexpr std::size_t number_at = 4, authentication_at = 12;
using Authentication = std::array<std::uint8_t, 32>;

/// A descriptor that is closed at the end of its scope.
struct OpenFile {
    explicit OpenFile(const std::string& name)
        : descriptor(::open(name.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {}
    ~OpenFile() {
        if (descriptor >= 0) {
            ::close(descriptor);
        }
    }
    OpenFile(const OpenFile&) = delete;
    OpenFile& operator=(const OpenFile&) = delete;
    int descriptor;
};

/// What speaks against trusting the file; empty if nothing does.
std::string distrust(const struct stat& status) {
    if (!S_ISREG(status.st_mode)) {
        return "the key is to be a plain file";
    }
    if ((status.st_mode & 077U) != 0) {
        return fmt::format("others than its owner may use the key (mode {:04o}); set it to 0600",
                           status.st_mode & 07777U);
    }
    if (status.st_uid != 0 && status.st_uid != ::geteuid()) {
        return fmt::format("the key belongs to user {}; it is to be root's", status.st_uid);
    }
    return "";
}

std::string last_error() {
    return std::generic_category().message(errno);
}

void append(std::vector<std::uint8_t>& to, const Address& a) {
    to.push_back(a.is_v4() ? 4 : 6);
    to.insert(to.end(), a.bytes().begin(), a.bytes().begin() + (a.is_v4() ? 4 : 16));
}

Authentication authenticate(const HeartbeatKey& key, const HeartbeatWay& way,
                            std::span<const std::uint8_t> word_and_number) {
    std::vector<std::uint8_t> text(purpose.begin(), purpose.end());
    append(text, way.from);
    append(text, way.to);
    text.insert(text.end(), word_and_number.begin(), word_and_number.end());
    Authentication out{};
    unsigned length = 0;
    if (HMAC(EVP_sha256(), key.secret.data(), static_cast<int>(key.secret.size()), text.data(),
             text.size(), out.data(), &length) == nullptr ||
        length != out.size()) {
        throw std::runtime_error("HMAC-SHA-256 is not to be had of OpenSSL");
    }
    return out;
}

}  // namespace

Checked<HeartbeatKey> read_heartbeat_key(const std::string& file) {
    Checked<HeartbeatKey> out;
    const auto refuse = [&](const std::string& why) {
        out.diagnostics.error({file, 0, 0}, why);
        return out;
    };
    const OpenFile open(file);
    struct stat status {};
    if (open.descriptor < 0 || ::fstat(open.descriptor, &status) != 0) {
        return refuse("heartbeat key: " + last_error());
    }
    if (const auto why = distrust(status); !why.empty()) {
        return refuse("heartbeat key: " + why);
    }
    std::vector<std::uint8_t> secret(most + 128);
    const auto length = ::read(open.descriptor, secret.data(), secret.size());
    if (length < 0) {
        return refuse("heartbeat key: " + last_error());
    }
    secret.resize(static_cast<std::size_t>(length));
    constexpr std::string_view white = " \t\r\n";
    while (!secret.empty() && white.find(static_cast<char>(secret.back())) != white.npos) {
        secret.pop_back();
    }
    if (secret.size() < least || secret.size() > most) {
        return refuse(fmt::format("heartbeat key: {}{} bytes; expected {} to {}",
                                  secret.size() > most ? "more than " : "",
                                  std::min(secret.size(), most), least, most));
    }
    out.value = HeartbeatKey{std::move(secret)};
    return out;
}

SealedHeartbeat seal(const HeartbeatKey& key, const HeartbeatWay& way, const pulse::WireWord& word,
                     HeartbeatNumber number) {
    SealedHeartbeat out{};
    std::ranges::copy(word, out.begin());
    for (std::size_t i = 0; i < 8; ++i) {
        out[number_at + i] = static_cast<std::uint8_t>(number >> (56 - 8 * i));
    }
    const auto mac = authenticate(key, way, std::span(out).first(authentication_at));
    std::ranges::copy(mac, out.begin() + authentication_at);
    return out;
}

std::optional<OpenedHeartbeat> open_sealed(const HeartbeatKey& key, const HeartbeatWay& way,
                                           std::span<const std::uint8_t> datagram) {
    if (datagram.size() != SealedHeartbeat{}.size()) {
        return std::nullopt;
    }
    const auto mac = authenticate(key, way, datagram.first(authentication_at));
    if (CRYPTO_memcmp(mac.data(), &datagram[authentication_at], mac.size()) != 0) {
        return std::nullopt;
    }
    OpenedHeartbeat out;
    std::ranges::copy(datagram.first(number_at), out.word.begin());
    for (std::size_t i = 0; i < 8; ++i) {
        out.number = (out.number << 8) | datagram[number_at + i];
    }
    return out;
}

}  // namespace lvslab::realmode
