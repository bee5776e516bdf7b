// SPDX-License-Identifier: GPL-2.0-only
#include <algorithm>
#include <array>
#include <utility>

#include <fmt/format.h>

#include "core/config/check_rules.hpp"
#include "core/config/places.hpp"

namespace lvslab::config {
namespace {

class HealthCheckCheck {
public:
    HealthCheckCheck(const VirtualServer& service, Diagnostics& found)
        : service_(service), found_(found) {}

    void run() {
        check_times();
        check_texts();
        check_protocol();
        check_quiesce();
    }

private:
    void error(std::string_view directive, const std::string& message) {
        found_.error(place_of(service_, directive), title(service_) + ": " + message);
    }
    void warning(std::string_view directive, const std::string& message) {
        found_.warning(place_of(service_, directive), title(service_) + ": " + message);
    }

    void check_times() {
        const bool timeout_counts = !service_.check_interval || !service_.check_timeout;
        if (service_.timeout <= Duration::zero() && timeout_counts) {
            error("timeout", fmt::format("timeout is {}s, expected a time above 0",
                                         to_seconds(service_.timeout)));
            return;
        }
        if (service_.reentry < Duration::zero()) {
            error("reentry", fmt::format("reentry is {}s, expected 0 or a time above it",
                                         to_seconds(service_.reentry)));
            return;
        }
        const auto interval = service_.check_interval.value_or(service_.timeout);
        if (!service_.rise && service_.reentry < interval) {
            warning("reentry", fmt::format("reentry, {}, is below the {} between two checks: one "
                                           "success puts a failed server back",
                                           to_string(service_.reentry), to_string(interval)));
        }
        const auto limit = service_.check_timeout.value_or(service_.timeout);
        if (limit > interval) {
            warning(service_.check_timeout ? "check_timeout" : "check_interval",
                    fmt::format("a check may take {}, longer than the {} between two: a silent "
                                "server is found late",
                                to_string(limit), to_string(interval)));
        }
    }

    void check_texts() {
        if (service_.check) {
            const auto without_effect = [&](std::string_view name) {
                return is_given(service_, name) && (name != "use_regex" || service_.use_regex);
            };
            for (const auto* name : {"send", "expect", "send_program", "use_regex"}) {
                if (without_effect(name)) {
                    warning(name, fmt::format("{} has no effect beside check = {}", name,
                                              word_of(*service_.check)));
                }
            }
            return;
        }
        if (service_.send_program) {
            if (service_.send) {
                warning("send", "send has no effect beside send_program");
            }
            if (service_.use_regex) {
                warning("use_regex",
                        "use_regex has no effect beside send_program: its output is "
                        "compared as it is");
            }
            return;
        }
        if (service_.use_regex && !service_.expect) {
            warning("use_regex", "use_regex has no effect without expect");
        }
        if (service_.protocol == Protocol::udp) {
            check_datagrams();
        } else if (service_.send && !service_.expect) {
            warning("send",
                    "send without expect: the server counts as up once the bytes are "
                    "sent, whatever it answers");
        }
    }

    void check_datagrams() {
        if (!service_.expect) {
            warning("protocol",
                    "udp without expect: anything that comes back counts as up, "
                    "an error message too");
        }
        // Port 80 is sent something of its own.
        if (!service_.send && (service_.expect || service_.port != Port{80})) {
            warning("protocol",
                    "udp without send: nothing is sent, so nothing comes back, and the "
                    "server counts as down");
        }
    }

    void check_protocol() {
        const bool http = service_.check && *service_.check != CheckType::tcp;
        if (http) {
            return;
        }
        for (const auto* name : {"check_path", "check_host", "check_status", "check_body"}) {
            if (is_given(service_, name)) {
                warning(name, fmt::format("{} has no effect without check = http or https", name));
            }
        }
    }

    void check_quiesce() {
        if (!service_.quiesce_server) {
            return;
        }
        if (service_.persistent > Duration::zero()) {
            warning("quiesce_server",
                    fmt::format("a dead server stays with weight 0, and persistence still sends "
                                "its clients there, for up to {}, unless "
                                "net.ipv4.vs.expire_quiescent_template is 1",
                                to_string(service_.persistent)));
        } else if (service_.sorry_server) {
            warning("quiesce_server",
                    "a dead server stays with weight 0: its connections do not "
                    "go to sorry_server");
        }
    }

    const VirtualServer& service_;
    Diagnostics& found_;
};

}  // namespace

void check_health_checks(const LvsConfig& config, Diagnostics& found) {
    for (const auto& service : config.virtual_servers) {
        if (service.active) {
            HealthCheckCheck(service, found).run();
        }
    }
}

}  // namespace lvslab::config
