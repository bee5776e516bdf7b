// SPDX-License-Identifier: GPL-2.0-only
#include "core/scenario/fault.hpp"

namespace lvslab::scenario {

std::string_view name_of(FaultKind kind) {
    switch (kind) {
        case FaultKind::crash:
            return "crash";
        case FaultKind::restart:
            return "restart";
        case FaultKind::hang:
            return "hang";
        case FaultKind::resume:
            return "resume";
        case FaultKind::stop:
            return "stop";
        case FaultKind::start:
            return "start";
        case FaultKind::slow:
            return "slow";
        case FaultKind::suspend:
            return "suspend";
        case FaultKind::kill:
            return "kill";
        case FaultKind::cut:
            return "cut";
        case FaultKind::heal:
            return "heal";
        case FaultKind::loss:
            return "loss";
        case FaultKind::delay:
            return "delay";
        case FaultKind::release:
            return "release";
        case FaultKind::reload:
            return "reload";
        case FaultKind::terminate:
            return "terminate";
    }
    return "?";
}

std::optional<FaultKind> undone_by(FaultKind kind) {
    switch (kind) {
        case FaultKind::crash:
            return FaultKind::restart;
        case FaultKind::hang:
        case FaultKind::suspend:
            return FaultKind::resume;
        case FaultKind::stop:
        case FaultKind::kill:
        case FaultKind::terminate:
            return FaultKind::start;
        case FaultKind::slow:
            return FaultKind::slow;
        case FaultKind::cut:
        case FaultKind::loss:
        case FaultKind::delay:
            return FaultKind::heal;
        case FaultKind::restart:
        case FaultKind::resume:
        case FaultKind::start:
        case FaultKind::heal:
        case FaultKind::release:
        case FaultKind::reload:
            return std::nullopt;
    }
    return std::nullopt;
}

std::string undone_what(const Fault& fault) {
    const auto undo = undone_by(fault.kind);
    const auto blank = fault.what.find(' ');
    if (!undo || blank == std::string::npos) {
        return "";
    }
    return std::string(name_of(*undo)) + fault.what.substr(blank);
}

}  // namespace lvslab::scenario
