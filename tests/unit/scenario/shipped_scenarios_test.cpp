// SPDX-License-Identifier: GPL-2.0-only
// The scenarios that come with lvslab, and the schema that editors check them by.
#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "core/ipvs/schedulers.hpp"
#include "core/scenario/plan.hpp"
#include "tests/unit/scenario/sources.hpp"

namespace lvslab::scenario {
namespace {

const std::filesystem::path root = LVSLAB_SOURCE_DIR;

Checked<Scenario> read_shipped(const std::filesystem::path& file) {
    return read_scenario(
        text_of(file).value(), file.filename().string(),
        [&](const std::string& path) { return text_of(file.parent_path() / path); });
}

std::vector<std::filesystem::path> files() {
    std::vector<std::filesystem::path> found;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(root / "scenarios")) {
        if (entry.path().extension() == ".yaml") {
            found.push_back(entry.path());
        }
    }
    std::ranges::sort(found);
    return found;
}

// FOLDER/scenario.yaml is FOLDER, FOLDER/proxy-farm.yaml is FOLDER-proxy-farm: names of results are
// unique.
std::string name_of(const std::filesystem::path& file) {
    const auto folder = file.parent_path().filename().string();
    return file.stem() == "scenario" ? folder : folder + '-' + file.stem().string();
}

// Offered work over what all real servers of the scenario can do.
double utilisation(const Scenario& s) {
    double capacity = 0;
    double work = 0;
    for (const auto& server : s.servers) {
        capacity += server.workers * server.speed;
    }
    for (const auto& w : s.workloads) {
        const auto* poisson = std::get_if<PoissonArrivals>(&w.arrivals);
        work += poisson != nullptr
                    ? poisson->per_second * w.requests * mean(s.servers.front().service)
                    : 0;
    }
    return work / capacity;
}

TEST(ShippedScenarios, AreReadWithoutAFinding) {
    ASSERT_GE(files().size(), 8U);
    for (const auto& file : files()) {
        const auto s = read_shipped(file);
        ASSERT_TRUE(s) << s.diagnostics.to_string() << file;
        for (const auto& finding : s.diagnostics.items()) {
            // What is wrong on purpose says so, and extensions of the lvs.cf are meant.
            EXPECT_TRUE(finding.message.find("(accepted: ") != std::string::npos ||
                        finding.message.starts_with("extension: "))
                << finding.to_string() << file;
        }
        EXPECT_EQ(s->name, name_of(file)) << file;
        EXPECT_FALSE(s->about.empty()) << file;
        EXPECT_FALSE(s->compare.schedulers.empty() && s->expectations.empty())
            << file << " neither compares nor expects anything";
    }
}

TEST(ShippedScenarios, KeepTheirPlansSmallEnoughForAComparison) {
    for (const auto& file : files()) {
        const auto s = read_shipped(file);
        ASSERT_TRUE(s);
        Plan plan(*s, s->seed);
        std::size_t connections = 0;
        while (plan.next()) {
            ++connections;
        }
        // What compares algorithms needs enough of them; what is expected may need few.
        EXPECT_GT(connections, s->compare.schedulers.empty() ? 0U : 1000U) << file;
        EXPECT_LT(connections, 5000U) << file;
    }
}

TEST(ShippedScenarios, TheDemoLoadsUnequalServersToThreeQuarters) {
    const auto s = read_shipped(root / "scenarios/published-shape/scenario.yaml");
    ASSERT_TRUE(s);
    EXPECT_NEAR(utilisation(*s), 0.75, 0.05);
    EXPECT_EQ(s->compare.schedulers,
              (std::vector<std::string>{"rr", "wrr", "lc", "wlc", "lblc", "lblcr", "dh", "sh"}));
}

TEST(Schema, NamesEverySchedulerThatThereIs) {
    const auto schema = nlohmann::json::parse(text_of(root / "docs/scenario.schema.json").value());
    const auto& named = schema["properties"]["compare"]["properties"]["scheduler"]["items"]["enum"];
    std::vector<std::string> expected;
    for (const auto& entry : ipvs::scheduler_table()) {
        expected.emplace_back(entry.name);
    }
    EXPECT_EQ(named.get<std::vector<std::string>>(), expected);
}

TEST(Schema, NamesEveryMistakeThatCanBeAccepted) {
    const auto schema = nlohmann::json::parse(text_of(root / "docs/scenario.schema.json").value());
    const auto page = text_of(root / "docs/scenario.md").value();
    std::vector<std::string> expected;
    for (const auto& entry : acceptable_words()) {
        expected.emplace_back(entry.word);
        EXPECT_NE(page.find("| `" + expected.back() + "` |"), std::string::npos) << entry.word;
    }
    EXPECT_EQ(schema["properties"]["accept"]["items"]["enum"].get<std::vector<std::string>>(),
              expected);
}

}  // namespace
}  // namespace lvslab::scenario
