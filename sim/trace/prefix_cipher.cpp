// SPDX-License-Identifier: GPL-2.0-only
#include "sim/trace/prefix_cipher.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <charconv>
#include <stdexcept>

namespace lvslab::trace {

using Block = std::array<std::uint8_t, 16>;

struct PrefixCipher::Cipher {
    EVP_CIPHER_CTX* context = EVP_CIPHER_CTX_new();

    explicit Cipher(const std::uint8_t* key) {
        if (context == nullptr ||
            EVP_EncryptInit_ex(context, EVP_aes_128_ecb(), nullptr, key, nullptr) != 1) {
            EVP_CIPHER_CTX_free(context);
            throw std::runtime_error("OpenSSL gives no AES-128");
        }
        EVP_CIPHER_CTX_set_padding(context, 0);
    }
    ~Cipher() { EVP_CIPHER_CTX_free(context); }
    Cipher(const Cipher&) = delete;
    Cipher& operator=(const Cipher&) = delete;

    Block encrypt(const Block& plain) const {
        Block out{};
        int length = 0;
        if (EVP_EncryptUpdate(context, out.data(), &length, plain.data(),
                              static_cast<int>(plain.size())) != 1) {
            throw std::runtime_error("OpenSSL's AES-128 failed");
        }
        return out;
    }
};

PrefixCipher::PrefixCipher(const Key& key) : cipher_(std::make_unique<Cipher>(key.data())) {
    Block pad{};
    std::copy(key.begin() + 16, key.end(), pad.begin());
    pad_ = cipher_->encrypt(pad);
}
PrefixCipher::~PrefixCipher() = default;
PrefixCipher::PrefixCipher(PrefixCipher&&) noexcept = default;

Address PrefixCipher::operator()(const Address& address) const {
    const std::size_t size = address.is_v4() ? 4 : 16;
    const auto& bytes = address.bytes();
    Address::Bytes result = bytes;
    Block input = pad_;
    // Bit by bit, `input` is the address so far with the pad behind it.
    for (std::size_t i = 0; i < size * 8; ++i) {
        const std::size_t byte = i / 8;
        const auto bit = static_cast<std::uint8_t>(0x80U >> (i % 8));
        if ((cipher_->encrypt(input)[0] & 0x80U) != 0) {
            result[byte] ^= bit;
        }
        input[byte] = static_cast<std::uint8_t>((input[byte] & ~bit) | (bytes[byte] & bit));
    }
    if (address.is_v6()) {
        return Address::v6(result);
    }
    return Address::v4((std::uint32_t{result[0]} << 24) | (std::uint32_t{result[1]} << 16) |
                       (std::uint32_t{result[2]} << 8) | std::uint32_t{result[3]});
}

std::optional<PrefixCipher::Key> read_key(std::string_view text) {
    PrefixCipher::Key key{};
    if (text.size() == key.size()) {
        std::copy(text.begin(), text.end(), key.begin());
        return key;
    }
    constexpr std::string_view space = " \t\r\n";
    const auto first = std::min(text.find_first_not_of(space), text.size());
    text.remove_prefix(first);
    text = text.substr(0, text.find_last_not_of(space) + 1);
    if (text.size() != 2 * key.size()) {
        return std::nullopt;
    }
    for (std::size_t i = 0; i < key.size(); ++i) {
        const auto* at = text.data() + 2 * i;
        const auto [end, error] = std::from_chars(at, at + 2, key[i], 16);
        if (error != std::errc{} || end != at + 2) {
            return std::nullopt;
        }
    }
    return key;
}

}  // namespace lvslab::trace
