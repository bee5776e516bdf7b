// SPDX-License-Identifier: GPL-2.0-only
// Files that Piranha 0.8.6's own reader was run on, against what it did with them.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "core/config/print.hpp"
#include "tests/unit/config/reading.hpp"

namespace lvslab::config {
namespace {

using nlohmann::json;
namespace fs = std::filesystem;

const fs::path source = LVSLAB_SOURCE_DIR;

std::string read_file(const fs::path& path) {
    std::ifstream in(path, std::ios::binary);
    EXPECT_TRUE(in) << path;
    return {std::istreambuf_iterator<char>(in), {}};
}

/// The recordings keep the outer double quotes of texts; what is shown has them removed.
json without_quotes(const json& value) {
    if (!value.is_string()) {
        return value;
    }
    const auto text = value.get<std::string>();
    const bool quoted = text.size() >= 2 && text.front() == '"' && text.back() == '"';
    return quoted ? json(text.substr(1, text.size() - 2)) : value;
}

/// Every field that was recorded must be shown with the same value.
void expect_same(const json& recorded, const json& shown, const std::string& where) {
    if (recorded.is_object()) {
        for (const auto& [key, value] : recorded.items()) {
            ASSERT_TRUE(shown.contains(key)) << where << '.' << key;
            expect_same(value, shown.at(key), where + '.' + key);
        }
    } else if (recorded.is_array()) {
        ASSERT_EQ(recorded.size(), shown.size()) << where;
        for (std::size_t i = 0; i < recorded.size(); ++i) {
            expect_same(recorded[i], shown[i], where + '[' + std::to_string(i) + ']');
        }
    } else {
        EXPECT_EQ(without_quotes(recorded), shown) << where;
    }
}

void expect_as_recorded(const std::string& name, const std::string& text, const json& recorded) {
    const auto read = as_piranha(text);
    if (recorded.at("result") == "ok") {
        ASSERT_TRUE(read) << name << '\n' << read.diagnostics.to_string();
        expect_same(recorded, json::parse(to_json(*read)), name);
        return;
    }
    ASSERT_FALSE(read) << name;
    ASSERT_EQ(read.diagnostics.items().size(), 1U) << name;
    const auto& error = read.diagnostics.items().front();
    EXPECT_EQ(error.location.line, recorded.at("line").get<unsigned>()) << name;
    EXPECT_EQ(error.message, recorded.at("message").get<std::string>()) << name;
}

/// The other reading finds its first error on the recorded line, or takes the line and says that
/// Piranha would not; it reads what Piranha read, if with more to say about it.
void expect_in_line_with_recorded(const std::string& name, const std::string& text,
                                  const json& recorded) {
    const auto read = as_meant(text);
    if (recorded.at("result") == "ok") {
        EXPECT_TRUE(read) << name << '\n' << read.diagnostics.to_string();
        return;
    }
    ASSERT_FALSE(read.diagnostics.empty()) << name;
    const auto& items = read.diagnostics.items();
    const auto first_error = std::ranges::find(items, Severity::error, &Diagnostic::severity);
    const auto& first = first_error == items.end() ? items.front() : *first_error;
    EXPECT_EQ(first.location.line, recorded.at("line").get<unsigned>()) << name;
}

std::size_t compare_all(const json& recorded, const fs::path& folder) {
    for (const auto& [name, entry] : recorded.items()) {
        const auto text = read_file(folder / name);
        expect_as_recorded(name, text, entry);
        expect_in_line_with_recorded(name, text, entry);
    }
    return recorded.size();
}

TEST(RecordedFiles, OurEdgeCasesAreReadAsPiranhaReadThem) {
    const auto recorded = json::parse(read_file(source / "tests/data/lvs_cf/EXPECTED.json"));
    EXPECT_EQ(compare_all(recorded, source / "tests/data/lvs_cf/edge"), 22U);
}

TEST(RecordedFiles, AllSharedOnesAreReadAsPiranhaReadThem) {
    const fs::path folder = source / "../shared/lvs_cf";
    if (!fs::exists(folder / "EXPECTED.json")) {
        GTEST_SKIP() << folder << " is not there: the published files were not compared";
    }
    const auto recorded = json::parse(read_file(folder / "EXPECTED.json"));
    std::cout << compare_all(recorded, folder) << " files compared with EXPECTED.json\n";
}

TEST(FilesOfPublishedShape, AreReadAlikeInBothWays) {
    std::size_t read = 0;
    for (const auto& entry : fs::directory_iterator(source / "tests/data/lvs_cf")) {
        const auto name = entry.path().filename().string();
        if (!name.starts_with("shape-") || name == "shape-trailing-comments.cf") {
            continue;
        }
        ++read;
        const auto text = read_file(entry.path());
        const auto piranha = as_piranha(text);
        const auto meant = as_meant(text);
        ASSERT_TRUE(piranha) << name << piranha.diagnostics.to_string();
        ASSERT_TRUE(meant) << name << meant.diagnostics.to_string();
        EXPECT_TRUE(meant.diagnostics.empty()) << name << meant.diagnostics.to_string();
        EXPECT_EQ(*piranha, *meant) << name;
        EXPECT_EQ(must(as_piranha(print(*piranha))), *piranha) << name;
    }
    EXPECT_EQ(read, 6U);
}

TEST(FilesOfPublishedShape, HoldWhatTheyLookLike) {
    const auto config =
        must(as_piranha(read_file(source / "tests/data/lvs_cf/shape-failover-services.cf")));
    EXPECT_EQ(config.heartbeat_port, Port(1050));
    EXPECT_EQ(config.primary_private.to_string(), "203.0.113.150");
    EXPECT_EQ(config.nat_router->to_string(), "10.9.8.100");
    EXPECT_EQ(config.nat_router_device, "eth1:1");
    ASSERT_EQ(config.virtual_servers.size(), 2U);
    EXPECT_EQ(config.virtual_servers[0].persistent, std::chrono::seconds(60));
    EXPECT_EQ(config.virtual_servers[0].pmask, std::nullopt) << "255.255.255.255 is none";
    EXPECT_EQ(config.virtual_servers[1].servers.at(0).port, Port(21));
    ASSERT_EQ(config.failover_services.size(), 2U);
    EXPECT_EQ(config.failover_services[0].start_cmd, "/etc/init.d/web start");
}

TEST(FilesOfPublishedShape, WithTrailingCommentsShowAllOfThemAtOnce) {
    const auto text = read_file(source / "tests/data/lvs_cf/shape-trailing-comments.cf");
    EXPECT_EQ(stop_of(text), "3: unexpected arguments");
    std::vector<unsigned> lines;
    const auto read = as_meant(text);
    for (const auto& d : read.diagnostics.items()) {
        if (d.severity == Severity::error) {
            lines.push_back(d.location.line);
        }
    }
    EXPECT_EQ(lines, (std::vector<unsigned>{3, 6, 9, 11}));
}

}  // namespace
}  // namespace lvslab::config
