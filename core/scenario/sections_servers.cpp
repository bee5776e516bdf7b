// SPDX-License-Identifier: GPL-2.0-only
// The sections about nodes: real servers, data servers and clients.
#include <algorithm>

#include <fmt/format.h>

#include "core/base/spelling.hpp"
#include "core/scenario/sections.hpp"
#include "core/scenario/yaml/assign.hpp"
#include "core/scenario/yaml/scalars.hpp"

namespace lvslab::scenario {

using yaml::assign;
using yaml::assign_unsigned;
using yaml::Mapping;
using yaml::Measure;
using yaml::Node;

namespace {

constexpr std::uint64_t most_clients = 1'000'000;
constexpr std::uint64_t most_workers = 1'000'000;
constexpr std::uint64_t most_accesses = 10'000;

constexpr std::pair<std::string_view, VipGuard> vip_words[] = {
    {"loopback", VipGuard::loopback},
    {"arptables", VipGuard::arptables},
    {"redirect", VipGuard::redirect},
    {"unprotected", VipGuard::unprotected},
    {"none", VipGuard::none}};

}  // namespace

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
    auto& parts = places_.server_parts.emplace_back();
    server.name = name;
    server.location = node.location;
    const auto* address = m.require("address");
    if (const auto n = yaml::read_interface(address, "address", d_)) {
        server.interface = *n;
        place = address->location;
    }
    read_application(m, server);
    server.link = read_link(m.find("link"));
    if (const auto* gateway = m.find("gateway")) {
        parts.gateways = gateway->location;
        read_gateways(*gateway, server);
    }
    const auto* vip = m.find("vip");
    const auto* vip_at_boot = m.find("vip_at_boot");
    const auto guard = read_vip(vip, "vip");
    const auto guard_at_boot = read_vip(vip_at_boot, "vip_at_boot");
    if (guard || guard_at_boot) {
        parts.vip = guard ? vip->location : vip_at_boot->location;
    }
    server.vip = guard.value_or(VipGuard::loopback);
    server.vip_at_boot = guard_at_boot.value_or(server.vip);
    assign(server.packet_cost, yaml::read_duration(m.find("packet_cost"), "packet_cost", d_));
    assign(server.ip_forward, yaml::read_switch(m.find("ip_forward"), "ip_forward", d_));
    if (const auto w = yaml::read_word(m.find("answer"), "answer", d_)) {
        server.answer = std::string(w->text);
    }
    assign(server.check_service,
           yaml::read_distribution(m.find("check_service"), "check_service", Measure::time, d_));
    if (const auto* data = m.find("data")) {
        parts.data = data->location;
        server.data = read_data_need(*data);
    }
    read_ftp_server(m.find("ftp"), server.ftp);
    m.finish();
}

void SectionReader::read_application(Mapping& m, Server& server) {
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
}

void SectionReader::read_gateways(const Node& node, Server& server) {
    const std::vector<Node> one{node};
    for (const auto& item : node.kind == Node::Kind::sequence ? node.items : one) {
        const auto address = yaml::read_address(&item, "gateway", d_);
        if (!address) {
            continue;
        }
        if (!server.interface.contains(*address)) {
            d_.error(item.location,
                     fmt::format("gateway {} of {} is not in its network {}", item.text,
                                 server.name, network_of(server.interface).to_string()));
        } else if (std::ranges::find(server.gateways, *address) != server.gateways.end()) {
            d_.error(item.location, fmt::format("gateway {} is named twice", item.text));
        } else {
            server.gateways.push_back(*address);
        }
    }
}

std::optional<VipGuard> SectionReader::read_vip(const Node* node, std::string_view what) {
    const auto w = yaml::read_word(node, what, d_);
    if (!w) {
        return std::nullopt;
    }
    std::vector<std::string_view> known;
    for (const auto& [word, guard] : vip_words) {
        if (word == w->text) {
            return guard;
        }
        known.push_back(word);
    }
    d_.error(w->location, fmt::format("{}: no way to take packets for the virtual address is "
                                      "called \"{}\"{}",
                                      what, w->text, suggestion(w->text, known)));
    return std::nullopt;
}

std::optional<DataNeed> SectionReader::read_data_need(const Node& node) {
    Mapping m(node, "data", d_);
    DataNeed need;
    if (const auto from = yaml::read_word(m.require("from"), "from", d_)) {
        const auto data = std::ranges::find(s_.data, from->text, &DataServer::name);
        if (data == s_.data.end()) {
            d_.error(from->location, fmt::format("no data server is called \"{}\"{}", from->text,
                                                 suggestion(from->text, names_of(s_.data))));
        } else {
            need.data_server = static_cast<unsigned>(data - s_.data.begin());
        }
    }
    assign_unsigned(need.reads, yaml::read_whole(m.find("reads"), "reads", 0, most_accesses, d_));
    assign_unsigned(need.writes,
                    yaml::read_whole(m.find("writes"), "writes", 0, most_accesses, d_));
    assign(need.bytes, yaml::read_distribution(m.find("bytes"), "bytes", Measure::bytes, d_));
    assign(need.timeout, yaml::read_positive_duration(m.find("timeout"), "timeout", d_));
    if (need.reads == 0 && need.writes == 0) {
        d_.error(node.location, "data asks for neither reads nor writes");
    }
    m.finish();
    return need;
}

void SectionReader::read_ftp_server(const Node* node, FtpServer& ftp) {
    if (node == nullptr) {
        return;
    }
    Mapping m(*node, "ftp", d_);
    const auto read_port = [&](std::string_view key, Port& port) {
        if (const auto value = yaml::read_whole(m.find(key), key, 1, 65535, d_)) {
            port = Port{static_cast<std::uint16_t>(*value)};
        }
    };
    read_port("pasv_min_port", ftp.pasv_min_port);
    read_port("pasv_max_port", ftp.pasv_max_port);
    if (ftp.pasv_max_port < ftp.pasv_min_port) {
        d_.error(node->location, fmt::format("pasv_max_port {} is less than pasv_min_port {}",
                                             ftp.pasv_max_port.value(), ftp.pasv_min_port.value()));
    }
    assign(ftp.pasv_address, yaml::read_address(m.find("pasv_address"), "pasv_address", d_));
    m.finish();
}

void SectionReader::read_data_server(const std::string& name, const Node& node) {
    Mapping m(node, "data server " + name, d_);
    auto& data = s_.data.emplace_back();
    auto& place = places_.data.emplace_back();
    places_.standbys.emplace_back();
    data.name = name;
    data.location = node.location;
    const auto* address = m.require("address");
    if (const auto n = yaml::read_interface(address, "address", d_)) {
        data.interface = *n;
        place = address->location;
    }
    if (const auto w = yaml::read_word(m.find("kind"), "kind", d_)) {
        if (w->text == "database") {
            data.kind = DataServer::Kind::database;
        } else if (w->text != "files") {
            d_.error(w->location, fmt::format("kind \"{}\" is not files or database", w->text));
        }
    }
    assign_unsigned(data.workers,
                    yaml::read_whole(m.find("workers"), "workers", 1, most_workers, d_));
    assign(data.service,
           yaml::read_distribution(m.require("service"), "service", Measure::time, d_));
    data.link = read_link(m.find("link"));
    read_standby(m.find("standby"), data);
    m.finish();
}

void SectionReader::read_standby(const Node* node, DataServer& data) {
    if (node == nullptr) {
        return;
    }
    Mapping m(*node, "standby", d_);
    auto& standby = data.standby.emplace();
    const auto* address = m.require("address");
    if (const auto n = yaml::read_interface(address, "address", d_)) {
        standby.interface = *n;
        places_.standbys.back() = address->location;
        if (known(places_.data.back()) && network_of(*n) != network_of(data.interface)) {
            d_.error(address->location,
                     fmt::format("the standby of {} is not in its network {}: it could not take "
                                 "the service address over",
                                 data.name, network_of(data.interface).to_string()));
        }
    }
    assign(standby.takeover, yaml::read_duration(m.find("takeover"), "takeover", d_));
    m.finish();
}

// An address, or a pair: { address, standby, takeover }.
void SectionReader::read_gateway(const Node* node) {
    if (node == nullptr || node->kind != Node::Kind::mapping) {
        if (const auto address = yaml::read_address(node, "gateway", d_)) {
            s_.gateway = *address;
            places_.gateway = node->location;
        }
        return;
    }
    Mapping m(*node, "gateway", d_);
    const auto* address = m.require("address");
    if (const auto a = yaml::read_address(address, "address", d_)) {
        s_.gateway = *a;
        places_.gateway = address->location;
    }
    auto& standby = s_.gateway_standby.emplace();
    const auto* own = m.require("standby");
    if (const auto a = yaml::read_address(own, "standby", d_); a && !s_.routers.empty()) {
        standby.interface = {*a, s_.routers.front().public_interface.prefix_length};
        places_.gateway_standby = own->location;
    }
    assign(standby.takeover, yaml::read_duration(m.find("takeover"), "takeover", d_));
    m.finish();
}

void SectionReader::read_clients(const std::string& name, const Node& node) {
    Mapping m(node, "client group " + name, d_);
    auto& group = s_.clients.emplace_back();
    auto& place = places_.clients.emplace_back();
    group.name = name;
    group.location = node.location;
    const auto* proxies = m.find("proxies");
    group.proxies = proxies != nullptr;
    if (group.proxies) {
        m.refuse("count", "a group of proxies has as many clients as proxies; leave count out");
    }
    const auto* count_node = group.proxies ? proxies : m.find("count");
    const auto count =
        yaml::read_whole(count_node, group.proxies ? "proxies" : "count", 1, most_clients, d_);
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

}  // namespace lvslab::scenario
