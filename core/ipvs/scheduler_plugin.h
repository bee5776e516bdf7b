/* SPDX-License-Identifier: GPL-2.0-only */
/* A scheduler of your own as a shared library (.so), in C or in whatever speaks C: the interface of
 * `lvslab run --scheduler-plugin FILE.so` and of lvslab.SchedulerPlugin in Python.
 * docs/own-schedulers.md has an example. */
#ifndef LVSLAB_SCHEDULER_PLUGIN_H
#define LVSLAB_SCHEDULER_PLUGIN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The version of this interface. A library that tells another one is refused. Fields are added at
 * the end of a structure only together with a new version. */
#define LVSLAB_SCHEDULER_PLUGIN_VERSION 1

struct lvslab_address {
    uint8_t family;    /* 4 or 6 */
    uint8_t bytes[16]; /* network order; the first 4 for IPv4 */
};

/* A real server, as IPVS counts it at the decision. */
struct lvslab_destination {
    /* Its own as long as it is in the service, from 1 on. One that leaves and comes back, to the
     * front of the list, has another. */
    uint64_t id;
    struct lvslab_address address;
    uint16_t port;
    uint8_t overloaded; /* at its upper threshold: must not be chosen */
    int32_t weight;     /* 0 = quiesced: must not be chosen */
    uint32_t active;    /* connections in an active state */
    uint32_t inactive;  /* all other entries of the table */
};

/* The first packet of a connection. */
struct lvslab_request {
    int64_t now; /* nanoseconds since the run's start */
    struct lvslab_address client, virtual_address;
    uint16_t client_port;
};

struct lvslab_scheduler {
    uint32_t version; /* LVSLAB_SCHEDULER_PLUGIN_VERSION */
    const char* name; /* letters, digits, - and _; none of IPVS's own */
    const char* rule; /* what it does, in a few words */
    /* A scheduler for one virtual service, never null. `seed` is its own, a function of the run's
     * seed, the plug-in's name and the service: draw random numbers from nothing else, and a run
     * comes out the same each time. */
    void* (*create)(uint64_t seed);
    void (*destroy)(void* scheduler);
    /* The place in `destinations` of the server to take, or -1 for none; any other number ends the
     * run. The place of a server that must not be chosen counts as none. They stand in the kernel's
     * order: the newest first. Each scheduler is called by one thread at a time, several may be
     * called at once. Must not throw. */
    int64_t (*schedule)(void* scheduler, const struct lvslab_request* request,
                        const struct lvslab_destination* destinations, size_t count);
};

/* What a library has to define: it is looked up by this name and must return the same each time. */
const struct lvslab_scheduler* lvslab_scheduler_plugin(void);

#ifdef __cplusplus
}
#endif

#endif
