// SPDX-License-Identifier: GPL-2.0-only
#include "core/scenario/sections.hpp"

#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include "core/config/parse.hpp"
#include "core/scenario/yaml/scalars.hpp"
#include "core/scenario/yaml/spelling.hpp"

namespace lvslab::scenario {

using yaml::Mapping;
using yaml::Measure;
using yaml::Node;

namespace {

constexpr std::uint64_t most_clients = 1'000'000;
constexpr std::uint64_t most_workers = 1'000'000;
constexpr std::uint64_t most_requests = 100'000;

template <class T>
void assign(T& field, const std::optional<T>& value) {
    if (value) {
        field = *value;
    }
}

void assign_unsigned(unsigned& field, const std::optional<std::uint64_t>& value) {
    if (value) {
        field = static_cast<unsigned>(*value);
    }
}

}  // namespace

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

SectionReader::SectionReader(Scenario& s, Places& places, Diagnostics& d, SourceFolder folder)
    : s_(s), places_(places), d_(d), folder_(std::move(folder)) {}

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
    read_config(m.require("config"));
    each_named(m.require("routers"), "router",
               [&](const auto& name, const auto& node) { read_router(name, node); });
    check_router_count();
    each_named(m.require("servers"), "server",
               [&](const auto& name, const auto& node) { read_server(name, node); });
    each_named(m.require("clients"), "client group",
               [&](const auto& name, const auto& node) { read_clients(name, node); });
    const auto* gateway = m.find("gateway");
    if (const auto address = yaml::read_address(gateway, "gateway", d_)) {
        s_.gateway = *address;
        places_.gateway = gateway->location;
    }
    read_marks(m.find("marks"));
    for (auto& r : s_.routers) {
        r.config_path = s_.config_path;
        r.config = s_.config;
        r.running.marks = r.at_boot.marks = s_.marks;
    }
    each_named(m.require("workload"), "workload",
               [&](const auto& name, const auto& node) { read_workload(name, node); });
    assign(s_.seed, yaml::read_whole(m.find("seed"), "seed", 0,
                                     std::numeric_limits<std::uint64_t>::max(), d_));
    assign(s_.drain, yaml::read_duration(m.find("drain"), "drain", d_));
    read_changes(m.find("changes"));
    read_compare(m.find("compare"));
    read_outputs(m.find("outputs"));
    for (const auto* later : {"faults", "expect"}) {
        m.refuse(later, fmt::format("\"{}\" is not supported yet; this version runs scenarios "
                                    "without it",
                                    later));
    }
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

void SectionReader::check_router_count() {
    if (s_.routers.size() > 2) {
        d_.error(s_.routers[2].location,
                 fmt::format("{} LVS routers; there are a primary and at most one backup",
                             s_.routers.size()));
    }
}

void SectionReader::take_node_name(const std::string& name, const SourceLocation& where,
                                   std::string_view what) {
    if (name == "gateway" || name == "all") {
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
    const auto file = folder_.text(s_.config_path);
    if (!file) {
        d_.error(path->location, fmt::format("config \"{}\" cannot be read", path->text));
        return;
    }
    auto config = config::parse(file->text, file->name, {});
    d_.append(config.diagnostics);
    if (config && !config.diagnostics.has_errors()) {
        s_.config = std::move(*config);
        config_read_ = true;
    }
}

void SectionReader::read_router(const std::string& name, const Node& node) {
    Mapping m(node, "router " + name, d_);
    auto& r = s_.routers.emplace_back();
    auto& place = places_.routers.emplace_back();
    r.name = name;
    r.location = node.location;
    const auto* public_node = m.require("public");
    if (const auto n = yaml::read_interface(public_node, "public", d_)) {
        r.public_interface = *n;
        place.public_interface = public_node->location;
    }
    const auto* private_node = m.find("private");
    if (const auto n = yaml::read_interface(private_node, "private", d_)) {
        r.private_interface = *n;
        place.private_interface = private_node->location;
    }
    m.finish();
}

Link SectionReader::read_link(const Node* node) {
    Link link;
    if (node == nullptr) {
        return link;
    }
    Mapping m(*node, "link", d_);
    assign(link.rate, yaml::read_bit_rate(m.find("rate"), "rate", d_));
    assign(link.delay, yaml::read_duration(m.find("delay"), "delay", d_));
    assign(link.loss, yaml::read_share(m.find("loss"), "loss", d_));
    m.finish();
    return link;
}

std::optional<Cache> SectionReader::read_cache(const Node* node) {
    if (node == nullptr) {
        return std::nullopt;
    }
    Mapping m(*node, "cache", d_);
    Cache cache;
    assign_unsigned(cache.objects,
                    yaml::read_whole(m.require("objects"), "objects", 1, most_clients, d_));
    assign(cache.miss, yaml::read_distribution(m.require("miss"), "miss", Measure::time, d_));
    m.finish();
    return cache;
}

void SectionReader::read_server(const std::string& name, const Node& node) {
    Mapping m(node, "server " + name, d_);
    auto& server = s_.servers.emplace_back();
    auto& place = places_.servers.emplace_back();
    server.name = name;
    server.location = node.location;
    const auto* address = m.require("address");
    if (const auto n = yaml::read_interface(address, "address", d_)) {
        server.interface = *n;
        place = address->location;
    }
    assign_unsigned(server.workers,
                    yaml::read_whole(m.find("workers"), "workers", 1, most_workers, d_));
    if (const auto queue = yaml::read_whole(m.find("queue"), "queue", 0, most_workers, d_)) {
        server.queue = static_cast<unsigned>(*queue);
    }
    if (const auto w = yaml::read_word(m.find("discipline"), "discipline", d_)) {
        if (w->text == "processor-sharing") {
            server.discipline = Discipline::processor_sharing;
        } else if (w->text != "fcfs") {
            d_.error(w->location,
                     fmt::format("discipline \"{}\" is not fcfs or processor-sharing", w->text));
        }
    }
    assign(server.service,
           yaml::read_distribution(m.require("service"), "service", Measure::time, d_));
    const auto* speed_node = m.find("speed");
    if (const auto speed = yaml::read_number(speed_node, "speed", d_)) {
        server.speed = *speed;
        if (*speed < 0.001 || *speed > 1000) {
            d_.error(speed_node->location,
                     fmt::format("speed \"{}\" is not between 0.001 and 1000", speed_node->text));
        }
    }
    server.cache = read_cache(m.find("cache"));
    server.link = read_link(m.find("link"));
    m.finish();
}

void SectionReader::read_clients(const std::string& name, const Node& node) {
    Mapping m(node, "client group " + name, d_);
    auto& group = s_.clients.emplace_back();
    auto& place = places_.clients.emplace_back();
    group.name = name;
    group.location = node.location;
    const auto* count_node = m.find("count");
    const auto count = yaml::read_whole(count_node, "count", 1, most_clients, d_);
    assign_unsigned(group.count, count);
    const auto* network = m.require("network");
    const auto n = yaml::read_network(network, "network", d_);
    assign(group.network, n);
    if (n && (count || count_node == nullptr)) {
        place = network->location;
    }
    group.link = read_link(m.find("link"));
    m.finish();
}

void SectionReader::read_marks(const Node* node) {
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
            if (rule) {
                s_.marks.push_back(*rule);
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
    const auto read_size = [&](std::string_view key, Distribution& size, SourceLocation& where) {
        const auto* value = m.find(key);
        where = value != nullptr ? value->location : w.location;
        assign(size, yaml::read_distribution(value, key, Measure::bytes, d_));
    };
    w.request = Constant{400};
    read_size("request", w.request, w.request_location);
    w.response = Constant{10 * 1024};
    read_size("response", w.response, w.response_location);
    assign_unsigned(w.requests,
                    yaml::read_whole(m.find("requests"), "requests", 1, most_requests, d_));
    assign(w.think, yaml::read_distribution(m.find("think"), "think", Measure::time, d_));
    assign(w.timeout, yaml::read_positive_duration(m.find("timeout"), "timeout", d_));
    m.finish();
    s_.workloads.push_back(std::move(w));
    places_.workloads.push_back(std::move(place));
}

void SectionReader::read_arrivals(Mapping& m, Workload& w) {
    const auto arrivals = yaml::read_arrivals(
        m.require("arrivals"), [&](const std::string& path) { return folder_.text(path); }, d_);
    assign(w.arrivals, arrivals);
    const auto* length_node = m.find("for");
    const auto length = yaml::read_positive_duration(length_node, "for", d_);
    const auto* list = arrivals ? std::get_if<ListedArrivals>(&*arrivals) : nullptr;
    w.length = length.value_or(list != nullptr ? list->at.back() : std::chrono::seconds(60));
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
