// SPDX-License-Identifier: GPL-2.0-only
/// How a virtual service is written where lvsrouter writes JSON.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "core/ipvs/service.hpp"

namespace lvslab::realmode {

/// Adds "protocol", "endpoint", "fwmark" and "family" to an object.
void add_service_key(nlohmann::ordered_json& object, const ipvs::ServiceKey& key);

/// Reads them back. Throws nlohmann::json::exception or std::invalid_argument.
ipvs::ServiceKey read_service_key(const nlohmann::json& object);

}  // namespace lvslab::realmode
