// SPDX-License-Identifier: GPL-2.0-only
#include "sim/cli/refusals.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "sim/cli/kernel_run.hpp"
#ifdef LVSLAB_PACKET_WORLD
#include "sim/packet/world.hpp"
#endif

namespace lvslab::cli {

Diagnostics unsupported_in([[maybe_unused]] std::string_view world,
                           [[maybe_unused]] const scenario::Scenario& scenario) {
#ifdef LVSLAB_PACKET_WORLD
    if (world == "packet") {
        return packet_world::unsupported(scenario);
    }
#endif
    return {};
}

std::optional<std::string> world_refuses(std::string_view world, const std::string& file,
                                         const scenario::Scenario& scenario) {
    if (world == "kernel") {
        return kernel_world_refuses(file);
    }
    const auto found = unsupported_in(world, scenario);
    return found.has_errors() ? std::optional(found.to_string()) : std::nullopt;
}

std::string shortened_refusal(const std::string& lines) {
    const auto end = lines.find('\n');
    const auto count = std::ranges::count(lines, '\n');
    return count <= 1 ? lines.substr(0, end)
                      : fmt::format("{} (and {} more)", lines.substr(0, end), count - 1);
}

}  // namespace lvslab::cli
