// SPDX-License-Identifier: GPL-2.0-only
#include "core/base/address.hpp"

#include <arpa/inet.h>

#include <bit>
#include <charconv>

#include <fmt/format.h>

namespace lvslab {

std::optional<Address> Address::parse(std::string_view text) {
    // inet_pton stops at a NUL, and would take "10.0.0.1\0rubbish".
    if (text.find('\0') != std::string_view::npos) {
        return std::nullopt;
    }
    const std::string terminated(text);
    Bytes bytes{};
    if (inet_pton(AF_INET, terminated.c_str(), bytes.data()) == 1) {
        Address a;
        a.bytes_ = bytes;
        return a;
    }
    if (inet_pton(AF_INET6, terminated.c_str(), bytes.data()) == 1) {
        return v6(bytes);
    }
    return std::nullopt;
}

Address Address::masked(unsigned length) const {
    Address a = *this;
    for (unsigned i = 0; i < 16; ++i) {
        const unsigned kept = length > 8 * i ? length - 8 * i : 0;
        if (kept < 8) {
            a.bytes_[i] &= static_cast<std::uint8_t>(0xFF00U >> kept);
        }
    }
    return a;
}

std::string Address::to_string() const {
    char text[INET6_ADDRSTRLEN];
    inet_ntop(is_v4() ? AF_INET : AF_INET6, bytes_.data(), text, sizeof text);
    return text;
}

std::optional<Network> Network::parse(std::string_view text) {
    const auto slash = text.find('/');
    if (slash == std::string_view::npos) {
        return std::nullopt;
    }
    const auto address = Address::parse(text.substr(0, slash));
    const auto length_text = text.substr(slash + 1);
    unsigned length = 0;
    const auto [end, error] =
        std::from_chars(length_text.data(), length_text.data() + length_text.size(), length);
    if (!address || error != std::errc{} || end != length_text.data() + length_text.size() ||
        length > (address->is_v4() ? 32U : 128U)) {
        return std::nullopt;
    }
    return Network{*address, length};
}

bool Network::contains(const Address& a) const {
    return a.family() == address.family() && a.masked(prefix_length) == base();
}

bool Network::overlaps(const Network& other) const {
    return contains(other.base()) || other.contains(base());
}

std::string Network::to_string() const {
    return fmt::format("{}/{}", address.to_string(), prefix_length);
}

std::optional<unsigned> prefix_length_of_mask(const Address& mask) {
    if (!mask.is_v4()) {
        return std::nullopt;
    }
    const auto bits = mask.v4_host_order();
    const auto length = static_cast<unsigned>(std::countl_one(bits));
    if (mask_of_prefix_length(length) != mask) {
        return std::nullopt;
    }
    return length;
}

Address mask_of_prefix_length(unsigned length) {
    return Address::v4(0xFFFFFFFFU).masked(length);
}

}  // namespace lvslab
