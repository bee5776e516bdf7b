// SPDX-License-Identifier: GPL-2.0-only
// Plug-ins with one fault each: FAULTY_VERSION, FAULTY_NAME, FAULTY_PLACE or FAULTY_CREATE says
// which.
#include <cstdint>

#include "core/ipvs/scheduler_plugin.h"

#ifndef FAULTY_VERSION
#define FAULTY_VERSION LVSLAB_SCHEDULER_PLUGIN_VERSION
#endif
#ifndef FAULTY_NAME
#define FAULTY_NAME "faulty"
#endif
#ifndef FAULTY_PLACE
#define FAULTY_PLACE 0
#endif
#ifndef FAULTY_CREATE
#define FAULTY_CREATE &state
#endif

namespace {

int state = 0;

void* create(std::uint64_t) {
    return FAULTY_CREATE;
}
void destroy(void*) {}
std::int64_t schedule(void*, const lvslab_request*, const lvslab_destination*, std::size_t) {
    return state + FAULTY_PLACE;
}

}  // namespace

const lvslab_scheduler* lvslab_scheduler_plugin(void) {
    static const lvslab_scheduler plugin{FAULTY_VERSION, FAULTY_NAME, "has a fault",
                                         create,         destroy,     schedule};
    return &plugin;
}
