// SPDX-License-Identifier: GPL-2.0-only
/// How an event kind is described: its name, level and fields.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/journal/event.hpp"

namespace lvslab::journal {

/// Which list of RunStarted an index points into.
enum class NameList : std::uint8_t { plain, routers, services, servers, workloads, data_servers };

/// The list behind an index; `names` is not plain.
inline const std::vector<std::string>& names_of(const RunStarted& run, NameList names) {
    switch (names) {
        case NameList::routers:
            return run.routers;
        case NameList::services:
            return run.services;
        case NameList::servers:
            return run.servers;
        case NameList::data_servers:
            return run.data_servers;
        default:
            return run.workloads;
    }
}

/// One field of an event.
template <class Owner, class Member>
struct Field {
    std::string_view name;
    std::string_view unit;  ///< empty = none
    std::string_view meaning;
    Member Owner::*member;
    NameList names = NameList::plain;              ///< what an index points into
    std::span<const std::string_view> words = {};  ///< names of an enumeration's values
};
template <class Owner, class Member, class... Rest>
Field(std::string_view, std::string_view, std::string_view, Member Owner::*, Rest...)
    -> Field<Owner, Member>;

/// What is known of an event kind. A kind's number in files is its place in Payload, plus 1: new
/// kinds go to the end of Payload. A new field of an old kind is a new version of the format.
template <class Event>
struct Description;

}  // namespace lvslab::journal
