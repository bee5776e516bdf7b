// SPDX-License-Identifier: GPL-2.0-only
#include "realmode/ipvs/ipvs_messages.hpp"

#include <arpa/inet.h>
#include <linux/genetlink.h>
#include <linux/ip_vs.h>
#include <netlink/attr.h>
#include <netlink/genl/genl.h>
#include <netlink/msg.h>

#include <array>
#include <cstring>
#include <memory>
#include <new>
#include <stdexcept>
#include <utility>

namespace lvslab::realmode {
namespace {

constexpr std::size_t room = 1024;
constexpr std::uint32_t known_flags = IP_VS_SVC_F_PERSISTENT | IP_VS_SVC_F_HASHED |
                                      IP_VS_SVC_F_ONEPACKET | IP_VS_SVC_F_SCHED1 |
                                      IP_VS_SVC_F_SCHED2;
constexpr Address all_ones = Address::v4(0xFFFFFFFFU);

std::uint16_t address_family(Family family) {
    return family == Family::ipv4 ? AF_INET : AF_INET6;
}

std::uint32_t seconds(Duration d) {
    return static_cast<std::uint32_t>(std::chrono::ceil<std::chrono::seconds>(d).count());
}

/// A message that is being written.
class Writer {
public:
    Writer(IpvsFamily family, std::uint8_t command) : message_(nlmsg_alloc_size(room)) {
        if (!message_ || genlmsg_put(message_.get(), 0, 0, family.value(), 0, NLM_F_REQUEST,
                                     command, IPVS_GENL_VERSION) == nullptr) {
            throw std::bad_alloc();
        }
    }
    void bytes(int type, const void* data, std::size_t size) {
        if (nla_put(message_.get(), type, static_cast<int>(size), data) < 0) {
            throw std::length_error("netlink: an attribute is too long for a message");
        }
    }
    template <class Value>
    void value(int type, Value v) {
        bytes(type, &v, sizeof v);
    }
    void text(int type, const std::string& words) { bytes(type, words.c_str(), words.size() + 1); }
    /// What `fill` writes becomes the content of the attribute.
    template <class Fill>
    void nest(int type, Fill fill) {
        auto* start = nla_nest_start(message_.get(), type);
        if (start == nullptr) {
            throw std::length_error("netlink: no room for an attribute");
        }
        fill();
        nla_nest_end(message_.get(), start);
    }
    NetlinkMessage finished() const {
        const auto* header = nlmsg_hdr(message_.get());
        const auto* begin = reinterpret_cast<const std::uint8_t*>(header);
        return {begin, begin + header->nlmsg_len};
    }

private:
    struct Free {
        void operator()(nl_msg* message) const { nlmsg_free(message); }
    };
    std::unique_ptr<nl_msg, Free> message_;
};

void put_key(Writer& to, const ipvs::ServiceKey& given) {
    const auto key = normalised(given);
    to.value(IPVS_SVC_ATTR_AF, address_family(key.family));
    if (key.fwmark != Fwmark{}) {
        to.value(IPVS_SVC_ATTR_FWMARK, key.fwmark.value());
        return;
    }
    to.value(IPVS_SVC_ATTR_PROTOCOL, static_cast<std::uint16_t>(key.protocol));
    to.bytes(IPVS_SVC_ATTR_ADDR, key.endpoint.address.bytes().data(), sizeof(Address::Bytes));
    to.value(IPVS_SVC_ATTR_PORT, htons(key.endpoint.port.value()));
}

std::uint32_t flags_of(const ipvs::ServiceSettings& settings) {
    return (settings.persistent > Duration::zero() ? IP_VS_SVC_F_PERSISTENT : 0U) |
           (settings.one_packet ? IP_VS_SVC_F_ONEPACKET : 0U) |
           (settings.scheduler_flag_1 ? IP_VS_SVC_F_SCHED1 : 0U) |
           (settings.scheduler_flag_2 ? IP_VS_SVC_F_SCHED2 : 0U);
}

/// IPv4: the mask in network order. IPv6: a plain number of bits (ip_vs_genl_parse_service).
std::uint32_t netmask_of(const ipvs::ServiceSettings& settings, Family family) {
    if (family == Family::ipv6) {
        return settings.persistence_prefix;
    }
    const auto& mask = settings.persistence_mask;
    return htonl((mask.is_unspecified() ? all_ones : mask).v4_host_order());
}

void put_settings(Writer& to, const ipvs::ServiceSettings& settings, Family family) {
    to.text(IPVS_SVC_ATTR_SCHED_NAME, settings.scheduler);
    to.value(IPVS_SVC_ATTR_FLAGS, ip_vs_flags{flags_of(settings), ~0U});
    to.value(IPVS_SVC_ATTR_TIMEOUT, seconds(settings.persistent));
    to.value(IPVS_SVC_ATTR_NETMASK, netmask_of(settings, family));
}

NetlinkMessage service_message(IpvsFamily family, std::uint8_t command, const ipvs::ServiceKey& key,
                               const ipvs::ServiceSettings* settings) {
    Writer to(family, command);
    to.nest(IPVS_CMD_ATTR_SERVICE, [&] {
        put_key(to, key);
        if (settings != nullptr) {
            put_settings(to, *settings, normalised(key).family);
        }
    });
    return to.finished();
}

NetlinkMessage destination_message(IpvsFamily family, std::uint8_t command,
                                   const ipvs::ServiceKey& service, const Endpoint& server,
                                   const ipvs::DestinationSettings* settings) {
    Writer to(family, command);
    to.nest(IPVS_CMD_ATTR_SERVICE, [&] { put_key(to, service); });
    to.nest(IPVS_CMD_ATTR_DEST, [&] {
        to.bytes(IPVS_DEST_ATTR_ADDR, server.address.bytes().data(), sizeof(Address::Bytes));
        to.value(IPVS_DEST_ATTR_PORT, htons(server.port.value()));
        to.value(IPVS_DEST_ATTR_ADDR_FAMILY, address_family(server.address.family()));
        if (settings != nullptr) {
            to.value(IPVS_DEST_ATTR_FWD_METHOD, static_cast<std::uint32_t>(settings->method));
            to.value(IPVS_DEST_ATTR_WEIGHT, settings->weight.value());
            to.value(IPVS_DEST_ATTR_U_THRESH, settings->upper_threshold);
            to.value(IPVS_DEST_ATTR_L_THRESH, settings->lower_threshold);
        }
    });
    return to.finished();
}

NetlinkMessage encode_one(IpvsFamily family, const ports::AddService& c) {
    return service_message(family, IPVS_CMD_NEW_SERVICE, c.key, &c.settings);
}
NetlinkMessage encode_one(IpvsFamily family, const ports::EditService& c) {
    return service_message(family, IPVS_CMD_SET_SERVICE, c.key, &c.settings);
}
NetlinkMessage encode_one(IpvsFamily family, const ports::RemoveService& c) {
    return service_message(family, IPVS_CMD_DEL_SERVICE, c.key, nullptr);
}
NetlinkMessage encode_one(IpvsFamily family, const ports::AddDestination& c) {
    return destination_message(family, IPVS_CMD_NEW_DEST, c.service, c.server, &c.settings);
}
NetlinkMessage encode_one(IpvsFamily family, const ports::EditDestination& c) {
    return destination_message(family, IPVS_CMD_SET_DEST, c.service, c.server, &c.settings);
}
NetlinkMessage encode_one(IpvsFamily family, const ports::RemoveDestination& c) {
    return destination_message(family, IPVS_CMD_DEL_DEST, c.service, c.server, nullptr);
}

NetlinkMessage bare_message(IpvsFamily family, std::uint8_t command) {
    return Writer(family, command).finished();
}

std::uint32_t state_of(pulse::SyncRole role) {
    return role == pulse::SyncRole::master ? IP_VS_STATE_MASTER : IP_VS_STATE_BACKUP;
}

// ---- reading ----

/// The attributes of a message or of another attribute.
class Attributes {
public:
    /// Of the message itself, behind both headers.
    explicit Attributes(std::span<const std::uint8_t> message) {
        nlmsghdr header{};
        constexpr std::size_t headers = NLMSG_HDRLEN + GENL_HDRLEN;
        if (message.size() < headers) {
            return;
        }
        std::memcpy(&header, message.data(), sizeof header);
        if (header.nlmsg_len < headers || header.nlmsg_len > message.size()) {
            return;
        }
        parse(message.data() + headers, header.nlmsg_len - headers);
    }
    explicit Attributes(nlattr* nested) {
        if (nested != nullptr) {
            parse(static_cast<const std::uint8_t*>(nla_data(nested)),
                  static_cast<std::size_t>(nla_len(nested)));
        }
    }
    nlattr* at(int type) const { return found_[static_cast<std::size_t>(type)]; }

    template <class Value>
    std::optional<Value> value(int type) const {
        if (at(type) == nullptr || nla_len(at(type)) < static_cast<int>(sizeof(Value))) {
            return std::nullopt;
        }
        Value v{};
        std::memcpy(&v, nla_data(at(type)), sizeof v);
        return v;
    }
    /// A counter of 32 or 64 bits; 0 if it is not there.
    std::uint64_t counter(int type) const {
        const auto wide = value<std::uint64_t>(type);
        return wide ? *wide : value<std::uint32_t>(type).value_or(0);
    }
    std::string text(int type) const {
        if (at(type) == nullptr) {
            return {};
        }
        const auto* words = static_cast<const char*>(nla_data(at(type)));
        return {words, strnlen(words, static_cast<std::size_t>(nla_len(at(type))))};
    }

private:
    void parse(const std::uint8_t* bytes, std::size_t size) {
        // libnl reads only, but takes what it could write to.
        auto* first = reinterpret_cast<nlattr*>(const_cast<std::uint8_t*>(bytes));
        if (nla_parse(found_.data(), most, first, static_cast<int>(size), nullptr) < 0) {
            found_ = {};
        }
    }
    /// No list of linux/ip_vs.h is longer; what a newer kernel adds is not asked for.
    static constexpr int most = 31;
    std::array<nlattr*, most + 1> found_{};
};

std::optional<Address> address_in(nlattr* attribute, Family family) {
    Address::Bytes raw{};
    const auto needed = family == Family::ipv4 ? 4U : raw.size();
    if (attribute == nullptr || static_cast<std::size_t>(nla_len(attribute)) < needed) {
        return std::nullopt;
    }
    std::memcpy(raw.data(), nla_data(attribute), needed);
    const auto six = Address::v6(raw);
    return family == Family::ipv6 ? six : Address::v4(six.word(0));
}

std::optional<Family> family_in(std::optional<std::uint16_t> value) {
    if (value == AF_INET) {
        return Family::ipv4;
    }
    return value == AF_INET6 ? std::optional{Family::ipv6} : std::nullopt;
}

Traffic traffic_in(const Attributes& from, int wide, int narrow) {
    const Attributes s(from.at(wide) != nullptr ? from.at(wide) : from.at(narrow));
    return {.connections = s.counter(IPVS_STATS_ATTR_CONNS),
            .packets_in = s.counter(IPVS_STATS_ATTR_INPKTS),
            .packets_out = s.counter(IPVS_STATS_ATTR_OUTPKTS),
            .bytes_in = s.counter(IPVS_STATS_ATTR_INBYTES),
            .bytes_out = s.counter(IPVS_STATS_ATTR_OUTBYTES),
            .connections_a_second = s.counter(IPVS_STATS_ATTR_CPS),
            .packets_in_a_second = s.counter(IPVS_STATS_ATTR_INPPS),
            .packets_out_a_second = s.counter(IPVS_STATS_ATTR_OUTPPS),
            .bytes_in_a_second = s.counter(IPVS_STATS_ATTR_INBPS),
            .bytes_out_a_second = s.counter(IPVS_STATS_ATTR_OUTBPS)};
}

std::optional<ipvs::ServiceKey> key_in(const Attributes& s) {
    const auto family = family_in(s.value<std::uint16_t>(IPVS_SVC_ATTR_AF));
    if (!family) {
        return std::nullopt;
    }
    ipvs::ServiceKey key;
    key.family = *family;
    if (const auto mark = s.value<std::uint32_t>(IPVS_SVC_ATTR_FWMARK)) {
        key.fwmark = Fwmark{*mark};
        return normalised(key);
    }
    const auto protocol = s.value<std::uint16_t>(IPVS_SVC_ATTR_PROTOCOL);
    const auto address = address_in(s.at(IPVS_SVC_ATTR_ADDR), *family);
    const auto port = s.value<std::uint16_t>(IPVS_SVC_ATTR_PORT);
    if (!protocol || !address || !port) {
        return std::nullopt;
    }
    key.protocol = static_cast<Protocol>(*protocol);
    key.endpoint = {*address, Port{ntohs(*port)}};
    return key;
}

}  // namespace

NetlinkMessage encode(IpvsFamily family, const ports::DataplaneChange& change) {
    return std::visit([&](const auto& c) { return encode_one(family, c); }, change);
}

NetlinkMessage encode(IpvsFamily family, const ipvs::Timeouts& timeouts) {
    Writer to(family, IPVS_CMD_SET_CONFIG);
    const auto put = [&](int type, Duration d) {
        if (d > Duration::zero()) {
            to.value(type, seconds(d));
        }
    };
    put(IPVS_CMD_ATTR_TIMEOUT_TCP, timeouts.tcp);
    put(IPVS_CMD_ATTR_TIMEOUT_TCP_FIN, timeouts.tcp_fin);
    put(IPVS_CMD_ATTR_TIMEOUT_UDP, timeouts.udp);
    return to.finished();
}

NetlinkMessage encode_start(IpvsFamily family, const SyncDaemon& daemon) {
    Writer to(family, IPVS_CMD_NEW_DAEMON);
    to.nest(IPVS_CMD_ATTR_DAEMON, [&] {
        to.value(IPVS_DAEMON_ATTR_STATE, state_of(daemon.role));
        to.text(IPVS_DAEMON_ATTR_MCAST_IFN, daemon.interface);
        to.value(IPVS_DAEMON_ATTR_SYNC_ID, std::uint32_t{daemon.id});
    });
    return to.finished();
}

NetlinkMessage encode_stop(IpvsFamily family, pulse::SyncRole role) {
    Writer to(family, IPVS_CMD_DEL_DAEMON);
    to.nest(IPVS_CMD_ATTR_DAEMON, [&] { to.value(IPVS_DAEMON_ATTR_STATE, state_of(role)); });
    return to.finished();
}

NetlinkMessage encode_flush(IpvsFamily family) {
    return bare_message(family, IPVS_CMD_FLUSH);
}
NetlinkMessage encode_get_services(IpvsFamily family) {
    return bare_message(family, IPVS_CMD_GET_SERVICE);
}
NetlinkMessage encode_get_destinations(IpvsFamily family, const ipvs::ServiceKey& service) {
    return service_message(family, IPVS_CMD_GET_DEST, service, nullptr);
}
NetlinkMessage encode_get_daemons(IpvsFamily family) {
    return bare_message(family, IPVS_CMD_GET_DAEMON);
}
NetlinkMessage encode_get_timeouts(IpvsFamily family) {
    return bare_message(family, IPVS_CMD_GET_CONFIG);
}
NetlinkMessage encode_get_info(IpvsFamily family) {
    return bare_message(family, IPVS_CMD_GET_INFO);
}

std::optional<ListedService> decode_service(std::span<const std::uint8_t> message) {
    const Attributes s(Attributes(message).at(IPVS_CMD_ATTR_SERVICE));
    const auto key = key_in(s);
    const auto flags = s.value<ip_vs_flags>(IPVS_SVC_ATTR_FLAGS);
    const auto timeout = s.value<std::uint32_t>(IPVS_SVC_ATTR_TIMEOUT);
    const auto netmask = s.value<std::uint32_t>(IPVS_SVC_ATTR_NETMASK);
    if (!key || !flags || !timeout || !netmask) {
        return std::nullopt;
    }
    ListedService listed;
    listed.key = *key;
    listed.settings.scheduler = s.text(IPVS_SVC_ATTR_SCHED_NAME);
    if ((flags->flags & IP_VS_SVC_F_PERSISTENT) != 0) {
        listed.settings.persistent = std::chrono::seconds(*timeout);
    }
    listed.settings.one_packet = (flags->flags & IP_VS_SVC_F_ONEPACKET) != 0;
    listed.settings.scheduler_flag_1 = (flags->flags & IP_VS_SVC_F_SCHED1) != 0;
    listed.settings.scheduler_flag_2 = (flags->flags & IP_VS_SVC_F_SCHED2) != 0;
    if (key->family == Family::ipv4) {
        listed.settings.persistence_mask = Address::v4(ntohl(*netmask));
    } else {
        listed.settings.persistence_prefix = *netmask;
    }
    listed.persistence_engine = s.text(IPVS_SVC_ATTR_PE_NAME);
    listed.other_flags = flags->flags & ~known_flags;
    listed.traffic = traffic_in(s, IPVS_SVC_ATTR_STATS64, IPVS_SVC_ATTR_STATS);
    return listed;
}

std::optional<ListedDestination> decode_destination(std::span<const std::uint8_t> message,
                                                    Family service_family) {
    const Attributes d(Attributes(message).at(IPVS_CMD_ATTR_DEST));
    // Kernels before 3.18 do not tell: their real servers are of their service's family.
    const auto told = d.value<std::uint16_t>(IPVS_DEST_ATTR_ADDR_FAMILY);
    const auto family = told ? family_in(told) : std::optional{service_family};
    const auto address = family ? address_in(d.at(IPVS_DEST_ATTR_ADDR), *family) : std::nullopt;
    const auto port = d.value<std::uint16_t>(IPVS_DEST_ATTR_PORT);
    const auto method = d.value<std::uint32_t>(IPVS_DEST_ATTR_FWD_METHOD);
    const auto weight = d.value<std::int32_t>(IPVS_DEST_ATTR_WEIGHT);
    if (!address || !port || !method || !weight) {
        return std::nullopt;
    }
    ListedDestination listed;
    listed.server = {*address, Port{ntohs(*port)}};
    listed.settings.method = static_cast<ipvs::ForwardingMethod>(*method & IP_VS_CONN_F_FWD_MASK);
    listed.settings.weight = Weight{*weight};
    const auto number = [&](int type) { return d.value<std::uint32_t>(type).value_or(0); };
    listed.settings.upper_threshold = number(IPVS_DEST_ATTR_U_THRESH);
    listed.settings.lower_threshold = number(IPVS_DEST_ATTR_L_THRESH);
    listed.active = number(IPVS_DEST_ATTR_ACTIVE_CONNS);
    listed.inactive = number(IPVS_DEST_ATTR_INACT_CONNS);
    listed.persistent = number(IPVS_DEST_ATTR_PERSIST_CONNS);
    listed.traffic = traffic_in(d, IPVS_DEST_ATTR_STATS64, IPVS_DEST_ATTR_STATS);
    return listed;
}

std::optional<SyncDaemon> decode_daemon(std::span<const std::uint8_t> message) {
    const Attributes d(Attributes(message).at(IPVS_CMD_ATTR_DAEMON));
    const auto state = d.value<std::uint32_t>(IPVS_DAEMON_ATTR_STATE);
    const auto id = d.value<std::uint32_t>(IPVS_DAEMON_ATTR_SYNC_ID);
    if (!id || (state != IP_VS_STATE_MASTER && state != IP_VS_STATE_BACKUP)) {
        return std::nullopt;
    }
    return SyncDaemon{
        state == IP_VS_STATE_MASTER ? pulse::SyncRole::master : pulse::SyncRole::backup,
        d.text(IPVS_DAEMON_ATTR_MCAST_IFN), static_cast<std::uint8_t>(*id)};
}

std::optional<ipvs::Timeouts> decode_timeouts(std::span<const std::uint8_t> message) {
    const Attributes m(message);
    const auto tcp = m.value<std::uint32_t>(IPVS_CMD_ATTR_TIMEOUT_TCP);
    const auto fin = m.value<std::uint32_t>(IPVS_CMD_ATTR_TIMEOUT_TCP_FIN);
    const auto udp = m.value<std::uint32_t>(IPVS_CMD_ATTR_TIMEOUT_UDP);
    if (!tcp && !fin && !udp) {
        return std::nullopt;
    }
    using std::chrono::seconds;
    return ipvs::Timeouts{.tcp = seconds(tcp.value_or(0)),
                          .tcp_fin = seconds(fin.value_or(0)),
                          .udp = seconds(udp.value_or(0))};
}

std::optional<IpvsInfo> decode_info(std::span<const std::uint8_t> message) {
    const Attributes m(message);
    const auto version = m.value<std::uint32_t>(IPVS_INFO_ATTR_VERSION);
    if (!version) {
        return std::nullopt;
    }
    return IpvsInfo{*version, m.value<std::uint32_t>(IPVS_INFO_ATTR_CONN_TAB_SIZE).value_or(0)};
}

}  // namespace lvslab::realmode
