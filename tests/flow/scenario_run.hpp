// SPDX-License-Identifier: GPL-2.0-only
/// Whole runs of the flow world, of scenarios that ship.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

#include "core/journal/expectation_run.hpp"
#include "core/journal/invariants.hpp"
#include "core/journal/writer.hpp"
#include "core/scenario/reader.hpp"
#include "sim/flow/world.hpp"

namespace lvslab::flow_world::testing {

inline std::optional<std::string> read_file(const std::filesystem::path& path) {
    std::ifstream in(path, std::ios::binary);
    if (!in) {
        return std::nullopt;
    }
    return std::string(std::istreambuf_iterator<char>(in), {});
}

/// "direct-routing/scenario.yaml", below scenarios/.
inline scenario::Scenario shipped(const std::string& name) {
    const auto path = std::filesystem::path(LVSLAB_SOURCE_DIR) / "scenarios" / name;
    const auto text = read_file(path);
    EXPECT_TRUE(text) << path;
    auto read = scenario::read_scenario(*text, path.string(), [&](const std::string& named) {
        return read_file(path.parent_path() / named);
    });
    EXPECT_TRUE(read) << read.diagnostics.to_string();
    return std::move(*read);
}

/// Keeps every event.
struct Recorder final : journal::Sink {
    void take(const journal::Event& event) override { events.push_back(event); }
    template <class Payload>
    std::vector<Payload> all() const {
        std::vector<Payload> found;
        for (const auto& event : events) {
            if (const auto* payload = std::get_if<Payload>(&event.payload)) {
                found.push_back(*payload);
            }
        }
        return found;
    }
    std::vector<journal::Event> events;
};

/// The journal of a run, as bytes.
inline std::string journal_of(const scenario::Scenario& scenario, const RunOptions& options) {
    std::string bytes;
    journal::Writer writer([&](std::string_view part) { bytes += part; }, journal::Level::all);
    run(scenario, options, writer);
    writer.finish();
    return bytes;
}

}  // namespace lvslab::flow_world::testing
