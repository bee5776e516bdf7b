// SPDX-License-Identifier: GPL-2.0-only
#include "realmode/daemon/lifeline.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

namespace lvslab::realmode {
namespace {

using nlohmann::json;

json body(const SignOfLife& sign) {
    return {{"alive", sign.at.time_since_epoch().count()}};
}
json body(const WatchedSo& watched) {
    return {{"interval", watched.signs.interval.count()}, {"limit", watched.signs.limit.count()}};
}
json body(const BecameReady&) {
    return {{"ready", true}};
}
json body(const Reloading&) {
    return {{"reloading", true}};
}
json body(const EndsInOrder& ends) {
    return {{"ends", true}, {"keep", ends.keep_services}};
}

Duration duration_of(const json& number) {
    return Duration(number.get<Duration::rep>());
}

std::optional<LifelineMessage> read(const json& in) {
    if (in.contains("alive")) {
        return SignOfLife{Time(duration_of(in["alive"]))};
    }
    if (in.contains("limit")) {
        return WatchedSo{{duration_of(in.at("interval")), duration_of(in["limit"])}};
    }
    if (in.contains("ready")) {
        return BecameReady{};
    }
    if (in.contains("reloading")) {
        return Reloading{};
    }
    if (in.contains("ends")) {
        return EndsInOrder{in.at("keep").get<bool>()};
    }
    return std::nullopt;
}

}  // namespace

std::string to_message(const LifelineMessage& message) {
    return std::visit(
        []<class Kind>(const Kind& kind) {
            if constexpr (std::is_same_v<Kind, HoldingsChange>) {
                return to_line(kind);
            } else {
                return body(kind).dump();
            }
        },
        message);
}

std::optional<LifelineMessage> parse_message(std::string_view text) {
    if (const auto change = parse_holdings_line(text)) {
        return *change;
    }
    const auto in = json::parse(text, nullptr, false);
    if (!in.is_object()) {
        return std::nullopt;
    }
    try {
        return read(in);
    } catch (const json::exception&) {
        return std::nullopt;
    }
}

Lifeline::~Lifeline() {
    if (socket_ >= 0) {
        ::close(socket_);
    }
}

bool Lifeline::send(const LifelineMessage& message) const {
    if (socket_ < 0) {
        return true;
    }
    const auto text = to_message(message);
    return ::send(socket_, text.data(), text.size(), MSG_DONTWAIT | MSG_NOSIGNAL) >= 0;
}

}  // namespace lvslab::realmode
