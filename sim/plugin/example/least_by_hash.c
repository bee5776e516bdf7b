/* SPDX-License-Identifier: GPL-2.0-only */
/* A scheduler plug-in: of two servers that the client's address names, the one with fewer
 * connections for its weight. The same client meets the same two, wherever the director is.
 *
 *     cc -shared -fPIC -I. -o least_by_hash.so sim/plugin/example/least_by_hash.c
 */
#include "core/ipvs/scheduler_plugin.h"

static int nothing_to_keep;

static void* create(uint64_t seed) {
    (void)seed;
    return &nothing_to_keep;
}
static void destroy(void* scheduler) {
    (void)scheduler;
}

static int able(const struct lvslab_destination* d) {
    return d->weight > 0 && !d->overloaded;
}

/* The next server from `place` on that may be chosen; -1 = there is none. */
static int64_t next_able(const struct lvslab_destination* d, size_t count, size_t place) {
    for (size_t i = 0; i < count; ++i) {
        if (able(&d[(place + i) % count])) {
            return (int64_t)((place + i) % count);
        }
    }
    return -1;
}

static int64_t schedule(void* scheduler, const struct lvslab_request* request,
                        const struct lvslab_destination* d, size_t count) {
    (void)scheduler;
    uint32_t hash = 2166136261U;
    for (size_t i = 0; i < sizeof request->client.bytes; ++i) {
        hash = (hash ^ request->client.bytes[i]) * 16777619U;
    }
    const int64_t first = count == 0 ? -1 : next_able(d, count, hash % count);
    if (first < 0) {
        return -1;
    }
    const int64_t second = next_able(d, count, (size_t)first + 1 + (hash >> 16) % count);
    const uint64_t first_load = (uint64_t)(d[first].active + d[first].inactive);
    const uint64_t second_load = (uint64_t)(d[second].active + d[second].inactive);
    return first_load * (uint64_t)d[second].weight <= second_load * (uint64_t)d[first].weight
               ? first
               : second;
}

const struct lvslab_scheduler* lvslab_scheduler_plugin(void) {
    static const struct lvslab_scheduler plugin = {
        LVSLAB_SCHEDULER_PLUGIN_VERSION,
        "least-by-hash",
        "the less loaded of two servers that the client's address names",
        create,
        destroy,
        schedule};
    return &plugin;
}
