// SPDX-License-Identifier: GPL-2.0-only
#include "core/ipvs/schedulers.hpp"

#include "core/ipvs/registered_scheduler.hpp"

namespace lvslab::ipvs {
namespace {

constexpr SchedulerEntry table[] = {
    {"rr", make_rr, "round robin"},
    {"wrr", make_wrr, "weighted round robin"},
    {"lc", make_lc, "least connections"},
    {"wlc", make_wlc, "least connections by weight"},
    {"lblc", make_lblc, "one server a destination address, by least connections"},
    {"lblcr", make_lblcr, "a set of servers a destination address, by least connections"},
    {"dh", make_dh, "by hash of the destination address"},
    {"sh", make_sh, "by hash of the source address"},
    {"sed", make_sed, "shortest expected delay"},
    {"nq", make_nq, "never queue: an idle server first, else shortest expected delay"},
    {"fo", make_fo, "failover: the highest weight"},
    {"ovf", make_ovf, "overflow: the highest weight with room left"},
    {"mh", make_mh, "Maglev hashing of the source address"},
    {"twos", make_twos, "the better of two random servers", true},
};

}  // namespace

std::span<const SchedulerEntry> scheduler_table() {
    return table;
}

const SchedulerEntry* find_scheduler(std::string_view name) {
    for (const auto& entry : table) {
        if (entry.name == name) {
            return &entry;
        }
    }
    return find_registered_scheduler(name);
}

std::vector<std::string> scheduler_names() {
    std::vector<std::string> names;
    for (const auto& entry : table) {
        names.emplace_back(entry.name);
    }
    const auto own = own_scheduler_names();
    names.insert(names.end(), own.begin(), own.end());
    return names;
}

}  // namespace lvslab::ipvs
