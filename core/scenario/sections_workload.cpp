// SPDX-License-Identifier: GPL-2.0-only
// The sections about what clients do, and the firewall marks that lead them.
#include <algorithm>

#include <fmt/format.h>

#include "core/scenario/replay.hpp"
#include "core/scenario/sections.hpp"
#include "core/scenario/yaml/assign.hpp"
#include "core/scenario/yaml/scalars.hpp"
#include "core/trace/trace.hpp"

namespace lvslab::scenario {

using yaml::assign;
using yaml::assign_unsigned;
using yaml::Mapping;
using yaml::Measure;
using yaml::Node;

namespace {

constexpr std::uint64_t most_requests = 100'000;

Duration last_arrival_of(const trace::Trace& trace) {
    return trace.at(trace.size() - 1);
}

}  // namespace

// The rules are those of every router, behind its own file's.
void SectionReader::read_shared_marks(const Node* node) {
    if (node == nullptr) {
        return;
    }
    if (node->kind != Node::Kind::sequence) {
        d_.error(node->location, "marks is not a list of rules");
        return;
    }
    for (const auto& item : node->items) {
        if (const auto w = yaml::read_word(&item, "a mark rule", d_)) {
            const auto rule = parse_mark_rule(w->text, w->location);
            d_.append(rule.diagnostics);
            for (auto& r : s_.routers) {
                for (auto* files : {&r.running, &r.at_boot}) {
                    if (rule && files->takes_shared_marks) {
                        files->marks.push_back(*rule);
                    }
                }
            }
            places_.marks_read &= rule.value.has_value();
        }
    }
}

void SectionReader::read_workload(const std::string& name, const Node& node) {
    Mapping m(node, "workload " + name, d_);
    Workload w;
    Places::Workload place;
    w.name = name;
    w.location = node.location;
    if (const auto from = yaml::read_word(m.require("from"), "from", d_)) {
        const auto group = std::ranges::find(s_.clients, from->text, &ClientGroup::name);
        if (group == s_.clients.end()) {
            refuse_name(*from, "client group", names_of(s_.clients));
        } else {
            w.from = static_cast<unsigned>(group - s_.clients.begin());
            if (known(places_.clients[w.from])) {
                place.from = from->location;
            }
        }
    }
    read_destination(m.require("to"), w, place);
    if (const auto p = yaml::read_word(m.find("protocol"), "protocol", d_)) {
        const auto protocol = parse_protocol(p->text);
        if (protocol == Protocol::tcp || protocol == Protocol::udp) {
            w.protocol = *protocol;
            place.protocol = p->location;
        } else {
            d_.error(p->location, fmt::format("protocol \"{}\" is not tcp or udp", p->text));
        }
    }
    assign(w.start, yaml::read_duration(m.find("start"), "start", d_));
    read_arrivals(m, w);
    if (const auto* traced = std::get_if<TracedArrivals>(&w.arrivals)) {
        read_traced(m, *traced->trace, w);
    } else {
        read_kind(m, w, place);
    }
    assign(w.timeout, yaml::read_positive_duration(m.find("timeout"), "timeout", d_));
    m.finish();
    s_.workloads.push_back(std::move(w));
    places_.workloads.push_back(std::move(place));
}

// What the connections do: plain requests, FTP or a shop's sessions.
void SectionReader::read_kind(Mapping& m, Workload& w, Places::Workload& place) {
    const auto* ftp = m.find("ftp");
    const auto* sessions = m.find("sessions");
    if (ftp != nullptr && sessions != nullptr) {
        d_.error(sessions->location, "a workload is one of ftp and sessions");
    }
    w.request = Constant{400};
    w.request_location = w.response_location = w.location;
    w.response = Constant{10 * 1024};
    if (ftp != nullptr) {
        for (const auto* key : {"request", "response", "requests"}) {
            m.refuse(key, fmt::format("an FTP workload has no \"{}\"; its ftp says mode, file and "
                                      "transfers",
                                      key));
        }
        read_ftp(*ftp, w);
    } else {
        const auto read_size = [&](std::string_view key, Distribution& size,
                                   SourceLocation& where) {
            const auto* value = m.find(key);
            where = value != nullptr ? value->location : w.location;
            assign(size, yaml::read_distribution(value, key, Measure::bytes, d_));
        };
        read_size("request", w.request, w.request_location);
        read_size("response", w.response, w.response_location);
    }
    if (sessions != nullptr) {
        for (const auto* key : {"requests", "think"}) {
            m.refuse(key, fmt::format("a session's \"{}\" stands in its sessions: each request "
                                      "has a connection of its own",
                                      key));
        }
        place.ports = sessions->location;
        read_sessions(*sessions, w);
        return;
    }
    if (ftp == nullptr) {
        assign_unsigned(w.requests,
                        yaml::read_whole(m.find("requests"), "requests", 1, most_requests, d_));
    }
    assign(w.think, yaml::read_distribution(m.find("think"), "think", Measure::time, d_));
}

// What the connections do stands in the trace.
void SectionReader::read_traced(Mapping& m, const trace::Trace& trace, Workload& w) {
    for (const auto* key : {"request", "response", "requests", "think", "ftp", "sessions"}) {
        m.refuse(key, fmt::format("a workload from a trace has no \"{}\": sizes and pauses are the "
                                  "trace's",
                                  key));
    }
    replay(trace, w);
    if (known(w.location) && !s_.clients.empty() && trace.clients() > s_.clients[w.from].count) {
        const auto& group = s_.clients[w.from];
        d_.note(w.location, fmt::format("the trace has {} clients and {} has {}: neighbours share "
                                        "an address",
                                        trace.clients(), group.name, group.count));
    }
}

void SectionReader::read_ftp(const Node& node, Workload& w) {
    w.kind = Workload::Kind::ftp;
    Mapping m(node, "ftp", d_);
    if (const auto mode = yaml::read_word(m.find("mode"), "mode", d_)) {
        if (mode->text == "active") {
            w.ftp.mode = FtpTransfers::Mode::active;
        } else if (mode->text == "extended") {
            w.ftp.mode = FtpTransfers::Mode::extended_passive;
        } else if (mode->text == "extended-active") {
            w.ftp.mode = FtpTransfers::Mode::extended_active;
        } else if (mode->text != "passive") {
            d_.error(mode->location, fmt::format("mode \"{}\" is not active (PORT), passive "
                                                 "(PASV), extended (EPSV) or extended-active "
                                                 "(EPRT)",
                                                 mode->text));
        }
    }
    if (const auto direction = yaml::read_word(m.find("direction"), "direction", d_)) {
        w.ftp.upload = direction->text == "upload";
        if (!w.ftp.upload && direction->text != "download") {
            d_.error(direction->location,
                     fmt::format("direction \"{}\" is not download (RETR) or upload (STOR)",
                                 direction->text));
        }
    }
    const auto* file = m.find("file");
    assign(w.ftp.file, yaml::read_distribution(file, "file", Measure::bytes, d_));
    assign_unsigned(w.ftp.transfers,
                    yaml::read_whole(m.find("transfers"), "transfers", 1, most_requests, d_));
    m.finish();
    w.response = w.ftp.file;
    w.requests = w.ftp.transfers;
    w.response_location = file != nullptr ? file->location : w.location;
}

void SectionReader::read_sessions(const Node& node, Workload& w) {
    w.kind = Workload::Kind::sessions;
    Mapping m(node, "sessions", d_);
    assign_unsigned(w.sessions.requests,
                    yaml::read_whole(m.find("requests"), "requests", 1, most_requests, d_));
    assign(w.sessions.think, yaml::read_distribution(m.find("think"), "think", Measure::time, d_));
    const auto* ports = m.find("ports");
    if (ports == nullptr) {
        w.sessions.ports = {w.to.port};
    } else if (ports->kind != Node::Kind::sequence || ports->items.empty()) {
        d_.error(ports->location, "ports is not a list, such as [80, 443]");
    } else {
        for (const auto& item : ports->items) {
            if (const auto port = yaml::read_whole(&item, "port", 1, 65535, d_)) {
                w.sessions.ports.emplace_back(static_cast<std::uint16_t>(*port));
            }
        }
    }
    m.finish();
}

void SectionReader::read_arrivals(Mapping& m, Workload& w) {
    const auto arrivals = yaml::read_arrivals(
        m.require("arrivals"), [&](const std::string& path) { return folder_.text(path); }, d_);
    assign(w.arrivals, arrivals);
    const auto* length_node = m.find("for");
    const auto length = yaml::read_positive_duration(length_node, "for", d_);
    const auto* list = arrivals ? std::get_if<ListedArrivals>(&*arrivals) : nullptr;
    const auto* traced = arrivals ? std::get_if<TracedArrivals>(&*arrivals) : nullptr;
    w.length = length.value_or(list != nullptr     ? list->at.back()
                               : traced != nullptr ? last_arrival_of(*traced->trace)
                                                   : std::chrono::seconds(60));
    if (list != nullptr && length && list->at.back() > *length) {
        d_.error(length_node->location, fmt::format("for \"{}\" ends before the last arrival, {}",
                                                    length_node->text, to_string(list->at.back())));
    }
}

void SectionReader::read_destination(const Node* node, Workload& w, Places::Workload& place) {
    if (node == nullptr || node->kind != Node::Kind::mapping) {
        if (const auto to = yaml::read_endpoint(node, "to", d_)) {
            w.to = *to;
            place.to = node->location;
        }
        return;
    }
    constexpr std::uint64_t most_destinations = 65534;
    const auto errors_before = d_.items().size();
    Mapping m(*node, "to", d_);
    DestinationRange range;
    const auto* network = m.require("network");
    assign(range.network, yaml::read_network(network, "network", d_));
    const auto port = yaml::read_whole(m.require("port"), "port", 1, 65535, d_);
    range.port = Port{static_cast<std::uint16_t>(port.value_or(0))};
    if (const auto p = yaml::read_word(m.find("popularity"), "popularity", d_)) {
        constexpr std::string_view zipf = "zipf ";
        if (p->text.starts_with(zipf)) {
            const auto exponent =
                yaml::to_number({p->text.substr(zipf.size()), p->location}, "zipf", d_);
            range.zipf = exponent.value_or(0);
            if (range.zipf > 10) {
                d_.error(p->location,
                         fmt::format("popularity \"{}\" is more than zipf 10", p->text));
            }
        } else if (p->text != "uniform") {
            d_.error(p->location,
                     fmt::format("popularity \"{}\" is not uniform or zipf EXPONENT", p->text));
        }
    }
    m.finish();
    if (d_.items().size() != errors_before) {
        return;
    }
    const auto hosts = host_count(range.network);
    if (hosts == 0 || hosts > most_destinations) {
        d_.error(network->location, fmt::format("network \"{}\" has not 1 to {} hosts",
                                                network->text, most_destinations));
        return;
    }
    w.to = {destination_address(range, 0), range.port};
    w.destinations = range;
    place.to = node->location;
}

}  // namespace lvslab::scenario
