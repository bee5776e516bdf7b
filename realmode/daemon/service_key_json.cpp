// SPDX-License-Identifier: GPL-2.0-only
#include "realmode/daemon/service_key_json.hpp"

#include <stdexcept>
#include <string>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace lvslab::realmode {
namespace {

Protocol protocol_of(const std::string& text) {
    for (const auto protocol : {Protocol::ip, Protocol::tcp, Protocol::udp, Protocol::sctp}) {
        if (text == to_string(protocol)) {
            return protocol;
        }
    }
    throw std::invalid_argument(fmt::format("\"{}\" is no protocol", text));
}

Endpoint endpoint_of(const std::string& text) {
    if (const auto endpoint = Endpoint::parse(text)) {
        return *endpoint;
    }
    throw std::invalid_argument(fmt::format("\"{}\" is no address and port", text));
}

}  // namespace

void add_service_key(nlohmann::ordered_json& object, const ipvs::ServiceKey& key) {
    object["protocol"] = to_string(key.protocol);
    object["endpoint"] = key.endpoint.to_string();
    object["fwmark"] = key.fwmark.value();
    object["family"] = key.family == Family::ipv4 ? "ipv4" : "ipv6";
}

ipvs::ServiceKey read_service_key(const nlohmann::json& object) {
    return {
        .protocol = protocol_of(object.at("protocol").get<std::string>()),
        .endpoint = endpoint_of(object.at("endpoint").get<std::string>()),
        .fwmark = Fwmark(object.at("fwmark").get<std::uint32_t>()),
        .family = object.at("family").get<std::string>() == "ipv6" ? Family::ipv6 : Family::ipv4};
}

}  // namespace lvslab::realmode
