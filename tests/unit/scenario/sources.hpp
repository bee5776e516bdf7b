// SPDX-License-Identifier: GPL-2.0-only
/// Test scenarios and the files that they name.
#pragma once

#include <fstream>
#include <map>
#include <optional>
#include <sstream>
#include <string>

#include "core/scenario/reader.hpp"

namespace lvslab::scenario {

inline std::optional<std::string> text_of(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) {
        return std::nullopt;
    }
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
}

/// Files by name, as a scenario would find them beside itself.
using Sources = std::map<std::string, std::string>;

/// tests/data/scenario: base.yaml and the files that its variants name
inline Sources base_sources() {
    Sources sources;
    for (const auto* name : {"base.yaml", "base.cf", "arrivals.txt", "shop.trace", "other.cf",
                             "sysctl.conf", "iptables"}) {
        sources[name] =
            text_of(std::string(LVSLAB_SOURCE_DIR "/tests/data/scenario/") + name).value();
    }
    return sources;
}

/// The first `from` of a source becomes `to`; it must be there.
inline void replace(Sources& sources, const std::string& file, const std::string& from,
                    const std::string& to) {
    auto& text = sources.at(file);
    text.replace(text.find(from), from.size(), to);  // out_of_range if it is not there
}

inline Checked<Scenario> read(const Sources& sources) {
    return read_scenario(sources.at("base.yaml"), "base.yaml",
                         [&](const std::string& path) -> std::optional<std::string> {
                             const auto found = sources.find(path);
                             return found == sources.end() ? std::nullopt
                                                           : std::optional(found->second);
                         });
}

/// base.yaml with one change, which must be right.
inline Scenario changed(const std::string& from, const std::string& to) {
    auto sources = base_sources();
    replace(sources, "base.yaml", from, to);
    auto result = read(sources);
    if (!result) {
        throw std::runtime_error(result.diagnostics.to_string());
    }
    return std::move(*result);
}

}  // namespace lvslab::scenario
