// SPDX-License-Identifier: GPL-2.0-only
#include "core/ports/load_source.hpp"

namespace lvslab::ports {

std::string_view to_string(LoadMethod::Program program) {
    switch (program) {
        case LoadMethod::Program::rup:
            return "rup";
        case LoadMethod::Program::ruptime:
            return "ruptime";
        case LoadMethod::Program::uptime:
            return "uptime";
    }
    return "";
}

}  // namespace lvslab::ports
