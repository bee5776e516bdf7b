// SPDX-License-Identifier: GPL-2.0-only
// The sections about nodes: routers and links.
#include <fmt/format.h>

#include "core/base/spelling.hpp"
#include "core/scenario/iptables_file.hpp"
#include "core/scenario/sections.hpp"
#include "core/scenario/sysctl_file.hpp"
#include "core/scenario/yaml/assign.hpp"
#include "core/scenario/yaml/scalars.hpp"

namespace lvslab::scenario {

using yaml::assign;
using yaml::Mapping;
using yaml::Node;

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
    read_router_config(m.find("config"), r, place);
    place.sysctl = node.location;
    read_host_files(m, r, place.sysctl, r.running);
    r.at_boot = r.running;
    if (const auto* at_boot = m.find("at_boot")) {
        Mapping boot(*at_boot, "at_boot", d_);
        SourceLocation unused;
        read_host_files(boot, r, unused, r.at_boot);
        boot.finish();
    }
    read_router_links(m.find("links"), r);
    assign(r.packet_cost, yaml::read_duration(m.find("packet_cost"), "packet_cost", d_));
    m.finish();
}

void SectionReader::read_router_config(const Node* node, Router& router, Places::Router& place) {
    const auto path = yaml::read_word(node, "config", d_);
    if (!path) {
        router.config_path = s_.config_path;
        router.config = s_.config;
        place.config = places_.config;
        return;
    }
    router.config_path = path->text;
    place.config = path->location;
    if (const auto* config = load_config(*path)) {
        router.config = *config;
    }
}

// What is not named stays: at boot it is as it was.
void SectionReader::read_host_files(Mapping& m, const Router& router, SourceLocation& sysctl_place,
                                    HostFiles& files) {
    const auto* sysctl = m.find("sysctl");
    if (sysctl != nullptr) {
        sysctl_place = sysctl->location;
        read_sysctl_file(*sysctl, files);
    }
    if (const auto* iptables = m.find("iptables")) {
        read_iptables_file(*iptables, router, files);
    }
    read_modules(m.find("modules"), files);
}

void SectionReader::read_sysctl_file(const Node& node, HostFiles& files) {
    const auto path = yaml::read_word(&node, "sysctl", d_);
    if (!path) {
        return;
    }
    files.sysctl_path.reset();
    files.ip_forward = false;
    files.ipvs = {};
    if (path->text == "none") {
        return;
    }
    files.sysctl_path = path->text;
    const auto file = folder_.text(*files.sysctl_path);
    if (!file) {
        d_.error(path->location, fmt::format("sysctl \"{}\" cannot be read", path->text));
        files.ip_forward = true;
        return;
    }
    const auto read = read_sysctl(file->text, file->name);
    append_once(read.diagnostics, file->name);
    files.ip_forward = !read || read->ip_forward;  // an error is enough, without what it hides
    if (read) {
        files.ipvs = read->ipvs;
    }
}

void SectionReader::read_iptables_file(const Node& node, const Router& router, HostFiles& files) {
    const auto path = yaml::read_word(&node, "iptables", d_);
    if (!path) {
        return;
    }
    files.iptables_path.reset();
    files.marks.clear();
    files.nat.clear();
    files.takes_shared_marks = path->text != "none";
    if (path->text == "none") {
        return;
    }
    files.iptables_path = path->text;
    const auto file = folder_.text(*files.iptables_path);
    if (!file) {
        d_.error(path->location, fmt::format("iptables \"{}\" cannot be read", path->text));
        places_.marks_read = false;
        return;
    }
    const auto read = read_iptables(file->text, file->name, device_sides(router.config));
    append_once(read.diagnostics, file->name);
    places_.marks_read &= read.value.has_value();
    if (read) {
        files.marks = read->marks;
        files.nat = read->nat;
    }
}

void SectionReader::read_modules(const Node* node, HostFiles& files) {
    if (node == nullptr) {
        return;
    }
    if (node->kind != Node::Kind::sequence) {
        d_.error(node->location, "modules is not a list, such as [ip_vs_ftp]");
        return;
    }
    files.ftp_helper = false;
    for (const auto& item : node->items) {
        const auto w = yaml::read_word(&item, "module", d_);
        if (w && w->text == "ip_vs_ftp") {
            files.ftp_helper = true;
        } else if (w) {
            d_.error(w->location, fmt::format("no module is called \"{}\" here{}", w->text,
                                              suggestion(w->text, {"ip_vs_ftp"})));
        }
    }
}

void SectionReader::read_router_links(const Node* node, Router& router) {
    if (node == nullptr) {
        return;
    }
    Mapping m(*node, "links", d_);
    router.public_link = read_link(m.find("public"));
    router.private_link = read_link(m.find("private"));
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

}  // namespace lvslab::scenario
