// SPDX-License-Identifier: GPL-2.0-only
#include "core/server/rwhod.hpp"

#include <string>

#include "core/base/random.hpp"

namespace lvslab::server {

Time first_rwhod_broadcast(std::uint64_t seed, std::string_view server) {
    RandomStream phase(seed, "rwhod/" + std::string(server));
    return Time{Duration{
        static_cast<std::int64_t>(phase.uniform() * static_cast<double>(rwhod_period.count()))}};
}

}  // namespace lvslab::server
