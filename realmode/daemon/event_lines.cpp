// SPDX-License-Identifier: GPL-2.0-only
#include "realmode/daemon/event_lines.hpp"

#include <cmath>
#include <initializer_list>
#include <stdexcept>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "realmode/daemon/service_key_json.hpp"

namespace lvslab::realmode {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

// ---- words ----

/// The one of `all` that to_string() calls so.
template <class Word>
Word word_of(std::string_view text, std::initializer_list<Word> all, std::string_view what) {
    for (const auto word : all) {
        if (text == to_string(word)) {
            return word;
        }
    }
    throw std::invalid_argument(fmt::format("\"{}\" is no {}", text, what));
}

pulse::Reason reason_of(std::string_view text) {
    using enum pulse::Reason;
    return word_of(text,
                   {settled, forced, partner_silent, partner_stopped, failback, partner_running,
                    router_died, links_down, released, terminated},
                   "reason of a role");
}

pulse::Path path_of(std::string_view text) {
    return word_of(text, {pulse::Path::public_net, pulse::Path::private_net}, "heartbeat path");
}

pulse::Word heartbeat_of(std::string_view text) {
    return word_of(text, {pulse::Word::running, pulse::Word::stopped}, "heartbeat");
}

Address address_of(const std::string& text) {
    if (const auto address = Address::parse(text)) {
        return *address;
    }
    throw std::invalid_argument(fmt::format("\"{}\" is no address", text));
}

Endpoint endpoint_of(const std::string& text) {
    if (const auto endpoint = Endpoint::parse(text)) {
        return *endpoint;
    }
    throw std::invalid_argument(fmt::format("\"{}\" is no address and port", text));
}

std::string text_of(const json& object, const char* member) {
    return object.at(member).get<std::string>();
}

// ---- compound members ----

ordered_json to_json(const ports::ServiceName& service) {
    ordered_json out{{"name", service.name}};
    add_service_key(out, service.key);
    return out;
}

ports::ServiceName service_of(const json& object) {
    const auto& service = object.at("service");
    return {text_of(service, "name"), read_service_key(service)};
}

ordered_json to_json(const ports::ServerName& server) {
    return {{"name", server.name}, {"endpoint", server.endpoint.to_string()}};
}

ports::ServerName server_of(const json& object) {
    const auto& server = object.at("server");
    return {text_of(server, "name"), endpoint_of(text_of(server, "endpoint"))};
}

ordered_json to_json(const ipvs::ServiceSettings& settings) {
    return {{"scheduler", settings.scheduler},
            {"persistent", settings.persistent.count()},
            {"persistence_mask", settings.persistence_mask.to_string()},
            {"persistence_prefix", settings.persistence_prefix},
            {"one_packet", settings.one_packet},
            {"scheduler_flag_1", settings.scheduler_flag_1},
            {"scheduler_flag_2", settings.scheduler_flag_2}};
}

ipvs::ServiceSettings settings_of(const json& object) {
    const auto& settings = object.at("settings");
    return {.scheduler = text_of(settings, "scheduler"),
            .persistent = Duration(settings.at("persistent").get<Duration::rep>()),
            .persistence_mask = address_of(text_of(settings, "persistence_mask")),
            .persistence_prefix = settings.at("persistence_prefix").get<unsigned>(),
            .one_packet = settings.at("one_packet").get<bool>(),
            .scheduler_flag_1 = settings.at("scheduler_flag_1").get<bool>(),
            .scheduler_flag_2 = settings.at("scheduler_flag_2").get<bool>()};
}

// ---- events ----

/// How each kind of event is called, written and read.
template <class Kind>
struct Line;

template <>
struct Line<ports::RoleChanged> {
    static constexpr auto name = "role_changed";
    static void write(ordered_json& out, const ports::RoleChanged& event) {
        out["active"] = event.active;
        out["reason"] = to_string(event.reason);
    }
    static ports::RoleChanged read(const json& in) {
        return {in.at("active").get<bool>(), reason_of(text_of(in, "reason"))};
    }
};

template <class Kind>
struct HeartbeatLine {
    static void write(ordered_json& out, const Kind& event) {
        out["path"] = to_string(event.path);
        out["word"] = to_string(event.word);
    }
    static Kind read(const json& in) {
        return {path_of(text_of(in, "path")), heartbeat_of(text_of(in, "word"))};
    }
};
template <>
struct Line<ports::HeartbeatSent> : HeartbeatLine<ports::HeartbeatSent> {
    static constexpr auto name = "heartbeat_sent";
};
template <>
struct Line<ports::HeartbeatHeard> : HeartbeatLine<ports::HeartbeatHeard> {
    static constexpr auto name = "heartbeat_heard";
};

template <class Kind>
struct AddressLine {
    static void write(ordered_json& out, const Kind& event) {
        out["address"] = event.address.to_string();
    }
    static Kind read(const json& in) { return {address_of(text_of(in, "address"))}; }
};
template <>
struct Line<ports::AddressRaised> : AddressLine<ports::AddressRaised> {
    static constexpr auto name = "address_raised";
};
template <>
struct Line<ports::AddressLowered> : AddressLine<ports::AddressLowered> {
    static constexpr auto name = "address_lowered";
};

template <>
struct Line<ports::AddressAnnounced> {
    static constexpr auto name = "address_announced";
    static void write(ordered_json& out, const ports::AddressAnnounced& event) {
        out["address"] = event.address.to_string();
        out["nth"] = event.nth;
    }
    static ports::AddressAnnounced read(const json& in) {
        return {address_of(text_of(in, "address")), in.at("nth").get<int>()};
    }
};

template <>
struct Line<ports::ServiceSet> {
    static constexpr auto name = "service_set";
    static void write(ordered_json& out, const ports::ServiceSet& event) {
        out["service"] = to_json(event.service);
        out["settings"] = to_json(event.settings);
    }
    static ports::ServiceSet read(const json& in) { return {service_of(in), settings_of(in)}; }
};

template <>
struct Line<ports::ServiceRemoved> {
    static constexpr auto name = "service_removed";
    static void write(ordered_json& out, const ports::ServiceRemoved& event) {
        out["service"] = to_json(event.service);
    }
    static ports::ServiceRemoved read(const json& in) { return {service_of(in)}; }
};

template <class Kind>
struct WeightLine {
    static void write(ordered_json& out, const Kind& event) {
        out["service"] = to_json(event.service);
        out["server"] = to_json(event.server);
        out["weight"] = event.weight.value();
    }
    static Kind read(const json& in) {
        return {service_of(in), server_of(in), Weight(in.at("weight").get<Weight::rep>())};
    }
};
template <>
struct Line<ports::DestinationAdded> : WeightLine<ports::DestinationAdded> {
    static constexpr auto name = "destination_added";
};
template <>
struct Line<ports::DestinationEdited> : WeightLine<ports::DestinationEdited> {
    static constexpr auto name = "destination_edited";
};

template <>
struct Line<ports::DestinationRemoved> {
    static constexpr auto name = "destination_removed";
    static void write(ordered_json& out, const ports::DestinationRemoved& event) {
        out["service"] = to_json(event.service);
        out["server"] = to_json(event.server);
    }
    static ports::DestinationRemoved read(const json& in) {
        return {service_of(in), server_of(in)};
    }
};

template <>
struct Line<ports::CheckEnded> {
    static constexpr auto name = "check_ended";
    static void write(ordered_json& out, const ports::CheckEnded& event) {
        out["service"] = to_json(event.service);
        out["server"] = to_json(event.server);
        out["up"] = event.up;
        out["duration"] = event.duration.count();
    }
    static ports::CheckEnded read(const json& in) {
        return {service_of(in), server_of(in), in.at("up").get<bool>(),
                Duration(in.at("duration").get<Duration::rep>())};
    }
};

template <>
struct Line<ports::LoadMeasured> {
    static constexpr auto name = "load_measured";
    static void write(ordered_json& out, const ports::LoadMeasured& event) {
        out["service"] = to_json(event.service);
        out["server"] = to_json(event.server);
        out["load"] = event.load && std::isfinite(*event.load) ? ordered_json(*event.load)
                                                               : ordered_json(nullptr);
    }
    static ports::LoadMeasured read(const json& in) {
        const auto& load = in.at("load");
        return {service_of(in), server_of(in),
                load.is_null() ? std::nullopt : std::optional(load.get<double>())};
    }
};

template <>
struct Line<ports::Note> {
    static constexpr auto name = "note";
    static void write(ordered_json& out, const ports::Note& event) { out["text"] = event.text; }
    static ports::Note read(const json& in) { return {text_of(in, "text")}; }
};

template <std::size_t... Index>
ports::RouterEvent read_event(const std::string& name, const json& in,
                              std::index_sequence<Index...>) {
    std::optional<ports::RouterEvent> read;
    const auto try_kind = [&]<class Kind>(const Kind*) {
        if (name == Line<Kind>::name) {
            read = Line<Kind>::read(in);
        }
    };
    (try_kind(static_cast<const std::variant_alternative_t<Index, ports::RouterEvent>*>(nullptr)),
     ...);
    if (!read) {
        throw std::invalid_argument(fmt::format("no event is called \"{}\"", name));
    }
    return *read;
}

}  // namespace

std::string event_line(const TimedEvent& event) {
    ordered_json out{{"time", event.time.time_since_epoch().count()}};
    std::visit(
        [&]<class Kind>(const Kind& kind) {
            out["event"] = Line<Kind>::name;
            Line<Kind>::write(out, kind);
        },
        event.event);
    return out.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

Checked<TimedEvent> parse_event_line(std::string_view line) {
    Checked<TimedEvent> result;
    try {
        const auto in = json::parse(line);
        const auto time = Time(Duration(in.at("time").get<Duration::rep>()));
        constexpr auto kinds = std::make_index_sequence<std::variant_size_v<ports::RouterEvent>>{};
        result.value = TimedEvent{time, read_event(text_of(in, "event"), in, kinds)};
    } catch (const json::exception& error) {
        result.diagnostics.error({}, error.what());
    } catch (const std::invalid_argument& error) {
        result.diagnostics.error({}, error.what());
    }
    return result;
}

}  // namespace lvslab::realmode
