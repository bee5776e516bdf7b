// SPDX-License-Identifier: GPL-2.0-only
#include "core/scenario/sections.hpp"

#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include "core/config/check.hpp"
#include "core/config/parse.hpp"
#include "core/scenario/yaml/assign.hpp"
#include "core/scenario/yaml/scalars.hpp"
#include "core/scenario/yaml/spelling.hpp"

namespace lvslab::scenario {

using yaml::assign;
using yaml::Mapping;
using yaml::Node;

SourceFolder::SourceFolder(std::string_view scenario_file, const SourceLoader& load) : load_(load) {
    const auto slash = scenario_file.rfind('/');
    if (slash != std::string_view::npos) {
        prefix_ = scenario_file.substr(0, slash + 1);
    }
}

std::optional<yaml::NamedText> SourceFolder::text(const std::string& path) const {
    auto text = load_(path);
    if (!text) {
        return std::nullopt;
    }
    return yaml::NamedText{path.starts_with('/') ? path : prefix_ + path, std::move(*text)};
}

SectionReader::SectionReader(Scenario& s, Places& places, Diagnostics& d, SourceFolder folder,
                             ConfigCheck check)
    : s_(s), places_(places), d_(d), folder_(std::move(folder)), check_(std::move(check)) {}

void SectionReader::read(const Node& root) {
    Mapping m(root, "the scenario", d_);
    if (!m) {
        return;
    }
    s_.location = m.location();
    if (const auto name = yaml::read_word(m.require("scenario"), "scenario", d_)) {
        s_.name = name->text;
        yaml::check_name(name->text, name->location, "scenario", d_);
    }
    if (const auto about = yaml::read_word(m.find("about"), "about", d_)) {
        s_.about = about->text;
    }
    read_accept(m.find("accept"));
    read_config(m.find("config"));
    each_named(m.require("routers"), "router",
               [&](const auto& name, const auto& node) { read_router(name, node); });
    check_router_count();
    check_every_config(m.location());
    if (const auto* data = m.find("data")) {
        each_named(data, "data server",
                   [&](const auto& name, const auto& node) { read_data_server(name, node); });
    }
    each_named(m.require("servers"), "server",
               [&](const auto& name, const auto& node) { read_server(name, node); });
    each_named(m.require("clients"), "client group",
               [&](const auto& name, const auto& node) { read_clients(name, node); });
    read_gateway(m.find("gateway"));
    read_shared_marks(m.find("marks"));
    if (!s_.routers.empty()) {
        s_.marks = s_.routers.front().running.marks;
    }
    read_programs(m.find("programs"));
    read_content(m.find("content"));
    each_named(m.require("workload"), "workload",
               [&](const auto& name, const auto& node) { read_workload(name, node); });
    assign(s_.seed, yaml::read_whole(m.find("seed"), "seed", 0,
                                     std::numeric_limits<std::uint64_t>::max(), d_));
    assign(s_.drain, yaml::read_duration(m.find("drain"), "drain", d_));
    read_changes(m.find("changes"));
    read_compare(m.find("compare"));
    read_outputs(m.find("outputs"));
    read_start(m);
    read_faults(m.find("faults"));
    read_expectations(m.find("expect"));
    m.finish();
}

template <class Read>
void SectionReader::each_named(const Node* node, std::string_view what, Read read) {
    if (node == nullptr) {
        return;
    }
    if (node->kind != Node::Kind::mapping || node->entries.empty()) {
        d_.error(node->location,
                 fmt::format("expected at least one {}, as \"NAME: {{ ... }}\"", what));
        return;
    }
    for (const auto& e : node->entries) {
        yaml::check_name(e.key, e.location, what, d_);
        if (what != "workload") {
            take_node_name(e.key, e.location, what);
        }
        read(e.key, e.value);
    }
}

void SectionReader::append_once(const Diagnostics& findings, const std::string& file) {
    if (told_files_.insert(file).second) {
        d_.append(findings);
    }
}

void SectionReader::check_router_count() {
    if (s_.routers.size() > 2) {
        d_.error(s_.routers[2].location,
                 fmt::format("{} LVS routers; there are a primary and at most one backup",
                             s_.routers.size()));
    }
}

void SectionReader::take_node_name(const std::string& name, const SourceLocation& where,
                                   std::string_view what) {
    if (name == "gateway" || name == "all" || name == "heartbeat") {
        d_.error(where, fmt::format("no {} can be called \"{}\": the name has a meaning of its own",
                                    what, name));
    }
    const auto [same, is_new] = node_lines_.emplace(name, where.line);
    if (!is_new) {
        d_.error(where,
                 fmt::format("the name \"{}\" is already taken on line {}", name, same->second));
    }
}

void SectionReader::refuse_name(const yaml::Word& word, std::string_view what,
                                const std::vector<std::string_view>& known) {
    // Nothing known: the section itself was not read, which has been reported.
    if (!known.empty()) {
        d_.error(word.location, fmt::format("no {} is called \"{}\"{}", what, word.text,
                                            yaml::suggestion(word.text, known)));
    }
}

void SectionReader::read_config(const Node* node) {
    const auto path = yaml::read_word(node, "config", d_);
    if (!path) {
        return;
    }
    s_.config_path = path->text;
    places_.config = path->location;
    if (const auto* config = load_config(*path)) {
        s_.config = *config;
    }
}

const config::LvsConfig* SectionReader::load_config(const yaml::Word& path) {
    const auto [known, is_new] = configs_.try_emplace(std::string(path.text));
    if (!is_new) {
        return known->second ? &*known->second : nullptr;
    }
    const auto file = folder_.text(known->first);
    if (!file) {
        d_.error(path.location, fmt::format("config \"{}\" cannot be read", path.text));
        return nullptr;
    }
    auto config = config::parse(file->text, file->name, {});
    d_.append(config.diagnostics);
    if (config && !config.diagnostics.has_errors()) {
        // What runs, though hardly as meant, is said by `lvslab config check` alone.
        const auto found = config::check_without_notes(*config);
        for (const auto& finding : found.items()) {
            if (finding.severity == Severity::error) {
                d_.add(finding);
            }
        }
        if (check_) {
            d_.append(check_(*config));
        }
        known->second = std::move(*config);
    }
    return known->second ? &*known->second : nullptr;
}

bool SectionReader::config_read() const {
    return !configs_.empty() && std::ranges::all_of(configs_, [](const auto& entry) {
        return entry.second.has_value();
    });
}

// Either the scenario names the lvs.cf of all routers, or every router its own.
void SectionReader::check_every_config(const SourceLocation& where) {
    const bool all_have_one = std::ranges::none_of(
        s_.routers, [](const auto& router) { return router.config_path.empty(); });
    if (!known(places_.config) && (s_.routers.empty() || !all_have_one)) {
        d_.error(where, "the scenario has no \"config\"");
        return;
    }
    if (!s_.routers.empty()) {
        s_.config = s_.routers.front().config;
        s_.config_path = s_.routers.front().config_path;
        places_.config = places_.routers.front().config;
    }
}

}  // namespace lvslab::scenario
