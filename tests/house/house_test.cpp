// SPDX-License-Identifier: GPL-2.0-only
// The house rules on the project itself, and each of them on a small bad tree that breaks it.
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <future>
#include <map>
#include <regex>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/house/rules.hpp"

using namespace lvslab;
using namespace lvslab::house;
namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

namespace {

const std::string project = LVSLAB_SOURCE_DIR;
const std::string bad_tree = project + "/tests/house/data/bad";

std::vector<File> project_tree() {
    return read_tree(project);
}

/// "core/base/nosy.cpp:3" of every finding: where, not how it is worded.
std::vector<std::string> places(const Diagnostics& found) {
    std::vector<std::string> result;
    for (const auto& d : found.items()) {
        result.push_back(d.location.to_string());
    }
    return result;
}

/// The compiler's command line for one source of each folder, without input and output. A
/// precompiled header would hide what a header lacks; only ns-3's, being slow, is left in.
std::map<std::string, std::string> compile_commands() {
    std::ifstream in(std::string(LVSLAB_BUILD_DIR) + "/compile_commands.json");
    std::map<std::string, std::string> commands;
    for (const auto& entry : nlohmann::json::parse(in)) {
        const auto file = entry.at("file").get<std::string>();
        auto command = entry.at("command").get<std::string>();
        command = std::regex_replace(command, std::regex(R"(^\S*ccache\s+)"), "");
        command = std::regex_replace(command, std::regex(R"(\s(-o|-c|-MT|-MF)\s+\S+|\s-MD)"), "");
        const auto folder = fs::path(file).parent_path().lexically_relative(project);
        if (folder != "sim/packet") {
            command =
                std::regex_replace(command, std::regex(R"(\s-include \S+cmake_pch\.hxx)"), "");
        }
        commands.emplace(folder.generic_string(),
                         fmt::format("cd '{}' && {}", LVSLAB_BUILD_DIR, command));
    }
    return commands;
}

/// The command of the nearest folder above `header` that has one; empty if none has.
std::string command_for(const std::map<std::string, std::string>& commands,
                        const std::string& header) {
    for (auto folder = fs::path(header).parent_path(); !folder.empty();
         folder = folder.parent_path()) {
        if (const auto found = commands.find(folder.generic_string()); found != commands.end()) {
            return found->second;
        }
    }
    return "";
}

}  // namespace

TEST(House, RoomsIncludeAlongTheirArrowsOnly) {
    const auto found = check_arrows(project_tree());
    EXPECT_TRUE(found.empty()) << found.to_string();
}

TEST(House, CoreOpensNoFileSocketOrClock) {
    const auto found = check_core_is_pure(project_tree());
    EXPECT_TRUE(found.empty()) << found.to_string();
}

TEST(House, NamesSaySomething) {
    const auto found = check_names(project_tree());
    EXPECT_TRUE(found.empty()) << found.to_string();
}

TEST(House, SourcesBeginWithTheLicenceLine) {
    const auto found = check_licence_lines(project_tree());
    EXPECT_TRUE(found.empty()) << found.to_string();
}

TEST(House, SourcesAreShortGuardedAndFinished) {
    const auto found = check_shape(project_tree());
    EXPECT_TRUE(found.empty()) << found.to_string();
}

TEST(House, NoFileNamesAPathOfOneMachine) {
    const auto found = check_machine_paths(project_tree());
    EXPECT_TRUE(found.empty()) << found.to_string();
}

TEST(House, SourcesAreLaidOutByClangFormat) {
    if (std::system("clang-format --version 2>/dev/null | grep -q 'version 14\\.'") != 0) {
        GTEST_SKIP() << "clang-format 14 is not here: the layout of the sources was NOT checked";
    }
    std::vector<std::string> files;
    for (const auto& file : project_tree()) {
        if (file.is_cpp()) {
            files.push_back(fmt::format("{}/{}", project, file.path));
        }
    }
    const auto found = check_layout("clang-format", files);
    EXPECT_TRUE(found.empty()) << found.to_string();
}

TEST(House, TheTreeIsReallyRead) {
    // An empty tree would pass every rule.
    std::size_t sources = 0;
    for (const auto& file : project_tree()) {
        sources += file.is_cpp() ? 1U : 0U;
    }
    EXPECT_GT(sources, 50U);
}

TEST(HouseRules, FindEveryIncludeAgainstAnArrow) {
    EXPECT_THAT(places(check_arrows(read_tree(bad_tree))),
                ElementsAre("core/base/nosy.cpp:3", "core/cellar/new_room.cpp",
                            "core/packet/upward.cpp:3", "core/packet/upward.cpp:4",
                            "core/packet/upward.cpp:5", "realmode/netlink.cpp:2",
                            "sim/packet/director.cpp:2", "sim/packet/director.cpp:3"));
}

TEST(HouseRules, FindWhatCoreMayNotTouch) {
    EXPECT_THAT(
        places(check_core_is_pure(read_tree(bad_tree))),
        ElementsAre("core/base/nosy.cpp:4", "core/base/nosy.cpp:5", "core/base/nosy.cpp:6",
                    "core/base/nosy.cpp:7", "core/base/nosy.cpp:8", "core/base/nosy.cpp:9",
                    "core/base/nosy.cpp:10", "core/base/nosy.cpp:11", "core/ipvs/clock.cpp:3",
                    "core/ipvs/clock.cpp:4", "core/ipvs/clock.cpp:5", "core/packet/upward.cpp:2"));
}

TEST(HouseRules, FindNamesThatSayNothing) {
    EXPECT_THAT(places(check_names(read_tree(bad_tree))),
                ElementsAre("sim/flow/packet_helper.cpp"));
}

TEST(HouseRules, FindMissingLicenceLines) {
    EXPECT_THAT(places(check_licence_lines(read_tree(bad_tree))),
                ElementsAre("bindings/run.sh:2", "sim/flow/no_licence.hpp:1"));
}

TEST(HouseRules, FindLongUnguardedAndUnfinishedSources) {
    EXPECT_THAT(places(check_shape(read_tree(bad_tree))),
                ElementsAre("sim/flow/long.cpp", "sim/flow/no_pragma.hpp", "sim/flow/open.cpp:2"));
}

TEST(HouseRules, FindMachinePathsButNotAddresses) {
    EXPECT_THAT(places(check_machine_paths(read_tree(bad_tree))), ElementsAre("docs/paths.md:1"));
}

TEST(HouseRules, FindRaggedLayout) {
    const auto file = bad_tree + "/sim/flow/ragged.cpp";
    const auto found = check_layout("clang-format", {file});
    EXPECT_FALSE(found.empty());
    for (const auto& d : found.items()) {
        EXPECT_EQ(d.location.file, file);
        EXPECT_EQ(d.location.line, 2U);
    }
    EXPECT_TRUE(check_layout("clang-format", {project + "/tests/house/house_test.cpp"}).empty());
    EXPECT_FALSE(check_layout("no-such-clang-format", {file}).empty());
}

TEST(HouseRules, FindAHeaderThatNeedsAnother) {
    const auto command = compile_commands().at("core/base");
    EXPECT_THAT(compile_alone(command, bad_tree + "/sim/flow/lonely.hpp"), HasSubstr("string"));
    EXPECT_EQ(compile_alone(command, bad_tree + "/core/base/good.hpp"), "");
}

TEST(House, HeadersCompileAlone) {
    const auto commands = compile_commands();
    std::vector<std::string> headers;
    for (const auto& file : project_tree()) {
        if (file.is_header()) {
            headers.push_back(file.path);
        }
    }
    ASSERT_GT(headers.size(), 20U);
    const auto every_second = [&](std::size_t start) {
        std::string complaints;
        for (std::size_t i = start; i < headers.size(); i += 2) {
            const auto command = command_for(commands, headers[i]);
            if (command.empty()) {
                fmt::print("NOT checked: {} (this build has no source of its room)\n", headers[i]);
            } else {
                complaints += compile_alone(command, headers[i]);
            }
        }
        return complaints;
    };
    auto other = std::async(std::launch::async, every_second, 1);
    EXPECT_EQ(every_second(0) + other.get(), "");
}
