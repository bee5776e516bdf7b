// SPDX-License-Identifier: GPL-2.0-only
/// The kernel's table of virtual services as /proc/net/ip_vs tells it (ip_vs_ctl.c,
/// ip_vs_info_seq_show).
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "core/ipvs/service.hpp"

namespace lvslab::lab {

struct ListedDestination {
    ipvs::ServiceKey service;
    Endpoint server;
    std::int32_t weight = 0;
    std::int64_t active = 0, inactive = 0;
    friend bool operator==(const ListedDestination&, const ListedDestination&) = default;
};

/// The destinations of all IPv4 services, in the order of the file. Lines that it does not know are
/// passed over.
std::vector<ListedDestination> read_ipvs_listing(std::string_view text);

}  // namespace lvslab::lab
