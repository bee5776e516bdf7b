// SPDX-License-Identifier: GPL-2.0-only
/// Reads one fault of a scenario: `{ at: 20s, crash: web1 }`.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "core/base/diagnostic.hpp"
#include "core/config/lvs_config.hpp"
#include "core/journal/moment.hpp"
#include "core/scenario/fault.hpp"
#include "core/scenario/places.hpp"
#include "core/scenario/scenario.hpp"
#include "core/scenario/yaml/document.hpp"
#include "core/scenario/yaml/mapping.hpp"
#include "core/scenario/yaml/scalars.hpp"

namespace lvslab::scenario {

/// The nodes that a fault may name, in its words: `web1`, `lvs1 public`, `active router`,
/// `db standby`, `heartbeat private`, `gateway`. Nothing after an error, which is reported unless
/// the scenario's nodes were not read.
std::optional<FaultTarget> read_fault_target(const yaml::Word& word, const Scenario& s,
                                             Diagnostics& d);

class FaultReader {
public:
    /// Reads the lvs.cf of a reload; null after an error that it reported.
    using ConfigLoader = std::function<const config::LvsConfig*(const yaml::Word& path)>;
    struct Read {
        Fault fault;
        Places::Fault places;  ///< both unknown if anything is wrong with the fault
    };

    FaultReader(const Scenario& s, const journal::KnownNames& names, ConfigLoader load,
                Diagnostics& d)
        : s_(s), names_(names), load_(std::move(load)), d_(d) {}

    Read read(const yaml::Node& node);

private:
    void read_kind(yaml::Mapping& m, const SourceLocation& where);
    void check_target(const yaml::Word& word);
    void read_time(yaml::Mapping& m, const SourceLocation& where);
    void read_moment(const yaml::Node& node);
    void read_length(yaml::Mapping& m);
    void read_way(yaml::Mapping& m);
    void read_amount(yaml::Mapping& m, const SourceLocation& where);
    void read_config(yaml::Mapping& m);

    const Scenario& s_;
    const journal::KnownNames& names_;
    ConfigLoader load_;
    Diagnostics& d_;
    Fault fault_;
    Places::Fault places_;
    std::optional<FaultKind> kind_;
};

}  // namespace lvslab::scenario
