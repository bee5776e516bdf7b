// SPDX-License-Identifier: GPL-2.0-only
#include "core/pulse/actions.hpp"

namespace lvslab::pulse {

std::string_view to_string(Path path) {
    return path == Path::public_net ? "public" : "private";
}

std::string_view to_string(Reason reason) {
    switch (reason) {
        case Reason::settled:
            return "active when the run begins";
        case Reason::forced:
            return "forced active on startup";
        case Reason::partner_silent:
            return "partner dead";
        case Reason::partner_stopped:
            return "partner inactive";
        case Reason::failback:
            return "failback to the primary";
        case Reason::partner_running:
            return "partner active";
        case Reason::router_died:
            return "router died";
        case Reason::links_down:
            return "local link failure";
        case Reason::released:
            return "released";
        case Reason::terminated:
            return "terminated";
    }
    return "";
}

std::string_view to_string(Notice notice) {
    switch (notice) {
        case Notice::word_refused:
            return "heartbeat refused";
        case Notice::both_active:
            return "partner active: announcing again";
        case Notice::announced:
            return "gratuitous ARPs finished";
        case Notice::fault_cleared:
            return "partner runs: local fault cleared";
        case Notice::links_up:
            return "local links restored";
        case Notice::links_down:
            return "local link failure";
        case Notice::no_backup_wanted:
            return "this is the backup node and backup_active is 0";
    }
    return "";
}

}  // namespace lvslab::pulse
