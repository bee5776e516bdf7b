// SPDX-License-Identifier: GPL-2.0-only
// The sections about what breaks, and what is expected of it all.
#include <algorithm>

#include "core/ipvs/schedulers.hpp"
#include "core/scenario/fault_reader.hpp"
#include "core/scenario/sections.hpp"
#include "core/scenario/yaml/scalars.hpp"

namespace lvslab::scenario {

using yaml::Node;

void SectionReader::read_faults(const Node* node) {
    if (node == nullptr) {
        return;
    }
    if (node->kind != Node::Kind::sequence) {
        d_.error(node->location, "faults is not a list, such as \"- { at: 20s, crash: web1 }\"");
        return;
    }
    const auto names = known_names();
    const auto load = [&](const yaml::Word& path) { return load_config(path); };
    for (const auto& item : node->items) {
        FaultReader reader(s_, names, load, d_);
        auto read = reader.read(item);
        s_.faults.push_back(std::move(read.fault));
        places_.faults.push_back(std::move(read.places));
    }
}

void SectionReader::read_expectations(const Node* node) {
    if (node == nullptr) {
        return;
    }
    if (node->kind != Node::Kind::sequence) {
        d_.error(node->location, "expect is not a list, such as \"- takeover <= 6s\"");
        return;
    }
    const auto names = known_names();
    for (const auto& item : node->items) {
        const auto sentence = yaml::read_word(&item, "an expectation", d_);
        if (!sentence) {
            continue;
        }
        auto where = sentence->location;
        if (item.quoted) {
            where.column = 0;  // not known inside of quotes
        }
        auto expectation = journal::parse_expectation(sentence->text, where, names);
        d_.append(expectation.diagnostics);
        if (expectation) {
            expectation->location = sentence->location;
            s_.expectations.push_back(std::move(*expectation));
        }
    }
}

// Nothing is known of a section that was not read: then any name will do there.
journal::KnownNames SectionReader::known_names() const {
    journal::KnownNames names;
    const auto add = [](std::vector<std::string>& to, const auto& things) {
        for (const auto& thing : things) {
            to.push_back(thing.name);
        }
    };
    add(names.servers, s_.servers);
    add(names.routers, s_.routers);
    add(names.workloads, s_.workloads);
    add(names.clients, s_.clients);
    for (const auto& data : s_.data) {
        names.data_servers.push_back(data.name);
        if (data.standby) {
            names.data_servers.push_back(data.name + " standby");
        }
    }
    for (const auto& router : s_.routers) {
        for (const auto& v : router.config.virtual_servers) {
            if (std::ranges::find(names.services, v.name) == names.services.end()) {
                names.services.push_back(v.name);
            }
        }
    }
    names.schedulers = ipvs::scheduler_names();
    return names;
}

}  // namespace lvslab::scenario
