// SPDX-License-Identifier: GPL-2.0-only
#include <algorithm>
#include <string_view>

#include <fmt/format.h>

#include "core/config/check_rules.hpp"
#include "core/config/errors.hpp"
#include "core/config/places.hpp"

namespace lvslab::config {
namespace {

/// A backslash before a character that convert_str() of nanny.c does not know.
bool has_unknown_escape(std::string_view text) {
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\\') {
            ++i;
            if (i == text.size() ||
                std::string_view("nrt\\'\"").find(text[i]) == std::string_view::npos) {
                return true;
            }
        }
    }
    return false;
}

class PiranhaNotes {
public:
    PiranhaNotes(const VirtualServer& service, Diagnostics& found)
        : service_(service), found_(found) {}

    void run() {
        if (!service_.check) {
            note_program();
            note_texts();
        }
        if (service_.sorry_server) {
            note("sorry_server", "Piranha 0.8.6 fails to add it: its call of ipvsadm is broken");
        }
        if (service_.load_monitor == "ruptime") {
            note("load_monitor", "Piranha never finds the load in what ruptime prints");
        }
        for (const auto& server : service_.servers) {
            if (server.active && server.weight == Weight{0}) {
                found_.note(place_of(server, "weight"),
                            fmt::format("server {} of {}: Piranha puts it in with weight 1",
                                        shown(server.name), title(service_)));
            }
        }
    }

private:
    void note(std::string_view directive, std::string_view text) {
        found_.note(place_of(service_, directive), fmt::format("{}: {}", title(service_), text));
    }

    void note_program() {
        if (service_.send_program && service_.expect) {
            note("send_program",
                 "Piranha takes a server for up when the program fails or takes too long");
        } else if (service_.send_program) {
            note("send_program",
                 "without expect Piranha takes the server for down, whatever the "
                 "program says");
        }
    }

    void note_texts() {
        if (service_.send_program) {
            return;
        }
        if (service_.protocol == Protocol::udp && !service_.expect) {
            note("protocol", "udp without expect: Piranha's checker crashes when an answer comes");
        }
        for (const auto* name : {"send", "expect"}) {
            const auto& text = name == std::string_view("send") ? service_.send : service_.expect;
            if (text && has_unknown_escape(*text)) {
                note(name,
                     "a backslash before a character that is no escape (\\n \\r \\t \\\\ "
                     "\\' \\\") holds Piranha's checker in an endless loop");
            }
        }
    }

    const VirtualServer& service_;
    Diagnostics& found_;
};

}  // namespace

void note_piranha(const LvsConfig& config, Diagnostics& found) {
    bool any_server = false;
    for (const auto& service : config.virtual_servers) {
        if (service.active) {
            PiranhaNotes(service, found).run();
            any_server |= std::ranges::any_of(service.servers, &RealServer::active);
        }
    }
    if (!any_server || config.service != ServiceType::lvs) {
        return;
    }
    found.note(config.location,
               "on a reload Piranha ignores new weights, schedulers, persistence and timeouts, and "
               "deletes a whole virtual service when one of its servers is removed");
    if (config.hard_shutdown) {
        found.note(place_of(config, "hard_shutdown"),
                   "hard_shutdown = 1: in Piranha one health checker that dies, as each does when "
                   "ipvsadm fails, takes all services down");
    }
}

}  // namespace lvslab::config
