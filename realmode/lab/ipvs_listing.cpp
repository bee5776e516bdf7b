// SPDX-License-Identifier: GPL-2.0-only
#include "realmode/lab/ipvs_listing.hpp"

#include <charconv>
#include <optional>
#include <sstream>
#include <string>

namespace lvslab::lab {
namespace {

std::optional<std::uint32_t> hexadecimal(std::string_view text) {
    std::uint32_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
    return error == std::errc{} && end == text.data() + text.size() ? std::optional(value)
                                                                    : std::nullopt;
}

/// "0A0B0C01:0050"
std::optional<Endpoint> endpoint_of(const std::string& text) {
    const auto colon = text.find(':');
    if (colon != 8) {
        return std::nullopt;
    }
    const auto address = hexadecimal(std::string_view(text).substr(0, colon));
    const auto port = hexadecimal(std::string_view(text).substr(colon + 1));
    if (!address || !port) {
        return std::nullopt;
    }
    return Endpoint{Address::v4(*address), Port{static_cast<std::uint16_t>(*port)}};
}

std::optional<ipvs::ServiceKey> service_of(const std::string& kind, const std::string& place) {
    ipvs::ServiceKey key;
    if (kind == "FWM") {
        const auto mark = hexadecimal(place);
        if (!mark) {
            return std::nullopt;
        }
        key.protocol = Protocol::ip;
        key.fwmark = Fwmark{*mark};
        return key;
    }
    const auto endpoint = endpoint_of(place);
    if (!endpoint || (kind != "TCP" && kind != "UDP")) {
        return std::nullopt;
    }
    key.protocol = kind == "TCP" ? Protocol::tcp : Protocol::udp;
    key.endpoint = *endpoint;
    return key;
}

}  // namespace

std::vector<ListedDestination> read_ipvs_listing(std::string_view text) {
    std::vector<ListedDestination> found;
    std::optional<ipvs::ServiceKey> service;
    std::istringstream lines{std::string(text)};
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words(line);
        std::string first, second, method;
        words >> first >> second;
        if (first != "->") {
            service = service_of(first, second);
            continue;
        }
        const auto server = endpoint_of(second);
        ListedDestination listed;
        if (service && server &&
            words >> method >> listed.weight >> listed.active >> listed.inactive) {
            listed.service = *service;
            listed.server = *server;
            found.push_back(listed);
        }
    }
    return found;
}

}  // namespace lvslab::lab
