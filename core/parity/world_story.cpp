// SPDX-License-Identifier: GPL-2.0-only
#include "core/parity/world_story.hpp"

#include <variant>

#include <fmt/format.h>

namespace lvslab::parity {
namespace {

std::string name_of(const std::vector<std::string>& names, std::uint32_t index) {
    return index < names.size() ? names[index] : "?";
}

}  // namespace

std::string_view to_string(Thread thread) {
    switch (thread) {
        case Thread::role:
            return "role";
        case Thread::address:
            return "address";
        case Thread::server:
            return "server";
    }
    return "?";
}

std::string Moment::text() const {
    if (!weight) {
        return what;
    }
    return fmt::format("{}{} {}", what == "weight" ? "" : what + ", ", "weight", *weight);
}

void WorldStory::take(const journal::Event& event) {
    end_ = event.time;
    std::visit([&](const auto& payload) { on(event.time, payload); }, event.payload);
}

void WorldStory::on(Time, const journal::RunStarted& event) {
    run_ = event;
    given_.assign(event.servers.size(), 0);
}

void WorldStory::on(Time, const journal::Decision& event) {
    if (event.server < given_.size()) {
        ++given_[event.server];
    }
}

void WorldStory::on(Time, const journal::ResponseReceived& event) {
    response_times_.push_back(to_seconds(event.response_time));
}

void WorldStory::on(Time, const journal::ConnectionOpened&) {
    ++opened_;
}

void WorldStory::on(Time, const journal::ConnectionClosed& event) {
    served_ += event.outcome == journal::Outcome::served ? 1 : 0;
}

void WorldStory::on(Time now, const journal::RoleChanged& event) {
    moments_.push_back({now, Thread::role, name_of(run_.routers, event.router),
                        (event.active ? "active: " : "inactive: ") + event.reason});
}

void WorldStory::on(Time now, const journal::AddressRaised& event) {
    moments_.push_back({now, Thread::address,
                        name_of(run_.routers, event.router) + " " + event.address.to_string(),
                        "raised"});
}

void WorldStory::on(Time now, const journal::AddressLowered& event) {
    moments_.push_back({now, Thread::address,
                        name_of(run_.routers, event.router) + " " + event.address.to_string(),
                        "lowered"});
}

template <class Change>
std::string WorldStory::subject(const Change& event) const {
    return fmt::format("{} {} {}", name_of(run_.routers, event.router),
                       name_of(run_.services, event.service), name_of(run_.servers, event.server));
}

template <class Change>
void WorldStory::server(Time now, const Change& event, std::string_view what,
                        std::optional<std::int32_t> weight) {
    moments_.push_back({now, Thread::server, subject(event), std::string(what), weight});
}

void WorldStory::on(Time now, const journal::DestinationAdded& event) {
    server(now, event, "in", event.weight);
}
void WorldStory::on(Time now, const journal::DestinationEdited& event) {
    server(now, event, "weight", event.weight);
}
void WorldStory::on(Time now, const journal::DestinationRemoved& event) {
    server(now, event, server_is_out);
}

void WorldStory::on(Time, const journal::LoadMeasured& event) {
    follow_load_.insert(subject(event));
}

}  // namespace lvslab::parity
