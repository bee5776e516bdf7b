// SPDX-License-Identifier: GPL-2.0-only
#include "tests/real/oracle/director_link.hpp"

#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <stdexcept>
#include <system_error>

namespace lvslab::oracle {
namespace {

constexpr const char* device_name = "lab0";
constexpr Mac gateway_station{0x02, 0x00, 0, 0, 0, 0x01};

/// Real servers are neighbours on the link; clients are behind the gateway; the virtual addresses
/// are local without being any device's.
constexpr const char* network_setup =
    "ip link set lo up && ip link set lab0 up && "
    "ip addr add 10.254.0.254/24 dev lab0 && "
    "ip route add 10.1.0.0/16 dev lab0 && "
    "ip route add default via 10.254.0.1 dev lab0 && "
    "ip route add local 10.255.0.0/24 dev lo";
constexpr const char* network_setup_v6 =
    "ip -6 addr add fd00:254::254/64 dev lab0 && "
    "ip -6 route add fd00:1::/64 dev lab0 && "
    "ip -6 route add default via fd00:254::1 dev lab0 && "
    "ip -6 route add local fd00:255::/64 dev lo";

[[noreturn]] void fail(const char* what) {
    throw std::system_error(errno, std::generic_category(), what);
}

void need_sysctl(const std::string& path, const std::string& value) {
    if (!write_sysctl(path, value)) {
        throw std::runtime_error("cannot set " + path);
    }
}

int open_tap() {
    const int device = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (device < 0) {
        fail("/dev/net/tun");
    }
    ifreq request{};
    std::strncpy(request.ifr_name, device_name, IFNAMSIZ - 1);
    request.ifr_flags = IFF_TAP | IFF_NO_PI;
    if (ioctl(device, TUNSETIFF, &request) < 0) {
        fail("TUNSETIFF");
    }
    return device;
}

Mac station_of_server(const Address& server) {
    const std::size_t last = server.is_v4() ? 0 : 12;
    const auto& b = server.bytes();
    return {0x02,        static_cast<std::uint8_t>(server.is_v4() ? 4 : 6),
            b[last],     b[last + 1],
            b[last + 2], b[last + 3]};
}

}  // namespace

int run_shell(const std::string& command) {
    const int status = std::system(command.c_str());
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

bool write_sysctl(const std::string& path, const std::string& value) {
    std::ofstream file("/proc/sys/" + path);
    file << value << std::flush;
    return file.good();
}

DirectorLink::DirectorLink() : device_(open_tap()), route_(NETLINK_ROUTE) {
    // Before the device comes up, else the kernel looks for routers and duplicate addresses.
    for (const char* scope : {"all", "default", device_name}) {
        const std::string v4 = std::string("net/ipv4/conf/") + scope + "/";
        const std::string v6 = std::string("net/ipv6/conf/") + scope + "/";
        need_sysctl(v4 + "rp_filter", "0");
        need_sysctl(v4 + "send_redirects", "0");
        need_sysctl(v6 + "accept_dad", "0");
        need_sysctl(v6 + "dad_transmits", "0");
        need_sysctl(v6 + "router_solicitations", "0");
        need_sysctl(v6 + "forwarding", "1");
    }
    need_sysctl("net/ipv4/ip_forward", "1");
    need_sysctl("net/ipv4/icmp_ratemask", "0");
    // An empty list of types would not reach the kernel; none of them is limited but an unused one.
    need_sysctl("net/ipv6/icmp/ratemask", "127");
    if (run_shell(network_setup) != 0 || run_shell(network_setup_v6) != 0) {
        throw std::runtime_error("cannot set up the director's network");
    }
    ifreq request{};
    std::strncpy(request.ifr_name, device_name, IFNAMSIZ - 1);
    if (ioctl(device_, SIOCGIFHWADDR, &request) < 0) {
        fail("SIOCGIFHWADDR");
    }
    std::memcpy(director_.data(), request.ifr_hwaddr.sa_data, director_.size());
    const int any = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (any < 0 || ioctl(any, SIOCGIFINDEX, &request) < 0) {
        fail("SIOCGIFINDEX");
    }
    close(any);
    index_ = request.ifr_ifindex;
    set_neighbour(*Address::parse("10.254.0.1"), gateway_station);
    set_neighbour(*Address::parse("fd00:254::1"), gateway_station);
    read_frames();
}

DirectorLink::~DirectorLink() {
    close(device_);
}

void DirectorLink::set_neighbour(const Address& address, const Mac& station) {
    NetlinkRequest r(RTM_NEWNEIGH, NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE);
    ndmsg h{};
    h.ndm_family = address.is_v4() ? AF_INET : AF_INET6;
    h.ndm_ifindex = index_;
    h.ndm_state = NUD_PERMANENT;
    r.header({reinterpret_cast<const std::uint8_t*>(&h), sizeof h});
    r.attribute(NDA_DST, {address.bytes().data(), address.is_v4() ? 4U : 16U});
    r.attribute(NDA_LLADDR, station);
    const int error = route_.ask(r);
    if (error != 0) {
        throw std::system_error(error, std::generic_category(), "neighbour");
    }
}

void DirectorLink::know_server(const Address& server) {
    const Mac station = station_of_server(server);
    if (stations_.emplace(station, server).second) {
        set_neighbour(server, station);
    }
}

std::optional<Address> DirectorLink::server_at(const Mac& station) const {
    const auto found = stations_.find(station);
    return found == stations_.end() ? std::nullopt : std::optional(found->second);
}

void DirectorLink::write_frame(const std::vector<std::uint8_t>& frame) const {
    if (write(device_, frame.data(), frame.size()) < 0) {
        fail("write to the device");
    }
}

std::vector<SeenFrame> DirectorLink::read_frames() const {
    std::vector<SeenFrame> seen;
    std::array<std::uint8_t, 2048> buffer;
    for (;;) {
        const ssize_t got = read(device_, buffer.data(), buffer.size());
        if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            return seen;
        }
        if (got < 0) {
            fail("read from the device");
        }
        if (const auto frame = parse_frame({buffer.data(), static_cast<std::size_t>(got)})) {
            seen.push_back(*frame);
        }
    }
}

std::vector<SeenFrame> DirectorLink::exchange(const Packet& packet) {
    read_frames();
    write_frame(frame_of(packet, gateway_station, director_));
    return read_frames();
}

}  // namespace lvslab::oracle
