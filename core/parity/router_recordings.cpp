// SPDX-License-Identifier: GPL-2.0-only
#include "core/parity/router_recordings.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include <fmt/format.h>

#include "core/conformance/wording.hpp"
#include "core/ipvs/segment.hpp"
#include "core/world/configurations.hpp"

namespace lvslab::parity {
namespace {

using namespace std::chrono;

std::string yes(bool value) {
    return value ? "1" : "0";
}

/// As the format spells TCP's flags; U is a datagram.
std::string flags_of(const journal::SegmentSeen& segment) {
    if (segment.protocol == static_cast<std::uint8_t>(Protocol::udp)) {
        return "U";
    }
    std::string letters;
    for (const auto& [bit, letter] :
         {std::pair{0x02, 'S'}, {0x04, 'R'}, {0x01, 'F'}, {0x10, 'A'}}) {
        if ((segment.flags & bit) != 0) {
            letters += letter;
        }
    }
    return letters;
}

/// "svc+ s0 tcp 10.0.0.1 80 wlc pers=300 mask=255.255.255.0 flags=0x8"
std::string command_of(const std::string& op, const std::string& name, const ipvs::ServiceKey& key,
                       const ipvs::ServiceSettings& settings) {
    const bool marked = key.fwmark.value() != 0;
    auto text = marked ? fmt::format("{} {} {} {} 0 {}", op, name,
                                     key.family == Family::ipv4 ? "fwm" : "fwm6",
                                     key.fwmark.value(), settings.scheduler)
                       : fmt::format("{} {} {} {} {} {}", op, name, to_string(key.protocol),
                                     key.endpoint.address.to_string(), key.endpoint.port.value(),
                                     settings.scheduler);
    if (settings.persistent > Duration::zero()) {
        text += fmt::format(" pers={}", duration_cast<seconds>(settings.persistent).count());
        text += key.family == Family::ipv4
                    ? fmt::format(" mask={}", settings.persistence_mask.to_string())
                    : fmt::format(" mask={}", settings.persistence_prefix);
    }
    const unsigned flags = (settings.one_packet ? 0x4U : 0U) |
                           (settings.scheduler_flag_1 ? 0x8U : 0U) |
                           (settings.scheduler_flag_2 ? 0x10U : 0U);
    return flags == 0 ? text : text + fmt::format(" flags={:#x}", flags);
}

std::string name_of(std::uint32_t service) {
    return fmt::format("s{}", service);
}

/// The director's own answer to what it did not forward.
std::string answer_of(const journal::SegmentSeen& segment) {
    using journal::Passage;
    const bool udp = segment.protocol == static_cast<std::uint8_t>(Protocol::udp);
    const bool stack = segment.passage == Passage::passed || segment.passage == Passage::reset;
    const bool v6 = segment.virtual_endpoint.address.is_v6();
    if (segment.passage == Passage::rejected || (stack && udp)) {
        return fmt::format(R"(,"icmp":[{}])", v6 ? "1,4" : "3,3");
    }
    if (!stack) {
        return "";
    }
    ipvs::Segment asked;
    asked.flags = static_cast<ipvs::TcpFlags>(segment.flags);
    const auto flags = conformance::stack_answer(asked);
    return flags.empty() ? "" : fmt::format(R"(,"reply":"{}")", flags);
}

std::string line_of(std::uint64_t number, Time now, const std::string& rest) {
    const auto whole = now.time_since_epoch().count();
    return fmt::format("{{\"i\":{},\"t\":{}.{:06},{}}}\n", number, whole / 1000000, whole % 1000000,
                       rest);
}

}  // namespace

RouterRecordings::RouterRecordings(const scenario::Scenario& scenario,
                                   const std::optional<std::string>& scheduler)
    : scenario_(scenario), services_(world::all_services(scenario, scheduler)) {}

void RouterRecordings::take(const journal::Event& event) {
    std::visit([&](const auto& payload) { on(event.time, payload); }, event.payload);
}

void RouterRecordings::line(Life& life, Time now, const std::string& rest) {
    life.recording.text += line_of(life.lines++, now, rest);
}

/// What is known of the timers that its entries go by.
std::string RouterRecordings::first_line(const Life& life) const {
    std::string rest = R"("op":"env","kernel":"lvslab","arch":"","script":"")";
    if (exact_timers_) {
        rest += R"(,"timers":"exact")";
    } else if (tick_) {
        return line_of(0, tick_->first,
                       rest + fmt::format(R"(,"jiffies":{})", tick_->second.jiffies));
    }
    return line_of(0, life.begun, rest);
}

/// A table begins with what the host has in force.
void RouterRecordings::begin_life(std::uint32_t router, Time now) {
    auto& life = lives_[router];
    life = {};
    const auto& description = scenario_.routers[router];
    const auto past = lives_ended_[router];
    life.recording.name =
        past == 0 ? description.name : fmt::format("{}-{}", description.name, past + 1);
    life.begun = now;
    const auto& files = past == 0 ? description.running : description.at_boot;
    const auto sysctl = [&](const char* name, std::int64_t value) {
        line(life, now, fmt::format(R"("op":"sysctl","k":"{}","val":{})", name, value));
    };
    const auto& s = files.ipvs;
    sysctl("expire_nodest_conn", s.expire_nodest_conn ? 1 : 0);
    sysctl("expire_quiescent_template", s.expire_quiescent_template ? 1 : 0);
    sysctl("conn_reuse_mode", s.conn_reuse_mode);
    sysctl("sloppy_tcp", s.sloppy_tcp ? 1 : 0);
    sysctl("secure_tcp", s.secure_tcp);
    sysctl("lblc_expiration", duration_cast<seconds>(s.lblc_expiration).count());
    sysctl("lblcr_expiration", duration_cast<seconds>(s.lblcr_expiration).count());
    const auto timeouts = router::desired_timeouts(description.config);
    line(life, now,
         fmt::format(R"("op":"timeout","tcp":{},"fin":{},"udp":{})",
                     duration_cast<seconds>(timeouts.tcp).count(),
                     duration_cast<seconds>(timeouts.tcp_fin).count(),
                     duration_cast<seconds>(timeouts.udp).count()));
    if (files.ftp_helper) {
        life.recording.not_replayable = "the FTP helper makes entries from payloads";
    }
    if (description.config.syncdaemon) {
        life.recording.not_replayable = "routers tell each other of connections (syncdaemon)";
    }
}

void RouterRecordings::end_life(std::uint32_t router) {
    const auto found = lives_.find(router);
    if (found == lives_.end()) {
        return;
    }
    ++lives_ended_[router];
    if (found->second.recording.segments > 0) {
        auto& recording = found->second.recording;
        recording.text.insert(0, first_line(found->second));
        finished_.push_back(std::move(recording));
    }
    lives_.erase(found);
}

std::vector<RouterRecording> RouterRecordings::finish() {
    for (std::uint32_t router = 0; router < scenario_.routers.size(); ++router) {
        end_life(router);
    }
    return std::exchange(finished_, {});
}

void RouterRecordings::on(Time now, const journal::RunStarted& run) {
    exact_timers_ = run.world != "kernel";
    for (std::uint32_t router = 0; router < scenario_.routers.size(); ++router) {
        begin_life(router, now);
    }
}

/// A machine that dies loses its table.
void RouterRecordings::on(Time now, const journal::NodeChanged& event) {
    const auto found = std::ranges::find(scenario_.routers, event.node, &scenario::Router::name);
    if (found == scenario_.routers.end()) {
        return;
    }
    const auto router = static_cast<std::uint32_t>(found - scenario_.routers.begin());
    if (event.state == journal::NodeState::crashed) {
        end_life(router);
    } else if (!lives_.contains(router)) {
        begin_life(router, now);
    }
}

void RouterRecordings::on(Time now, const journal::ServiceSet& event) {
    const auto life = lives_.find(event.router);
    if (life == lives_.end() || event.service >= services_.size()) {
        return;
    }
    const auto& service = services_[event.service];
    auto settings = service.settings;
    settings.scheduler = event.scheduler;
    settings.persistent = event.persistent;
    settings.persistence_mask = event.persistence_mask;
    const bool known = !life->second.services.insert(event.service).second;
    const std::string op = known ? "svc=" : "svc+";
    const auto name = name_of(event.service);
    line(life->second, now,
         fmt::format(R"("op":"{}","svc":"{}","sched":"{}","cmd":"{}")", op, name,
                     settings.scheduler, command_of(op, name, service.key, settings)));
}

void RouterRecordings::on(Time now, const journal::ServiceRemoved& event) {
    const auto life = lives_.find(event.router);
    if (life != lives_.end() && life->second.services.erase(event.service) > 0) {
        line(life->second, now, fmt::format(R"("op":"svc-","svc":"{}")", name_of(event.service)));
    }
}

const router::DesiredDestination* RouterRecordings::find(std::uint32_t service,
                                                         std::uint32_t server) const {
    if (service >= services_.size() || server >= scenario_.servers.size()) {
        return nullptr;
    }
    const auto& address = scenario_.servers[server].interface.address;
    const auto& in = services_[service];
    const auto found = std::ranges::find_if(
        in.destinations, [&](const auto& d) { return d.endpoint.address == address; });
    if (found != in.destinations.end()) {
        return &*found;
    }
    return in.sorry && in.sorry->endpoint.address == address ? &*in.sorry : nullptr;
}

template <class Change>
void RouterRecordings::destination(Time now, const char* op, const Change& event) {
    const auto life = lives_.find(event.router);
    const auto* found = find(event.service, event.server);
    if (life == lives_.end() || found == nullptr) {
        return;
    }
    auto rest = fmt::format(R"("op":"{}","svc":"{}","dst":"{}")", op, name_of(event.service),
                            found->endpoint.to_string());
    if constexpr (requires { event.weight; }) {
        rest += fmt::format(R"(,"m":"{}","w":{},"u":{},"l":{})",
                            conformance::name_of(found->settings.method), event.weight,
                            found->settings.upper_threshold, found->settings.lower_threshold);
    }
    line(life->second, now, rest);
}

void RouterRecordings::on(Time now, const journal::DestinationAdded& event) {
    destination(now, "dst+", event);
}
void RouterRecordings::on(Time now, const journal::DestinationEdited& event) {
    destination(now, "dst=", event);
}
void RouterRecordings::on(Time now, const journal::DestinationRemoved& event) {
    destination(now, "dst-", event);
}

void RouterRecordings::on(Time now, const journal::KernelTick& event) {
    tick_.emplace(now, event);
}

void RouterRecordings::on(Time now, const journal::SegmentSeen& event) {
    const auto life = lives_.find(event.router);
    if (life == lives_.end()) {
        return;
    }
    ++life->second.recording.segments;
    auto rest =
        fmt::format(R"("op":"{}","f":"{}","c":"{}","v":"{}")", event.reply ? "rs" : "in",
                    flags_of(event), event.client.to_string(), event.virtual_endpoint.to_string());
    const bool forwarded = event.passage == journal::Passage::forwarded;
    if (event.reply) {
        rest += fmt::format(R"(,"ok":{})", yes(forwarded));
    } else if (forwarded) {
        rest +=
            fmt::format(R"(,"to":"{}","m":"{}")", event.server.to_string(),
                        conformance::name_of(static_cast<ipvs::ForwardingMethod>(event.method)));
    } else if (event.passage == journal::Passage::unseen) {
        rest += R"(,"unseen":1)";
    } else {
        rest += R"(,"to":null)" + answer_of(event);
    }
    if (event.mark != 0) {
        rest += fmt::format(R"(,"mark":{})", event.mark);
    }
    line(life->second, now, rest);
}

}  // namespace lvslab::parity
