// SPDX-License-Identifier: GPL-2.0-only
// A plug-in that does by the C interface what the kernel's rr does: the next server after the last
// choice that has weight and is not overloaded; where the last choice has left, its place counts.
// The kernel's is told of each server that leaves; this one sees at its next decision what is left,
// which is the same as long as one server comes or goes between two decisions.
#include <cstdint>
#include <new>
#include <vector>

#include "core/ipvs/scheduler_plugin.h"

namespace {

/// What was there at the last decision, from the front of the list to the last server chosen.
using Seen = std::vector<std::uint64_t>;

/// The place of the last choice or, if it has left, of the nearest before it that has not; -1 =
/// before the front.
std::int64_t last_place(const Seen& seen, const lvslab_destination* servers, std::size_t count) {
    for (auto i = seen.size(); i-- > 0;) {
        for (std::size_t place = 0; place < count; ++place) {
            if (servers[place].id == seen[i]) {
                return static_cast<std::int64_t>(place);
            }
        }
    }
    return -1;
}

void* create(std::uint64_t) {
    return new (std::nothrow) Seen;
}
void destroy(void* state) {
    delete static_cast<Seen*>(state);
}

std::int64_t schedule(void* state, const lvslab_request*, const lvslab_destination* servers,
                      std::size_t count) {
    auto& seen = *static_cast<Seen*>(state);
    const auto after = static_cast<std::size_t>(last_place(seen, servers, count) + 1);
    const auto remember = [&](std::size_t length) {
        seen.clear();
        for (std::size_t i = 0; i < length; ++i) {
            seen.push_back(servers[i].id);
        }
    };
    for (std::size_t i = 0; i < count; ++i) {
        const auto place = (after + i) % count;
        if (servers[place].weight > 0 && servers[place].overloaded == 0) {
            remember(place + 1);
            return static_cast<std::int64_t>(place);
        }
    }
    remember(after);
    return -1;
}

}  // namespace

const lvslab_scheduler* lvslab_scheduler_plugin(void) {
    static const lvslab_scheduler plugin{LVSLAB_SCHEDULER_PLUGIN_VERSION,
                                         "round-robin",
                                         "round robin once more",
                                         create,
                                         destroy,
                                         schedule};
    return &plugin;
}
