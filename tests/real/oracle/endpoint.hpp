// SPDX-License-Identifier: GPL-2.0-only
/// An address with a port, as scripts and recordings spell it.
#pragma once

#include <charconv>
#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/address.hpp"

namespace lvslab::oracle {

struct Endpoint {
    Address address;
    std::uint16_t port = 0;

    /// "10.1.0.10:80", "[fd00::10]:80".
    static std::optional<Endpoint> parse(std::string_view text) {
        const auto colon = text.rfind(':');
        if (colon == std::string_view::npos) {
            return std::nullopt;
        }
        auto host = text.substr(0, colon);
        if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
            host = host.substr(1, host.size() - 2);
        }
        const auto address = Address::parse(host);
        const auto digits = text.substr(colon + 1);
        std::uint16_t port = 0;
        const auto [end, error] =
            std::from_chars(digits.data(), digits.data() + digits.size(), port);
        if (!address || error != std::errc{} || end != digits.data() + digits.size()) {
            return std::nullopt;
        }
        return Endpoint{*address, port};
    }

    std::string to_string() const {
        const std::string host =
            address.is_v4() ? address.to_string() : "[" + address.to_string() + "]";
        return host + ":" + std::to_string(port);
    }

    friend auto operator<=>(const Endpoint&, const Endpoint&) = default;
};

}  // namespace lvslab::oracle
