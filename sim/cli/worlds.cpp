// SPDX-License-Identifier: GPL-2.0-only
#include "sim/cli/worlds.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include "sim/flow/world.hpp"
#ifdef LVSLAB_PACKET_WORLD
#include "sim/packet/world.hpp"
#endif

namespace lvslab::cli {
namespace {

SimulatedResult run_flow(const scenario::Scenario& scenario, const SimulatedRun& options,
                         journal::Sink& sink) {
    flow_world::RunOptions flow;
    flow.seed = options.seed;
    flow.scheduler = options.scheduler;
    flow.segments = options.segments;
    flow.progress = options.progress;
    const auto result = flow_world::run(scenario, flow, sink);
    return {result.complete, result.end};
}

#ifdef LVSLAB_PACKET_WORLD
SimulatedResult run_packet(const scenario::Scenario& scenario, const SimulatedRun& options,
                           journal::Sink& sink) {
    packet_world::RunOptions packet;
    packet.seed = options.seed;
    packet.scheduler = options.scheduler;
    packet.segments = options.segments;
    packet.progress = options.progress;
    const auto result = packet_world::run(scenario, packet, sink);
    return {result.complete, result.end};
}
constexpr World packet_world_entry{"packet", packet_world::unsupported, run_packet};
#else
constexpr World packet_world_entry{"packet", nullptr, nullptr};
#endif

constexpr std::array worlds{packet_world_entry, World{"flow", flow_world::unsupported, run_flow},
                            World{"kernel", nullptr, nullptr}};

}  // namespace

const World* find_world(std::string_view name) {
    const auto* found = std::ranges::find(worlds, name, &World::name);
    return found == worlds.end() ? nullptr : found;
}

CLI::Option* add_world_option(CLI::App& command, std::string& world) {
    std::vector<std::string> names;
    for (const auto& w : worlds) {
        names.emplace_back(w.name);
    }
    return command
        .add_option("--world", world,
                    "what runs it: packet (ns-3), flow (no packets), kernel (lvsrouter on a real "
                    "kernel)")
        ->check(CLI::IsMember(names))
        ->capture_default_str();
}

}  // namespace lvslab::cli
