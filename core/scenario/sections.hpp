// SPDX-License-Identifier: GPL-2.0-only
/// The sections of a scenario file, each read into the model.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/diagnostic.hpp"
#include "core/scenario/places.hpp"
#include "core/scenario/reader.hpp"
#include "core/scenario/scenario.hpp"
#include "core/scenario/yaml/distributions.hpp"
#include "core/scenario/yaml/document.hpp"
#include "core/scenario/yaml/mapping.hpp"
#include "core/scenario/yaml/scalars.hpp"

namespace lvslab::scenario {

/// The files that a scenario names.
class SourceFolder {
public:
    /// `scenario_file` is the scenario's own name in messages.
    SourceFolder(std::string_view scenario_file, const SourceLoader& load);

    /// Text of a file; its name in messages is put beside the scenario's.
    std::optional<yaml::NamedText> text(const std::string& path) const;

private:
    std::string prefix_;
    const SourceLoader& load_;
};

/// Reads a document into a scenario, noting the places of its values. What cannot be read is an
/// error and stays at its default, with an unknown place.
class SectionReader {
public:
    SectionReader(Scenario& s, Places& places, Diagnostics& d, SourceFolder folder);

    void read(const yaml::Node& root);
    /// Whether the lvs.cf was read without an error.
    bool config_read() const { return config_read_; }

private:
    void read_config(const yaml::Node* node);
    void read_router(const std::string& name, const yaml::Node& node);
    void read_server(const std::string& name, const yaml::Node& node);
    void read_clients(const std::string& name, const yaml::Node& node);
    void read_workload(const std::string& name, const yaml::Node& node);
    void read_arrivals(yaml::Mapping& m, Workload& w);
    void read_destination(const yaml::Node* node, Workload& w, Places::Workload& place);
    void read_marks(const yaml::Node* node);
    void read_changes(const yaml::Node* node);
    void read_change(const yaml::Node& node);
    bool starts_outside(const Server& server) const;
    void check_changes();
    void read_compare(const yaml::Node* node);
    void read_outputs(const yaml::Node* node);
    void read_pcap(const yaml::Node* node);
    Link read_link(const yaml::Node* node);
    std::optional<Cache> read_cache(const yaml::Node* node);

    /// An error about a name that is none of those known.
    void refuse_name(const yaml::Word& word, std::string_view what,
                     const std::vector<std::string_view>& known);
    template <class Things>
    static std::vector<std::string_view> names_of(const Things& things) {
        std::vector<std::string_view> names;
        for (const auto& thing : things) {
            names.push_back(thing.name);
        }
        return names;
    }
    template <class Read>
    void each_named(const yaml::Node* node, std::string_view what, Read read);
    void check_router_count();
    void take_node_name(const std::string& name, const SourceLocation& where,
                        std::string_view what);

    Scenario& s_;
    Places& places_;
    Diagnostics& d_;
    SourceFolder folder_;
    bool config_read_ = false;
    std::map<std::string, unsigned> node_lines_;  ///< names taken, and where
};

}  // namespace lvslab::scenario
