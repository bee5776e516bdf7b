// SPDX-License-Identifier: GPL-2.0-only
#include "realmode/host/route_socket.hpp"

#include <net/if.h>
#include <net/if_arp.h>
#include <netlink/cache.h>
#include <netlink/errno.h>
#include <netlink/netlink.h>
#include <netlink/route/addr.h>
#include <netlink/route/link.h>
#include <netlink/socket.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace lvslab::realmode {
namespace {

struct FreeObject {
    void operator()(nl_cache* cache) const { nl_cache_free(cache); }
    void operator()(rtnl_link* link) const { rtnl_link_put(link); }
    void operator()(rtnl_addr* address) const { rtnl_addr_put(address); }
    void operator()(nl_addr* address) const { nl_addr_put(address); }
};
template <class T>
using Owned = std::unique_ptr<T, FreeObject>;

/// libnl has numbers of its own and keeps the kernel's for most of them.
std::error_code error_of(int libnl) {
    static constexpr std::array<std::pair<int, int>, 10> numbers{{
        {NLE_PERM, EPERM},
        {NLE_NOACCESS, EACCES},
        {NLE_NODEV, ENODEV},
        {NLE_OBJ_NOTFOUND, ENODEV},
        {NLE_EXIST, EEXIST},
        {NLE_NOADDR, EADDRNOTAVAIL},
        {NLE_NOMEM, ENOBUFS},
        {NLE_INVAL, EINVAL},
        {NLE_RANGE, ERANGE},
        {NLE_OPNOTSUPP, EOPNOTSUPP},
    }};
    const auto* found = std::ranges::find(numbers, -libnl, &std::pair<int, int>::first);
    return {found == numbers.end() ? EIO : found->second, std::generic_category()};
}

void check(int libnl, const char* what) {
    if (libnl < 0) {
        throw std::system_error(error_of(libnl), std::string(what) + ": " + nl_geterror(libnl));
    }
}

int family_of(const Address& a) {
    return a.is_v4() ? AF_INET : AF_INET6;
}

Owned<nl_addr> to_libnl(const Address& a, unsigned prefix_length) {
    const std::size_t size = a.is_v4() ? 4 : 16;
    Owned<nl_addr> out{nl_addr_build(family_of(a), a.bytes().data(), size)};
    nl_addr_set_prefixlen(out.get(), static_cast<int>(prefix_length));
    return out;
}

std::optional<Network> from_libnl(nl_addr* address) {
    if (address == nullptr) {
        return std::nullopt;
    }
    Address::Bytes bytes{};
    const auto size = std::min<std::size_t>(nl_addr_get_len(address), bytes.size());
    std::memcpy(bytes.data(), nl_addr_get_binary_addr(address), size);
    const auto prefix_length = nl_addr_get_prefixlen(address);
    if (nl_addr_get_family(address) == AF_INET6) {
        return Network{Address::v6(bytes), prefix_length};
    }
    const auto v4 = (std::uint32_t{bytes[0]} << 24) | (std::uint32_t{bytes[1]} << 16) |
                    (std::uint32_t{bytes[2]} << 8) | std::uint32_t{bytes[3]};
    return Network{Address::v4(v4), prefix_length};
}

std::optional<HardwareAddress> hardware_address_of(rtnl_link* link) {
    nl_addr* address = rtnl_link_get_addr(link);
    HardwareAddress out{};
    if (rtnl_link_get_arptype(link) != ARPHRD_ETHER ||
        (rtnl_link_get_flags(link) & IFF_NOARP) != 0 || address == nullptr ||
        nl_addr_get_len(address) != out.size()) {
        return std::nullopt;
    }
    std::memcpy(out.data(), nl_addr_get_binary_addr(address), out.size());
    return out;
}

Interface from_libnl(rtnl_link* link) {
    constexpr unsigned lower_up = 1U << 16;  // IFF_LOWER_UP, which <net/if.h> has not
    const unsigned flags = rtnl_link_get_flags(link);
    const char* name = rtnl_link_get_name(link);
    return {rtnl_link_get_ifindex(link), name == nullptr ? "" : name, (flags & IFF_UP) != 0,
            (flags & lower_up) != 0,     (flags & IFF_LOOPBACK) != 0, hardware_address_of(link)};
}

/// The last of the network: what ifconfig's `broadcast` was given.
Address broadcast_of(const Network& n) {
    const auto hosts = n.prefix_length == 0 ? ~0U : (1U << (32 - n.prefix_length)) - 1;
    return Address::v4(n.address.v4_host_order() | hosts);
}

Owned<rtnl_addr> to_libnl(const InterfaceAddress& a) {
    Owned<rtnl_addr> out{rtnl_addr_alloc()};
    rtnl_addr_set_ifindex(out.get(), a.interface);
    rtnl_addr_set_family(out.get(), family_of(a.network.address));
    rtnl_addr_set_local(out.get(), to_libnl(a.network.address, a.network.prefix_length).get());
    rtnl_addr_set_prefixlen(out.get(), static_cast<int>(a.network.prefix_length));
    return out;
}

}  // namespace

void RouteSocket::Free::operator()(nl_sock* socket) const {
    nl_socket_free(socket);
}

RouteSocket::RouteSocket() : socket_(nl_socket_alloc()) {
    if (!socket_) {
        throw std::system_error(ENOMEM, std::generic_category(), "rtnetlink");
    }
    check(nl_connect(socket_.get(), NETLINK_ROUTE), "rtnetlink");
}

std::vector<Interface> RouteSocket::interfaces() {
    nl_cache* raw = nullptr;
    check(rtnl_link_alloc_cache(socket_.get(), AF_UNSPEC, &raw), "interfaces");
    const Owned<nl_cache> cache{raw};
    std::vector<Interface> out;
    nl_cache_foreach(
        raw,
        [](nl_object* object, void* to) {
            static_cast<std::vector<Interface>*>(to)->push_back(
                from_libnl(reinterpret_cast<rtnl_link*>(object)));
        },
        &out);
    return out;
}

std::vector<InterfaceAddress> RouteSocket::addresses() {
    nl_cache* raw = nullptr;
    check(rtnl_addr_alloc_cache(socket_.get(), &raw), "addresses");
    const Owned<nl_cache> cache{raw};
    std::vector<InterfaceAddress> out;
    nl_cache_foreach(
        raw,
        [](nl_object* object, void* to) {
            auto* address = reinterpret_cast<rtnl_addr*>(object);
            auto network = from_libnl(rtnl_addr_get_local(address));
            if (network) {
                network->prefix_length = static_cast<unsigned>(rtnl_addr_get_prefixlen(address));
                const char* label = rtnl_addr_get_label(address);
                static_cast<std::vector<InterfaceAddress>*>(to)->push_back(
                    {rtnl_addr_get_ifindex(address), *network, label == nullptr ? "" : label});
            }
        },
        &out);
    return out;
}

std::optional<Interface> RouteSocket::interface(const std::string& name) {
    rtnl_link* raw = nullptr;
    if (rtnl_link_get_kernel(socket_.get(), 0, name.c_str(), &raw) < 0) {
        return std::nullopt;
    }
    return from_libnl(Owned<rtnl_link>{raw}.get());
}

std::optional<Interface> RouteSocket::interface(int index) {
    rtnl_link* raw = nullptr;
    if (rtnl_link_get_kernel(socket_.get(), index, nullptr, &raw) < 0) {
        return std::nullopt;
    }
    return from_libnl(Owned<rtnl_link>{raw}.get());
}

std::error_code RouteSocket::add(const InterfaceAddress& address) {
    const auto request = to_libnl(address);
    const auto& network = address.network;
    if (!address.label.empty()) {
        rtnl_addr_set_label(request.get(), address.label.c_str());
    }
    if (network.address.is_v4() && network.prefix_length < 31) {
        rtnl_addr_set_broadcast(request.get(), to_libnl(broadcast_of(network), 32).get());
    }
    if (network.address.is_v6()) {
        // No duplicate address detection; for others to speak to, not to speak from.
        constexpr std::uint32_t for_ever = 0xFFFFFFFF;
        rtnl_addr_set_flags(request.get(), IFA_F_NODAD);
        rtnl_addr_set_valid_lifetime(request.get(), for_ever);
        rtnl_addr_set_preferred_lifetime(request.get(), 0);
    }
    const int result = rtnl_addr_add(socket_.get(), request.get(), NLM_F_CREATE | NLM_F_EXCL);
    return result == -NLE_EXIST || result >= 0 ? std::error_code{} : error_of(result);
}

std::error_code RouteSocket::remove(const InterfaceAddress& address) {
    const int result = rtnl_addr_delete(socket_.get(), to_libnl(address).get(), 0);
    return result == -NLE_NOADDR || result >= 0 ? std::error_code{} : error_of(result);
}

void RouteSocket::subscribe() {
    nl_socket_disable_seq_check(socket_.get());
    check(nl_socket_add_memberships(socket_.get(), RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR,
                                    RTNLGRP_IPV6_IFADDR, RTNLGRP_NONE),
          "changes of interfaces");
    check(nl_socket_set_nonblocking(socket_.get()), "changes of interfaces");
}

/// A loss (ENOBUFS) is a change like another: whoever is told reads everything again.
void RouteSocket::drain() {
    std::array<char, 8192> messages;
    while (::recv(descriptor(), messages.data(), messages.size(), MSG_DONTWAIT) >= 0 ||
           errno == ENOBUFS || errno == EINTR) {
    }
}

int RouteSocket::descriptor() const {
    return nl_socket_get_fd(socket_.get());
}

}  // namespace lvslab::realmode
