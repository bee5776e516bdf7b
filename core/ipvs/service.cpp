// SPDX-License-Identifier: GPL-2.0-only
#include "core/ipvs/service.hpp"

namespace lvslab::ipvs {

std::string_view to_string(ControlResult result) {
    switch (result) {
        case ControlResult::ok:
            return "done";
        case ControlResult::exists:
            return "it is there already";
        case ControlResult::no_such_service:
            return "there is no such service";
        case ControlResult::no_such_destination:
            return "there is no such server";
        case ControlResult::unknown_scheduler:
            return "there is no such scheduler";
        case ControlResult::out_of_range:
            return "a number is out of range";
        case ControlResult::invalid:
            return "it is invalid";
        case ControlResult::not_permitted:
            return "it is not permitted";
        case ControlResult::failed:
            return "it failed";
    }
    return "";
}

}  // namespace lvslab::ipvs
