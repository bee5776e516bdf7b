// SPDX-License-Identifier: GPL-2.0-only
#include "core/scenario/reader.hpp"

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "core/scenario/checks.hpp"
#include "core/scenario/places.hpp"
#include "core/scenario/sections.hpp"
#include "core/scenario/topology.hpp"
#include "core/scenario/yaml/document.hpp"

namespace lvslab::scenario {
namespace {

// More errors help nobody, and a hostile file could hold a million.
constexpr std::size_t most_errors = 100;

// Routers that share a file share its findings.
void drop_doubles(Diagnostics& d) {
    Diagnostics kept;
    for (const auto& finding : d.items()) {
        if (kept.items().empty() || !(kept.items().back() == finding)) {
            kept.add(finding);
        }
    }
    d = std::move(kept);
}

void check_accepted(const Scenario& s, const Places& places, const Acceptance& accept,
                    Diagnostics& d) {
    for (const auto word : s.accepted) {
        if (!accept.met().contains(word)) {
            d.warning(places.accept, fmt::format("nothing here needs accept: [{}]", name_of(word)));
        }
    }
}

void limit(Diagnostics& d) {
    d.sort();
    drop_doubles(d);
    if (d.items().size() <= most_errors) {
        return;
    }
    Diagnostics kept;
    for (std::size_t i = 0; i < most_errors; ++i) {
        kept.add(d.items()[i]);
    }
    kept.note(d.items()[most_errors].location,
              fmt::format("{} more findings are not listed", d.items().size() - most_errors));
    d = std::move(kept);
}

}  // namespace

Checked<Scenario> read_scenario(std::string_view text, const std::string& file,
                                const SourceLoader& load, const ConfigCheck& check) {
    auto document = yaml::parse(text, file);
    Checked<Scenario> result;
    auto& d = result.diagnostics;
    d = std::move(document.diagnostics);
    // A key given twice hides one of its values: what depends on both would only confuse.
    const bool complete = d.empty();
    if (document.value) {
        Scenario s;
        Places places;
        SectionReader sections(s, places, d, SourceFolder(file, load), check);
        sections.read(*document.value);
        Acceptance accept(s.accepted, d);
        check_addresses(s, places, accept, d);
        if (complete && sections.config_read()) {
            check_config(s, places, accept, d);
            check_servers(s, places, accept, d);
            check_services(s, places, accept, d);
        }
        check_faults(s, places, d);
        if (!d.has_errors()) {
            check_topology(s, accept, d);
        }
        if (!d.has_errors()) {
            check_accepted(s, places, accept, d);
        }
        if (!d.has_errors()) {
            result.value = std::move(s);
        }
    }
    limit(d);
    return result;
}

}  // namespace lvslab::scenario
