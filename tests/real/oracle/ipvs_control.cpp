// SPDX-License-Identifier: GPL-2.0-only
#include "tests/real/oracle/ipvs_control.hpp"

#include <arpa/inet.h>
#include <linux/genetlink.h>
#include <linux/ip_vs.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>

namespace lvslab::oracle {
namespace {

std::span<const std::uint8_t> bytes_of(const auto& value) {
    return {reinterpret_cast<const std::uint8_t*>(&value), sizeof value};
}

genlmsghdr command_header(std::uint8_t command, std::uint8_t version) {
    genlmsghdr h{};
    h.cmd = command;
    h.version = version;
    return h;
}

std::uint16_t address_family(Family family) {
    return family == Family::ipv4 ? AF_INET : AF_INET6;
}

void put_key(NetlinkRequest& request, const Service& service) {
    request.value(IPVS_SVC_ATTR_AF, address_family(service.family));
    if (service.fwmark != 0) {
        request.value(IPVS_SVC_ATTR_FWMARK, service.fwmark);
        return;
    }
    request.value(IPVS_SVC_ATTR_PROTOCOL, service.protocol);
    request.attribute(IPVS_SVC_ATTR_ADDR, service.endpoint.address.bytes());
    request.value(IPVS_SVC_ATTR_PORT, htons(service.endpoint.port));
}

void put_settings(NetlinkRequest& request, const Service& service) {
    request.text(IPVS_SVC_ATTR_SCHED_NAME, service.scheduler);
    ip_vs_flags flags{};
    flags.flags = service.flags | (service.persistent != 0 ? IP_VS_SVC_F_PERSISTENT : 0U);
    flags.mask = ~0U;
    request.value(IPVS_SVC_ATTR_FLAGS, flags);
    request.value(IPVS_SVC_ATTR_TIMEOUT, service.persistent);
    request.value(IPVS_SVC_ATTR_NETMASK,
                  service.family == Family::ipv4 ? htonl(service.netmask) : service.netmask);
}

template <typename Value>
Value read(const Attributes& attributes, int type) {
    Value value{};
    const auto found = attributes.find(type);
    if (found != attributes.end() && found->second.size() >= sizeof value) {
        std::memcpy(&value, found->second.data(), sizeof value);
    }
    return value;
}

Counters read_counters(const Attributes& dest, Family service_family) {
    Counters c;
    Address::Bytes raw{};
    const auto address = dest.at(IPVS_DEST_ATTR_ADDR);
    std::memcpy(raw.data(), address.data(), std::min(raw.size(), address.size()));
    c.endpoint.address = Address::v6(raw);
    if (service_family == Family::ipv4) {
        c.endpoint.address = Address::v4(c.endpoint.address.word(0));
    }
    c.endpoint.port = ntohs(read<std::uint16_t>(dest, IPVS_DEST_ATTR_PORT));
    c.weight = read<std::int32_t>(dest, IPVS_DEST_ATTR_WEIGHT);
    c.active = read<std::uint32_t>(dest, IPVS_DEST_ATTR_ACTIVE_CONNS);
    c.inactive = read<std::uint32_t>(dest, IPVS_DEST_ATTR_INACT_CONNS);
    c.persistent = read<std::uint32_t>(dest, IPVS_DEST_ATTR_PERSIST_CONNS);
    return c;
}

}  // namespace

IpvsControl::IpvsControl()
    : socket_(NETLINK_GENERIC), control_(socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC, IPPROTO_RAW)) {
    if (control_ < 0) {
        throw std::system_error(errno, std::generic_category(), "control socket");
    }
    NetlinkRequest ask_family(GENL_ID_CTRL, NLM_F_ACK);
    ask_family.header(bytes_of(command_header(CTRL_CMD_GETFAMILY, 1)));
    ask_family.text(CTRL_ATTR_FAMILY_NAME, IPVS_GENL_NAME);
    const int error = socket_.ask(ask_family, [this](std::span<const std::uint8_t> payload) {
        family_ = read<std::uint16_t>(attributes_of(payload.subspan(sizeof(genlmsghdr))),
                                      CTRL_ATTR_FAMILY_ID);
    });
    if (error != 0 || family_ == 0) {
        throw std::system_error(error, std::generic_category(), "no IPVS in this kernel");
    }
}

IpvsControl::~IpvsControl() {
    close(control_);
}

NetlinkRequest IpvsControl::request(std::uint8_t command, std::uint16_t flags) const {
    NetlinkRequest r(family_, flags);
    r.header(bytes_of(command_header(command, IPVS_GENL_VERSION)));
    return r;
}

int IpvsControl::change(std::uint8_t command, const Service& service) {
    auto r = request(command, NLM_F_ACK);
    const auto nest = r.begin_nest(IPVS_CMD_ATTR_SERVICE);
    put_key(r, service);
    if (command != IPVS_CMD_DEL_SERVICE) {
        put_settings(r, service);
    }
    r.end_nest(nest);
    return socket_.ask(r);
}

int IpvsControl::change(std::uint8_t command, const Service& service,
                        const Destination& destination) {
    auto r = request(command, NLM_F_ACK);
    const auto service_nest = r.begin_nest(IPVS_CMD_ATTR_SERVICE);
    put_key(r, service);
    r.end_nest(service_nest);
    const auto nest = r.begin_nest(IPVS_CMD_ATTR_DEST);
    r.attribute(IPVS_DEST_ATTR_ADDR, destination.endpoint.address.bytes());
    r.value(IPVS_DEST_ATTR_PORT, htons(destination.endpoint.port));
    r.value(IPVS_DEST_ATTR_ADDR_FAMILY, address_family(destination.endpoint.address.family()));
    if (command != IPVS_CMD_DEL_DEST) {
        r.value(IPVS_DEST_ATTR_FWD_METHOD, destination.method);
        r.value(IPVS_DEST_ATTR_WEIGHT, destination.weight);
        r.value(IPVS_DEST_ATTR_U_THRESH, destination.upper);
        r.value(IPVS_DEST_ATTR_L_THRESH, destination.lower);
    }
    r.end_nest(nest);
    return socket_.ask(r);
}

int IpvsControl::add(const Service& s) {
    return change(IPVS_CMD_NEW_SERVICE, s);
}
int IpvsControl::edit(const Service& s) {
    return change(IPVS_CMD_SET_SERVICE, s);
}
int IpvsControl::remove(const Service& s) {
    return change(IPVS_CMD_DEL_SERVICE, s);
}
int IpvsControl::add(const Service& s, const Destination& d) {
    return change(IPVS_CMD_NEW_DEST, s, d);
}
int IpvsControl::edit(const Service& s, const Destination& d) {
    return change(IPVS_CMD_SET_DEST, s, d);
}
int IpvsControl::remove(const Service& s, const Destination& d) {
    return change(IPVS_CMD_DEL_DEST, s, d);
}

int IpvsControl::set_timeouts(std::uint32_t tcp, std::uint32_t fin, std::uint32_t udp) {
    auto r = request(IPVS_CMD_SET_CONFIG, NLM_F_ACK);
    r.value(IPVS_CMD_ATTR_TIMEOUT_TCP, tcp);
    r.value(IPVS_CMD_ATTR_TIMEOUT_TCP_FIN, fin);
    r.value(IPVS_CMD_ATTR_TIMEOUT_UDP, udp);
    return socket_.ask(r);
}

std::vector<Counters> IpvsControl::counters(const Service& service) {
    if (service.family == Family::ipv4) {
        return counters_v4(service);
    }
    std::vector<Counters> found;
    auto r = request(IPVS_CMD_GET_DEST, NLM_F_DUMP);
    const auto nest = r.begin_nest(IPVS_CMD_ATTR_SERVICE);
    put_key(r, service);
    r.end_nest(nest);
    socket_.ask(r, [&](std::span<const std::uint8_t> payload) {
        const auto outer = attributes_of(payload.subspan(sizeof(genlmsghdr)));
        found.push_back(read_counters(attributes_of(outer.at(IPVS_CMD_ATTR_DEST)), service.family));
    });
    return found;
}

/// The old control call knows IPv4 only, and costs a quarter of a netlink dump: no statistics are
/// summed up.
std::vector<Counters> IpvsControl::counters_v4(const Service& service) const {
    constexpr std::size_t most = 128;
    ip_vs_get_dests question{};
    question.protocol = service.fwmark != 0 ? std::uint16_t{IPPROTO_TCP} : service.protocol;
    question.addr = htonl(service.endpoint.address.v4_host_order());
    question.port = htons(service.endpoint.port);
    question.fwmark = service.fwmark;
    question.num_dests = most;
    std::vector<std::uint8_t> buffer(sizeof question + most * sizeof(ip_vs_dest_entry));
    std::memcpy(buffer.data(), &question, sizeof question);
    auto length = static_cast<socklen_t>(buffer.size());
    std::vector<Counters> found;
    if (getsockopt(control_, IPPROTO_IP, IP_VS_SO_GET_DESTS, buffer.data(), &length) != 0) {
        return found;
    }
    for (std::size_t i = 0; i < most; ++i) {
        ip_vs_dest_entry e{};
        std::memcpy(&e, buffer.data() + sizeof question + i * sizeof e, sizeof e);
        if (e.addr == 0) {
            break;
        }
        found.push_back({{Address::v4(ntohl(e.addr)), ntohs(e.port)},
                         e.weight,
                         e.activeconns,
                         e.inactconns,
                         e.persistconns});
    }
    return found;
}

}  // namespace lvslab::oracle
