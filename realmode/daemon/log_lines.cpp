// SPDX-License-Identifier: GPL-2.0-only
#include "realmode/daemon/log_lines.hpp"

#include <array>
#include <string_view>
#include <utility>

#include <fmt/format.h>

namespace lvslab::realmode {
namespace {

/// core/router's notes tell what it does; these tell that it does not.
bool tells_of_trouble(std::string_view text) {
    using pulse::Notice;
    for (const auto notice : {Notice::word_refused, Notice::both_active, Notice::links_down,
                              Notice::no_backup_wanted}) {
        if (text.starts_with(to_string(notice))) {
            return true;
        }
    }
    return text.starts_with("IPVS refused to ") || text.find(" is left out: ") != text.npos;
}

/// What a hand says when a trouble that it told of is over.
bool tells_of_its_end(std::string_view text) {
    return text.find(" path: bound to ") != text.npos ||
           text.find(" raised after all") != text.npos;
}

bool tells_of_failure(std::string_view text) {
    return text.starts_with("cannot run \"") || text.find(": ended with status ") != text.npos;
}

LogLevel level_of(std::string_view text, NoteFrom from) {
    const auto warning_if = [](bool trouble) {
        return trouble ? LogLevel::warning : LogLevel::info;
    };
    switch (from) {
        case NoteFrom::router:
            return warning_if(tells_of_trouble(text));
        case NoteFrom::hand:
            return warning_if(!tells_of_its_end(text));
        case NoteFrom::script:
            return warning_if(tells_of_failure(text));
        case NoteFrom::refusal:
            break;
    }
    return LogLevel::warning;
}

bool tells_of_refused_heartbeat(const ports::RouterEvent& event) {
    const auto* note = std::get_if<ports::Note>(&event);
    return note != nullptr && note->text.starts_with(to_string(pulse::Notice::word_refused));
}

template <class Event>
std::string of_server(const Event& event, std::string_view what) {
    return fmt::format("{}: server {} ({}) {}", event.service.name, event.server.name,
                       event.server.endpoint.to_string(), what);
}

/// Of what is no note.
std::optional<std::string> text_of(const ports::RouterEvent& event) {
    if (const auto* role = std::get_if<ports::RoleChanged>(&event)) {
        return fmt::format("{}: {}", role->active ? "active" : "standby", to_string(role->reason));
    }
    if (const auto* raised = std::get_if<ports::AddressRaised>(&event)) {
        return fmt::format("address {} raised", raised->address.to_string());
    }
    if (const auto* lowered = std::get_if<ports::AddressLowered>(&event)) {
        return fmt::format("address {} lowered", lowered->address.to_string());
    }
    if (const auto* added = std::get_if<ports::DestinationAdded>(&event)) {
        return of_server(*added, fmt::format("in, weight {}", added->weight.value()));
    }
    if (const auto* edited = std::get_if<ports::DestinationEdited>(&event)) {
        return of_server(*edited, fmt::format("weight {}", edited->weight.value()));
    }
    if (const auto* removed = std::get_if<ports::DestinationRemoved>(&event)) {
        return of_server(*removed, "out");
    }
    return std::nullopt;
}

}  // namespace

std::optional<LogLine> log_line(const ports::RouterEvent& event, NoteFrom from) {
    if (const auto* note = std::get_if<ports::Note>(&event)) {
        return LogLine{level_of(note->text, from), note->text};
    }
    auto text = text_of(event);
    return text ? std::optional(LogLine{LogLevel::info, *std::move(text)}) : std::nullopt;
}

std::optional<LogLine> LogLines::line(const ports::RouterEvent& event, NoteFrom from,
                                      RareNote::Clock::time_point now) {
    auto line = log_line(event, from);
    if (line && from == NoteFrom::router && tells_of_refused_heartbeat(event)) {
        const auto times = refused_heartbeats_.happened(now);
        if (!times) {
            return std::nullopt;
        }
        if (*times > 1) {
            line->text += fmt::format(" ({} since the last such line)", *times);
        }
    }
    return line;
}

}  // namespace lvslab::realmode
