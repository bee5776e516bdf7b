// SPDX-License-Identifier: GPL-2.0-only
#include "core/scenario/fault_reader.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "core/base/spelling.hpp"
#include "core/scenario/yaml/assign.hpp"

namespace lvslab::scenario {

using yaml::Mapping;
using yaml::Node;
using yaml::Word;

namespace {

using Kind = FaultTarget::Kind;

constexpr std::array all_kinds{
    FaultKind::crash, FaultKind::restart, FaultKind::hang,   FaultKind::resume,
    FaultKind::stop,  FaultKind::start,   FaultKind::slow,   FaultKind::suspend,
    FaultKind::kill,  FaultKind::cut,     FaultKind::heal,   FaultKind::loss,
    FaultKind::delay, FaultKind::release, FaultKind::reload, FaultKind::terminate};

bool is_router(Kind kind) {
    return kind == Kind::router || kind == Kind::active_router || kind == Kind::standby_router;
}

bool is_server(Kind kind) {
    return kind == Kind::server || kind == Kind::data_server;
}

bool is_link_fault(FaultKind kind) {
    return kind == FaultKind::cut || kind == FaultKind::heal || kind == FaultKind::loss ||
           kind == FaultKind::delay;
}

struct Reach {
    bool (*strikes)(Kind);
    std::string_view what;  ///< in messages
};

Reach reach_of(FaultKind kind) {
    switch (kind) {
        case FaultKind::crash:
        case FaultKind::restart:
        case FaultKind::hang:
            return {[](Kind k) { return k != Kind::heartbeat; },
                    "a machine: a router, a server, a data server or the gateway"};
        case FaultKind::resume:
            return {[](Kind k) { return k != Kind::heartbeat; },
                    "a machine that hangs, or a router whose daemons are suspended"};
        case FaultKind::stop:
            return {is_server,
                    "the application of a server or data server (a router's daemons end "
                    "by terminate, kill or suspend)"};
        case FaultKind::start:
            return {[](Kind k) { return is_server(k) || is_router(k); },
                    "the application of a server or data server, or a router's daemons"};
        case FaultKind::slow:
            return {is_server, "a server or a data server"};
        case FaultKind::suspend:
        case FaultKind::kill:
        case FaultKind::release:
        case FaultKind::reload:
        case FaultKind::terminate:
            return {is_router, "a router"};
        case FaultKind::cut:
        case FaultKind::heal:
        case FaultKind::loss:
        case FaultKind::delay:
            return {[](Kind) { return true; }, "a link"};
    }
    return {[](Kind) { return false; }, "nothing"};
}

// Takes " public" or " private" off the end.
std::optional<NetworkSide> take_side(std::string_view& text) {
    for (const auto& [word, side] :
         {std::pair<std::string_view, NetworkSide>{" public", NetworkSide::public_net},
          {" private", NetworkSide::private_net}}) {
        if (text.ends_with(word)) {
            text.remove_suffix(word.size());
            return side;
        }
    }
    return std::nullopt;
}

template <class Things>
std::optional<unsigned> find(const Things& things, std::string_view name) {
    for (unsigned i = 0; i < things.size(); ++i) {
        if (things[i].name == name) {
            return i;
        }
    }
    return std::nullopt;
}

std::optional<FaultTarget> named_target(std::string_view text, const Scenario& s) {
    constexpr std::pair<std::string_view, Kind> phrases[] = {
        {"active router", Kind::active_router},
        {"standby router", Kind::standby_router},
        {"gateway", Kind::gateway},
        {"heartbeat", Kind::heartbeat}};
    for (const auto& [phrase, kind] : phrases) {
        if (text == phrase) {
            return FaultTarget{kind, 0, false, {}};
        }
    }
    if (text == "gateway standby" && s.gateway_standby) {
        return FaultTarget{Kind::gateway, 0, true, {}};
    }
    if (const auto i = find(s.routers, text)) {
        return FaultTarget{Kind::router, *i, false, {}};
    }
    if (const auto i = find(s.servers, text)) {
        return FaultTarget{Kind::server, *i, false, {}};
    }
    constexpr std::string_view standby = " standby";
    const bool of_standby = text.ends_with(standby);
    text.remove_suffix(of_standby ? standby.size() : 0);
    const auto i = find(s.data, text);
    if (!i || (of_standby && !s.data[*i].standby)) {
        return std::nullopt;
    }
    return FaultTarget{Kind::data_server, *i, of_standby, {}};
}

void refuse_target(const Word& word, const Scenario& s, Diagnostics& d) {
    if (s.routers.empty() || s.servers.empty()) {
        return;  // they were not read, which has been reported
    }
    std::vector<std::string> standbys;
    std::vector<std::string_view> known;
    for (const auto& r : s.routers) {
        known.push_back(r.name);
    }
    for (const auto& server : s.servers) {
        known.push_back(server.name);
    }
    for (const auto& data : s.data) {
        known.push_back(data.name);
        if (data.standby) {
            standbys.push_back(data.name + " standby");
        }
    }
    if (s.gateway_standby) {
        standbys.emplace_back("gateway standby");
    }
    known.insert(known.end(), standbys.begin(), standbys.end());
    known.insert(known.end(), {"active router", "standby router", "gateway", "heartbeat",
                               "heartbeat public", "heartbeat private"});
    d.error(word.location,
            fmt::format("there is no \"{}\"{}", word.text, suggestion(word.text, known)));
}

}  // namespace

std::optional<FaultTarget> read_fault_target(const Word& word, const Scenario& s, Diagnostics& d) {
    auto text = word.text;
    const auto side = take_side(text);
    auto target = named_target(text, s);
    if (!target) {
        refuse_target(word, s, d);
        return std::nullopt;
    }
    target->side = side;
    if (side && is_server(target->kind)) {
        d.error(word.location, fmt::format("{} has one link; leave \"{}\" out", text,
                                           word.text.substr(text.size() + 1)));
        return std::nullopt;
    }
    const bool has_private = std::ranges::any_of(
        s.routers, [](const auto& r) { return r.private_interface.has_value(); });
    const bool own = target->kind == Kind::router;
    if (side == NetworkSide::private_net && target->kind != Kind::gateway &&
        !(own ? s.routers[target->index].private_interface.has_value() : has_private)) {
        d.error(word.location, fmt::format("{} has no private link: there is no \"private\" "
                                           "address",
                                           text));
        return std::nullopt;
    }
    return target;
}

FaultReader::Read FaultReader::read(const Node& node) {
    const auto errors_before = d_.items().size();
    fault_.location = node.location;
    Mapping m(node, "fault", d_);
    if (m) {
        read_kind(m, node.location);
        read_time(m, node.location);
        read_length(m);
        read_way(m);
        read_amount(m, node.location);
        read_config(m);
        m.finish();
    }
    if (d_.items().size() != errors_before) {
        places_ = {};
    }
    return {std::move(fault_), std::move(places_)};
}

void FaultReader::read_kind(Mapping& m, const SourceLocation& where) {
    std::optional<Word> first;
    // "delay" and "loss" name what they are of, like every kind.
    for (const auto kind : all_kinds) {
        const auto word = yaml::read_word(m.find(name_of(kind)), name_of(kind), d_);
        if (!word) {
            continue;
        }
        if (first) {
            d_.error(word->location,
                     fmt::format("a fault is one thing: this one has {} already", name_of(*kind_)));
            continue;
        }
        first = word;
        kind_ = kind;
        fault_.kind = kind;
        check_target(*word);
    }
    if (!first) {
        std::vector<std::string_view> kinds;
        for (const auto kind : all_kinds) {
            kinds.push_back(name_of(kind));
        }
        d_.error(where, fmt::format("a fault has one of {}", fmt::join(kinds, ", ")));
    }
}

void FaultReader::check_target(const Word& word) {
    const auto target = read_fault_target(word, s_, d_);
    if (!target) {
        return;
    }
    fault_.target = *target;
    fault_.what = fmt::format("{} {}", name_of(fault_.kind), word.text);
    const auto reach = reach_of(fault_.kind);
    if (!reach.strikes(target->kind)) {
        d_.error(word.location,
                 fmt::format("{} strikes {}, not {}", name_of(fault_.kind), reach.what, word.text));
    } else if (target->side && !is_link_fault(fault_.kind)) {
        d_.error(word.location,
                 fmt::format("{} strikes {}; a link of it is struck by cut, loss or delay",
                             name_of(fault_.kind), reach.what));
    }
}

void FaultReader::read_time(Mapping& m, const SourceLocation& where) {
    const auto* at = m.find("at");
    const auto* after = m.find("after");
    const auto* wait = m.find("wait");
    if ((at == nullptr) == (after == nullptr)) {
        d_.error(where, at == nullptr ? "a fault has a time: at, or after (and wait)"
                                      : "a fault has one time: either at or after");
    }
    if (const auto time = yaml::read_duration(at, "at", d_)) {
        fault_.at = Time{*time};
        places_.at = at->location;
    }
    if (after != nullptr) {
        read_moment(*after);
    }
    if (const auto time = yaml::read_duration(wait, "wait", d_)) {
        fault_.wait = *time;
        if (after == nullptr) {
            d_.error(wait->location, "wait counts from a moment; write it beside \"after\"");
        }
    }
}

void FaultReader::read_moment(const Node& node) {
    const auto word = yaml::read_word(&node, "after", d_);
    // Without nodes that were read there is nothing to speak of.
    if (!word || s_.routers.empty() || s_.servers.empty()) {
        return;
    }
    auto where = word->location;
    if (node.quoted) {
        where.column = 0;  // not known inside of quotes
    }
    auto moment = journal::parse_moment(word->text, where, names_);
    d_.append(moment.diagnostics);
    if (moment) {
        fault_.after = std::move(*moment);
        places_.moment = word->location;
    }
}

void FaultReader::read_length(Mapping& m) {
    if (kind_ && !undone_by(*kind_)) {
        m.refuse("for", fmt::format("{} is over at once; it has no \"for\"", name_of(*kind_)));
    } else {
        yaml::assign(fault_.length, yaml::read_positive_duration(m.find("for"), "for", d_));
    }
    const auto* every = m.find("every");
    yaml::assign(fault_.every, yaml::read_positive_duration(every, "every", d_));
    if (fault_.every && fault_.length && *fault_.every <= *fault_.length) {
        d_.error(every->location, fmt::format("every \"{}\" is not longer than for \"{}\"",
                                              every->text, m.find("for")->text));
    }
    const auto* times = m.find("times");
    if (const auto count = yaml::read_whole(times, "times", 1, 1'000'000, d_)) {
        fault_.times = static_cast<unsigned>(*count);
        if (every == nullptr) {
            d_.error(times->location, "times counts repetitions; write it beside \"every\"");
        }
    }
}

void FaultReader::read_way(Mapping& m) {
    if (kind_ && !is_link_fault(*kind_)) {
        m.refuse("way", fmt::format("{} strikes no link; it has no \"way\"", name_of(*kind_)));
        return;
    }
    const auto way = yaml::read_word(m.find("way"), "way", d_);
    if (!way) {
        return;
    }
    if (way->text == "in" || way->text == "out") {
        fault_.way = way->text == "in" ? Fault::Way::in : Fault::Way::out;
        fault_.what += fmt::format(" {}", way->text);
    } else if (way->text != "both") {
        d_.error(way->location, fmt::format("way \"{}\" is not in, out or both", way->text));
    }
}

void FaultReader::read_amount(Mapping& m, const SourceLocation& where) {
    const auto* of = m.find("of");
    const auto* by = m.find("by");
    if (of != nullptr && kind_ != FaultKind::loss) {
        d_.error(of->location, "of belongs to loss: \"loss: web1, of: 20%\"");
    }
    if (by != nullptr && kind_ != FaultKind::slow && kind_ != FaultKind::delay) {
        d_.error(
            by->location,
            "by belongs to slow and delay: \"slow: web1, by: 10\", \"delay: web1, by: 200ms\"");
    }
    if (kind_ == FaultKind::loss) {
        if (of == nullptr) {
            d_.error(where, "loss has no \"of\", the share of packets that are lost");
        }
        yaml::assign(fault_.amount, yaml::read_share(of, "of", d_));
    } else if (kind_ == FaultKind::delay) {
        if (by == nullptr) {
            d_.error(where, "delay has no \"by\", the time that packets take longer");
        }
        yaml::assign(fault_.delay, yaml::read_positive_duration(by, "by", d_));
    } else if (kind_ == FaultKind::slow) {
        if (by == nullptr) {
            d_.error(where, "slow has no \"by\", the factor by which work takes longer");
        }
        yaml::assign(fault_.amount, yaml::read_number(by, "by", d_));
        if (by != nullptr && (fault_.amount < 0.001 || fault_.amount > 1'000'000)) {
            d_.error(by->location,
                     fmt::format("by \"{}\" is not between 0.001 and 1000000", by->text));
        }
    }
}

void FaultReader::read_config(Mapping& m) {
    if (kind_ && *kind_ != FaultKind::reload) {
        m.refuse("config",
                 fmt::format("{} reads no lvs.cf; config belongs to reload", name_of(*kind_)));
        return;
    }
    if (const auto path = yaml::read_word(m.find("config"), "config", d_)) {
        fault_.config_path = path->text;
        if (const auto* config = load_(*path)) {
            fault_.config = std::make_shared<const config::LvsConfig>(*config);
        }
    }
}

}  // namespace lvslab::scenario
