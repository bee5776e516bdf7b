// SPDX-License-Identifier: GPL-2.0-only
/// The one table of lvs.cf's directives: reading, printing, JSON and the reference in docs/ are
/// made or checked from it.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/config/lvs_config.hpp"

namespace lvslab::config {

enum class Origin : std::uint8_t { piranha, extension };

/// What a directive's value looks like and how it is checked.
enum class ValueType : std::uint8_t {
    boolean,           ///< 0 or 1
    integer,           ///< what strtol reads with base 0
    count,             ///< an integer that is not negative (extensions only)
    seconds,           ///< an integer; as an extension a number with a unit: 250ms
    period,            ///< the same, above 0 (extensions only)
    times,             ///< an integer from 1 on (extensions only)
    status_range,      ///< an HTTP status or two: 200, 200-399 (extensions only)
    url_path,          ///< / and printable characters (extensions only)
    url_host,          ///< printable characters (extensions only)
    port,              ///< an integer or the name of a TCP service
    port_number,       ///< an integer
    text,              ///< one word, its quotes removed; with choices, another one is odd
    probe_text,        ///< one word, double quotes removed, single quotes kept
    host,              ///< a dotted address or a host name
    nonzero_host,      ///< the same; 0.0.0.0 is refused
    dotted,            ///< a dotted address, no name
    netmask,           ///< a dotted mask
    persistence_mask,  ///< a dotted mask; 255.255.255.255 is stored as none
    choice,            ///< one of some words
    flags,             ///< words joined by commas
    host_and_device,   ///< two values: an address or name, and an interface
    list,              ///< [ word word ... ]
};

/// A word that a choice knows.
struct Choice {
    std::string_view word;
    Origin origin = Origin::piranha;
};

/// A port and what Piranha would hold instead of it.
template <class Model>
struct PortMember {
    Port Model::*port;
    PortOutOfRange Model::*out_of_range;
};

/// An address with its interface.
template <class Model>
struct DeviceMember {
    Address Model::*address;
    std::string Model::*device;
};
template <class Model>
struct OptionalDeviceMember {
    std::optional<Address> Model::*address;
    std::string Model::*device;
};

/// Where a directive's value stands in the model.
template <class Model>
using Member =
    std::variant<bool Model::*, std::int64_t Model::*, Duration Model::*, Weight Model::*,
                 Fwmark Model::*, Address Model::*, std::optional<Address> Model::*,
                 std::string Model::*, std::optional<std::string> Model::*,
                 std::optional<std::vector<std::string>> Model::*, NetworkType Model::*,
                 ServiceType Model::*, Protocol Model::*, Failback Model::*,
                 std::optional<CheckType> Model::*, std::optional<StatusRange> Model::*,
                 std::optional<Duration> Model::*, std::optional<std::int64_t> Model::*,
                 PortMember<Model>, DeviceMember<Model>, OptionalDeviceMember<Model>>;

template <class Model>
struct Directive {
    std::string_view name;
    ValueType type;
    Member<Model> member;
    std::string_view meaning;
    std::span<const Choice> choices = {};
    Origin origin = Origin::piranha;
    /// Words beside the choices, as extensions; null = none.
    bool (*also)(std::string_view word) = nullptr;
};

/// The directives of each level in the order in which they are printed. Blocks (`virtual`,
/// `failover`, `server`) are not among them.
std::span<const Directive<LvsConfig>> global_directives();
std::span<const Directive<VirtualServer>> virtual_directives();
std::span<const Directive<RealServer>> server_directives();

template <class Model>
std::span<const Directive<Model>> directives_of();
template <>
inline std::span<const Directive<LvsConfig>> directives_of<LvsConfig>() {
    return global_directives();
}
template <>
inline std::span<const Directive<VirtualServer>> directives_of<VirtualServer>() {
    return virtual_directives();
}
template <>
inline std::span<const Directive<RealServer>> directives_of<RealServer>() {
    return server_directives();
}

/// The directive of this name on the model's level, or null.
template <class Model>
const Directive<Model>* find_directive(std::string_view name) {
    for (const auto& directive : directives_of<Model>()) {
        if (directive.name == name) {
            return &directive;
        }
    }
    return nullptr;
}

/// Where in a file a directive of this name may stand: "at the top level", "in a virtual or
/// failover block and in a server block"; empty if there is no such directive.
std::string where_allowed(std::string_view name);

/// What the type expects, for messages: "0 or 1", "rr, wrr, lc or wlc".
std::string expected_of(ValueType type, std::span<const Choice> choices);

/// Words of enumerations as lvs.cf spells them.
std::string_view word_of(NetworkType type);
std::string_view word_of(ServiceType type);
std::string_view word_of(Failback failback);
std::string_view word_of(CheckType type);
/// "200" or "200-399".
std::string word_of(const StatusRange& range);
bool from_word(std::string_view word, NetworkType& type);
bool from_word(std::string_view word, ServiceType& type);
bool from_word(std::string_view word, Protocol& protocol);
bool from_word(std::string_view word, Failback& failback);
bool from_word(std::string_view word, CheckType& type);

}  // namespace lvslab::config
