// SPDX-License-Identifier: GPL-2.0-only
#include "tests/house/rules.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <functional>
#include <regex>
#include <set>
#include <span>
#include <string_view>

#include <fmt/format.h>

namespace lvslab::house {
namespace {

constexpr std::size_t longest_source = 700;

SourceLocation at(const File& file, std::size_t line = 0) {
    return {file.path, static_cast<unsigned>(line), 0};
}

bool is_source(const File& file) {
    static const std::set<std::string> extensions{".cpp", ".hpp", ".py", ".sh", ".cmake"};
    return extensions.contains(file.extension()) || file.name() == "CMakeLists.txt" ||
           file.name() == "Makefile" || file.path == ".ci/run";
}

/// The words of a name: "packet_helper.cpp" -> packet, helper.
std::vector<std::string> words_of(const std::string& name) {
    std::vector<std::string> words(1);
    for (const char c : name.substr(0, name.find('.'))) {
        if (std::isalpha(static_cast<unsigned char>(c)) == 0) {
            words.emplace_back();
        } else {
            words.back() += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
        }
    }
    return words;
}

struct Forbidden {
    std::regex pattern;
    std::string_view what;
};

void find_in(const File& file, const std::vector<std::string>& lines,
             std::span<const Forbidden> forbidden, Diagnostics& found) {
    for (std::size_t i = 0; i < lines.size(); ++i) {
        for (const auto& f : forbidden) {
            if (std::regex_search(lines[i], f.pattern)) {
                found.error(at(file, i + 1), std::string(f.what));
            }
        }
    }
}

}  // namespace

Diagnostics check_core_is_pure(const std::vector<File>& tree) {
    static const std::array<Forbidden, 8> includes{{
        {std::regex(R"(^\s*#\s*include\s*<ns3/)"), "core knows no ns-3"},
        {std::regex(R"(^\s*#\s*include\s*<(sys/|netinet/|net/|linux/|netdb|unistd|fcntl|poll))"),
         "core makes no system calls"},
        {std::regex(R"(^\s*#\s*include\s*<boost/(asio|beast|process|interprocess))"),
         "core opens no socket and starts no program"},
        {std::regex(R"(^\s*#\s*include\s*<(fstream|filesystem|cstdio|stdio\.h|boost/filesystem))"),
         "core opens no file"},
        {std::regex(R"(^\s*#\s*include\s*<iostream>)"), "core prints nothing"},
        {std::regex(R"(^\s*#\s*include\s*<(thread|mutex|future|condition_variable|stop_token)>)"),
         "core has no threads"},
        {std::regex(R"(^\s*#\s*include\s*<(ctime|time\.h)>)"), "core reads no clock"},
        {std::regex(R"(^\s*#\s*include\s*<random>)"),
         "the standard library's distributions differ: use core/base/random.hpp"},
    }};
    static const std::array<Forbidden, 3> calls{{
        {std::regex(R"(::now\s*\(\s*\))"), "core reads no clock: the time is handed in"},
        {std::regex(R"(\b(gettimeofday|clock_gettime|std::time|std::clock|nanosleep)\s*\()"),
         "core reads no clock: the time is handed in"},
        {std::regex(R"(\b(random_device|s?rand\s*\(|drand48))"),
         "random draws come from core/base/random.hpp"},
    }};
    // inet_pton and inet_ntop turn text into bytes; they open nothing.
    static const std::array<Forbidden, 1> text_only{{
        {std::regex(R"(^\s*#\s*include\s*<arpa/)"), "only core/base/address.cpp reads addresses"},
    }};
    Diagnostics found;
    for (const auto& file : tree) {
        if (!file.path.starts_with("core/") || !file.is_cpp()) {
            continue;
        }
        const auto code = code_of(file.lines);
        find_in(file, code, includes, found);
        find_in(file, code, calls, found);
        if (file.path != "core/base/address.cpp") {
            find_in(file, code, text_only, found);
        }
    }
    return found;
}

Diagnostics check_names(const std::vector<File>& tree) {
    static const std::set<std::string> empty_words{"util",    "utils",  "utility", "common",
                                                   "manager", "helper", "helpers", "misc"};
    Diagnostics found;
    for (const auto& file : tree) {
        for (const auto& word : words_of(file.name())) {
            if (is_source(file) && empty_words.contains(word)) {
                found.error(at(file), fmt::format("\"{}\" says nothing: name what it does", word));
            }
        }
    }
    return found;
}

Diagnostics check_licence_lines(const std::vector<File>& tree) {
    Diagnostics found;
    for (const auto& file : tree) {
        if (!is_source(file)) {
            continue;
        }
        const bool script = !file.lines.empty() && file.lines[0].starts_with("#!");
        const std::size_t line = script ? 1 : 0;
        const std::string_view sign = file.is_cpp() ? "//" : "#";
        const auto expected = fmt::format("{} SPDX-License-Identifier: GPL-2.0-only", sign);
        if (file.lines.size() <= line || file.lines[line] != expected) {
            found.error(at(file, line + 1), fmt::format("expected \"{}\"", expected));
        }
    }
    return found;
}

Diagnostics check_shape(const std::vector<File>& tree) {
    // Written in pieces, or this file would be its own finding.
    static const std::array<Forbidden, 1> left_open{{{std::regex("\\b(TO"
                                                                 "DO|FIX"
                                                                 "ME|XX"
                                                                 "X|HA"
                                                                 "CK)\\b"),
                                                      "something is left to do here"}}};
    Diagnostics found;
    for (const auto& file : tree) {
        if (!is_source(file)) {
            continue;
        }
        if (file.lines.size() > longest_source) {
            found.error(at(file), fmt::format("{} lines; a source has at most {}",
                                              file.lines.size(), longest_source));
        }
        if (file.is_header() && std::ranges::find(file.lines, "#pragma once") == file.lines.end()) {
            found.error(at(file), "a header without #pragma once");
        }
        find_in(file, file.lines, left_open, found);
    }
    return found;
}

Diagnostics check_machine_paths(const std::vector<File>& tree) {
    static const std::array<Forbidden, 1> paths{{{std::regex("(^|[^A-Za-z0-9_.~>}-])/(wo"
                                                             "rk|ho"
                                                             "me|ro"
                                                             "ot|fa"
                                                             "rm)/[A-Za-z0-9]"),
                                                  "a path of one machine"}}};
    Diagnostics found;
    for (const auto& file : tree) {
        find_in(file, file.lines, paths, found);
    }
    return found;
}

}  // namespace lvslab::house
