// SPDX-License-Identifier: GPL-2.0-only
// The sections about the run itself: how it starts, changes, compare, outputs, and what stands in
// for programs and content.
#include <algorithm>

#include <fmt/format.h>

#include "core/base/spelling.hpp"
#include "core/ipvs/schedulers.hpp"
#include "core/scenario/sections.hpp"
#include "core/scenario/yaml/assign.hpp"
#include "core/scenario/yaml/scalars.hpp"

namespace lvslab::scenario {

using yaml::assign;
using yaml::Mapping;
using yaml::Node;

namespace {

using Kind = MembershipChange::Kind;

constexpr std::pair<std::string_view, Kind> change_words[] = {
    {"leave", Kind::leave}, {"quiesce", Kind::quiesce}, {"join", Kind::join}};

}  // namespace

void SectionReader::read_changes(const Node* node) {
    if (node == nullptr) {
        return;
    }
    if (node->kind != Node::Kind::sequence) {
        d_.error(node->location, "changes is not a list, such as \"- { at: 20s, leave: web1 }\"");
        return;
    }
    const auto findings_before = d_.items().size();
    for (const auto& item : node->items) {
        read_change(item);
    }
    std::ranges::stable_sort(s_.changes, {}, &MembershipChange::at);
    if (d_.items().size() == findings_before) {
        check_changes();
    }
}

void SectionReader::read_change(const Node& node) {
    Mapping m(node, "change", d_);
    if (!m) {
        return;
    }
    const auto at = yaml::read_duration(m.require("at"), "at", d_);
    std::optional<MembershipChange> change;
    for (const auto& [word, kind] : change_words) {
        const auto name = yaml::read_word(m.find(word), word, d_);
        if (!name) {
            continue;
        }
        if (change) {
            d_.error(name->location, "a change has one of leave, quiesce and join");
            continue;
        }
        change.emplace();
        change->kind = kind;
        change->location = name->location;
        const auto server = std::ranges::find(s_.servers, name->text, &Server::name);
        if (server == s_.servers.end()) {
            refuse_name(*name, "server", names_of(s_.servers));
            change->location = {};
        }
        change->server = static_cast<unsigned>(server - s_.servers.begin());
    }
    m.finish();
    if (!change) {
        d_.error(node.location, "a change has one of leave, quiesce and join");
    } else if (at && known(change->location)) {
        change->at = Time{*at};
        s_.changes.push_back(*change);
    }
}

// The lvs.cf has it for later: it is in virtual services, and active in none of them.
bool SectionReader::starts_outside(const Server& server) const {
    bool named = false;
    for (const auto& v : s_.config.virtual_servers) {
        for (const auto& r : v.servers) {
            if (r.address == server.interface.address) {
                named = true;
                if (r.active) {
                    return false;
                }
            }
        }
    }
    return named;
}

void SectionReader::check_changes() {
    std::vector<Kind> state;
    for (const auto& server : s_.servers) {
        state.push_back(starts_outside(server) ? Kind::leave : Kind::join);
    }
    for (const auto& c : s_.changes) {
        auto& now = state[c.server];
        const auto& name = s_.servers[c.server].name;
        if (c.kind == now) {
            d_.error(c.location, fmt::format("{} {} at {}", name,
                                             now == Kind::join    ? "is there already"
                                             : now == Kind::leave ? "has left already"
                                                                  : "is quiesced already",
                                             to_string(c.at.time_since_epoch())));
        } else if (c.kind == Kind::quiesce && now == Kind::leave) {
            d_.error(c.location, fmt::format("{} cannot quiesce at {}: it has left", name,
                                             to_string(c.at.time_since_epoch())));
        } else {
            now = c.kind;
        }
        if (!s_.workloads.empty() && !d_.has_errors() && c.at > s_.end()) {
            d_.error(c.location, fmt::format("at {} the run is over: it ends at {}",
                                             to_string(c.at.time_since_epoch()),
                                             to_string(s_.end().time_since_epoch())));
        }
    }
}

void SectionReader::read_start(Mapping& m) {
    if (const auto w = yaml::read_word(m.find("start"), "start", d_)) {
        if (w->text == "cold") {
            s_.start = Start::cold;
        } else if (w->text != "settled") {
            d_.error(w->location, fmt::format("start \"{}\" is not settled or cold", w->text));
        }
    }
    assign(s_.daemons, yaml::read_switch(m.find("daemons"), "daemons", d_));
}

void SectionReader::read_accept(const Node* node) {
    if (node == nullptr) {
        return;
    }
    places_.accept = node->location;
    if (node->kind != Node::Kind::sequence) {
        d_.error(node->location, "accept is not a list, such as [asymmetric-return]");
        return;
    }
    std::vector<std::string_view> words;
    for (const auto& entry : acceptable_words()) {
        words.push_back(entry.word);
    }
    for (const auto& item : node->items) {
        const auto w = yaml::read_word(&item, "accept", d_);
        if (!w) {
            continue;
        }
        if (const auto value = parse_acceptable(w->text)) {
            s_.accepted.insert(*value);
        } else {
            d_.error(w->location, fmt::format("nothing that can be accepted is called \"{}\"{}",
                                              w->text, suggestion(w->text, words)));
        }
    }
}

void SectionReader::read_programs(const Node* node) {
    if (node == nullptr) {
        return;
    }
    if (node->kind != Node::Kind::mapping || node->entries.empty()) {
        d_.error(node->location, "expected at least one program, as \"PATH: { ... }\"");
        return;
    }
    for (const auto& e : node->entries) {
        Mapping m(e.value, "program " + e.key, d_);
        auto& program = s_.programs.emplace_back();
        program.path = e.key;
        program.location = e.location;
        yaml::assign_unsigned(program.round_trips, yaml::read_whole(m.find("round_trips"),
                                                                    "round_trips", 0, 10'000, d_));
        if (const auto w = yaml::read_word(m.find("output"), "output", d_)) {
            program.output = w->text;
        }
        if (const auto status =
                yaml::read_whole(m.find("exit_status"), "exit_status", 0, 255, d_)) {
            program.exit_status = static_cast<int>(*status);
        }
        assign(program.duration, yaml::read_duration(m.find("duration"), "duration", d_));
        m.finish();
    }
}

void SectionReader::read_content(const Node* node) {
    if (node == nullptr) {
        return;
    }
    Mapping m(*node, "content", d_);
    auto& content = s_.content.emplace();
    const auto* publish = m.require("publish");
    assign(content.publish, yaml::read_distribution(publish, "publish", yaml::Measure::time, d_));
    if (publish != nullptr && quantile(content.publish, 0.5) <= 0) {
        d_.error(publish->location, "publish must be more than 0");
    }
    assign(content.rsync, yaml::read_positive_duration(m.require("rsync"), "rsync", d_));
    m.finish();
}

void SectionReader::read_compare(const Node* node) {
    if (node == nullptr) {
        return;
    }
    Mapping m(*node, "compare", d_);
    const auto* schedulers = m.find("scheduler");
    if (schedulers != nullptr && schedulers->kind != Node::Kind::sequence) {
        d_.error(schedulers->location, "scheduler is not a list, such as [rr, wlc]");
        schedulers = nullptr;
    }
    for (const auto& item : schedulers != nullptr ? schedulers->items : std::vector<Node>{}) {
        const auto w = yaml::read_word(&item, "scheduler", d_);
        if (!w) {
            continue;
        }
        auto& chosen = s_.compare.schedulers;
        const auto known = ipvs::scheduler_names();
        const std::vector<std::string_view> names(known.begin(), known.end());
        if (ipvs::find_scheduler(w->text) == nullptr) {
            d_.error(w->location, fmt::format("no scheduler is called \"{}\"{}", w->text,
                                              suggestion(w->text, names)));
        } else if (std::ranges::find(chosen, w->text) != chosen.end()) {
            d_.error(w->location, fmt::format("scheduler \"{}\" is named twice", w->text));
        } else {
            chosen.emplace_back(w->text);
        }
    }
    constexpr std::uint64_t most_seeds = 10'000;
    if (const auto seeds = yaml::read_whole(m.find("seeds"), "seeds", 1, most_seeds, d_)) {
        s_.compare.seeds = static_cast<unsigned>(*seeds);
    }
    m.finish();
}

void SectionReader::read_outputs(const Node* node) {
    if (node == nullptr) {
        return;
    }
    Mapping m(*node, "outputs", d_);
    if (const auto w = yaml::read_word(m.find("journal"), "journal", d_)) {
        if (w->text == "none") {
            s_.outputs.journal = Outputs::Journal::none;
        } else if (w->text == "all") {
            s_.outputs.journal = Outputs::Journal::all;
        } else if (w->text != "decisions") {
            d_.error(w->location,
                     fmt::format("journal \"{}\" is not none, decisions or all", w->text));
        }
    }
    const auto* sample = m.find("sample");
    if (const auto period = yaml::read_duration(sample, "sample", d_)) {
        s_.outputs.sample = *period;
        if (*period < std::chrono::milliseconds(1)) {
            d_.error(sample->location, fmt::format("sample \"{}\" is less than 1ms", sample->text));
        }
    }
    read_pcap(m.find("pcap"));
    m.finish();
}

/// What pcap may name: the standbys of pairs are nodes beside those that have a name of their own.
std::vector<std::string> SectionReader::captured_nodes() const {
    std::vector<std::string> names{"all", "gateway"};
    if (s_.gateway_standby) {
        names.emplace_back("gateway standby");
    }
    for (const auto& [name, line] : node_lines_) {
        names.push_back(name);
    }
    for (const auto& data : s_.data) {
        if (data.standby) {
            names.push_back(data.name + " standby");
        }
    }
    return names;
}

void SectionReader::read_pcap(const Node* node) {
    if (node == nullptr) {
        return;
    }
    const std::vector<Node> one{*node};
    for (const auto& item : node->kind == Node::Kind::sequence ? node->items : one) {
        const auto w = yaml::read_word(&item, "pcap", d_);
        if (!w) {
            continue;
        }
        const auto known = captured_nodes();
        const std::vector<std::string_view> names(known.begin(), known.end());
        if (std::ranges::find(names, w->text) == names.end()) {
            const bool all_read = !s_.routers.empty() && !s_.servers.empty() && !s_.clients.empty();
            refuse_name(*w, "node", all_read ? names : std::vector<std::string_view>{});
        } else if (std::ranges::find(s_.outputs.pcap, w->text) == s_.outputs.pcap.end()) {
            s_.outputs.pcap.emplace_back(w->text);
        }
    }
}

}  // namespace lvslab::scenario
