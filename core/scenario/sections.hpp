// SPDX-License-Identifier: GPL-2.0-only
/// The sections of a scenario file, each read into the model.
#pragma once

#include <map>
#include <optional>
#include <set>
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
    SectionReader(Scenario& s, Places& places, Diagnostics& d, SourceFolder folder,
                  ConfigCheck check = {});

    void read(const yaml::Node& root);
    /// Whether every lvs.cf was read without an error.
    bool config_read() const;

private:
    void read_accept(const yaml::Node* node);
    void read_config(const yaml::Node* node);
    const config::LvsConfig* load_config(const yaml::Word& path);
    void check_every_config(const SourceLocation& where);
    void read_router(const std::string& name, const yaml::Node& node);
    void read_router_config(const yaml::Node* node, Router& router, Places::Router& place);
    void read_host_files(yaml::Mapping& m, const Router& router, SourceLocation& sysctl_place,
                         HostFiles& files);
    void read_sysctl_file(const yaml::Node& node, HostFiles& files);
    void read_iptables_file(const yaml::Node& node, const Router& router, HostFiles& files);
    void read_modules(const yaml::Node* node, HostFiles& files);
    void read_router_links(const yaml::Node* node, Router& router);
    void read_data_server(const std::string& name, const yaml::Node& node);
    void read_standby(const yaml::Node* node, DataServer& data);
    void read_server(const std::string& name, const yaml::Node& node);
    void read_application(yaml::Mapping& m, Server& server);
    void read_gateway(const yaml::Node* node);
    void read_gateways(const yaml::Node& node, Server& server);
    std::optional<VipGuard> read_vip(const yaml::Node* node, std::string_view what);
    std::optional<DataNeed> read_data_need(const yaml::Node& node);
    void read_ftp_server(const yaml::Node* node, FtpServer& ftp);
    void read_clients(const std::string& name, const yaml::Node& node);
    void read_workload(const std::string& name, const yaml::Node& node);
    void read_kind(yaml::Mapping& m, Workload& w, Places::Workload& place);
    void read_ftp(const yaml::Node& node, Workload& w);
    void read_sessions(const yaml::Node& node, Workload& w);
    void read_arrivals(yaml::Mapping& m, Workload& w);
    void read_traced(yaml::Mapping& m, const trace::Trace& trace, Workload& w);
    void read_destination(const yaml::Node* node, Workload& w, Places::Workload& place);
    void read_shared_marks(const yaml::Node* node);
    void read_changes(const yaml::Node* node);
    void read_change(const yaml::Node& node);
    bool starts_outside(const Server& server) const;
    void check_changes();
    void read_start(yaml::Mapping& m);
    void read_programs(const yaml::Node* node);
    void read_content(const yaml::Node* node);
    void read_faults(const yaml::Node* node);
    void read_expectations(const yaml::Node* node);
    journal::KnownNames known_names() const;
    void read_compare(const yaml::Node* node);
    void read_outputs(const yaml::Node* node);
    void read_pcap(const yaml::Node* node);
    std::vector<std::string> captured_nodes() const;
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
    /// Findings about a file that several places may name.
    void append_once(const Diagnostics& findings, const std::string& file);
    void take_node_name(const std::string& name, const SourceLocation& where,
                        std::string_view what);

    Scenario& s_;
    Places& places_;
    Diagnostics& d_;
    SourceFolder folder_;
    ConfigCheck check_;  ///< of each lvs.cf, beside config::check()
    std::map<std::string, std::optional<config::LvsConfig>> configs_;  ///< by path; unset = bad
    std::set<std::string> told_files_;
    std::map<std::string, unsigned> node_lines_;  ///< names taken, and where
};

}  // namespace lvslab::scenario
