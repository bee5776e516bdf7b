// SPDX-License-Identifier: GPL-2.0-only
#include "core/conformance/list_match.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include <fmt/format.h>

#include "core/conformance/listed_entry.hpp"

namespace lvslab::conformance {
namespace {

using ipvs::DueTimer;

/// The lines that no entry has taken yet, by the entry's name.
using Lines = std::multimap<std::string, std::int64_t>;
using Entries = std::multimap<std::string, Listed>;

Lines lines_of(const std::vector<ListedConnection>& recorded) {
    Lines lines;
    for (const auto& c : recorded) {
        lines.emplace(fmt::format("{} {} {} {} {}", c.protocol, c.client, c.virtual_endpoint,
                                  c.server, c.state),
                      c.seconds_left);
    }
    return lines;
}

/// The entries that are there for certain, and those that may be gone.
std::array<Entries, 2> entries_of(const ipvs::Ipvs& ipvs, const std::vector<DueTimer>& due) {
    std::set<std::uint32_t> may_be_gone;
    for (const auto& timer : due) {
        may_be_gone.insert(timer.handle);
    }
    std::array<Entries, 2> entries;
    ipvs.for_each_connection([&](const ipvs::ConnectionStatus& c) {
        Listed entry{c.handle, c.server_listed, {{c.expires, c.expires}}};
        if (!c.possible_expiries.empty()) {
            entry.expiries.assign(c.possible_expiries.begin(), c.possible_expiries.end());
        }
        entries.at(may_be_gone.count(c.handle)).emplace(entry_name(c), std::move(entry));
    });
    return entries;
}

}  // namespace

ListMatch match_listed(const std::vector<ListedConnection>& recorded, const ipvs::Ipvs& ipvs,
                       Time begun, Time ended) {
    ListMatch result;
    const auto differ = [&](std::string expected, std::string found) {
        if (!result.difference) {
            result.difference = {std::move(expected), std::move(found)};
        }
    };
    auto lines = lines_of(recorded);
    const auto due = ipvs.due_timers(ended);
    const auto drop = std::ranges::find_if(due, &DueTimer::is_drop_of_removed);
    const auto entries = entries_of(ipvs, due);
    for (const std::size_t may_be_gone : {0U, 1U}) {
        for (const auto& [name, entry] : entries.at(may_be_gone)) {
            const auto [begin, end] = lines.equal_range(name);
            const auto line = std::find_if(begin, end, [&](const auto& row) {
                return entry.may_have_left(row.second, begun, ended);
            });
            if (line != end) {
                result.in_doubt = result.in_doubt || entry.expiries.size() > 1;
                lines.erase(line);
            } else if (may_be_gone != 0) {
                result.in_doubt = true;
                result.gone.push_back(entry.handle);
            } else if (begin == end && !entry.server_listed && drop != due.end()) {
                result.in_doubt = true;
                result.dropped = drop->handle;
            } else {
                differ(begin == end ? "no such entry"
                                    : fmt::format("{} with {} s left", name, begin->second),
                       fmt::format("{} with {} s left", name, entry.left(begun)));
            }
        }
    }
    if (!lines.empty()) {
        differ(fmt::format("{} with {} s left", lines.begin()->first, lines.begin()->second),
               "no such entry");
    }
    return result;
}

}  // namespace lvslab::conformance
