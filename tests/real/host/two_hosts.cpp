// SPDX-License-Identifier: GPL-2.0-only
#include "tests/real/host/two_hosts.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <system_error>

namespace lvslab::realmode::testing {
namespace {

using namespace std::chrono_literals;

int checked(int result, const char* what) {
    if (result < 0) {
        throw std::system_error(errno, std::generic_category(), what);
    }
    return result;
}

/// A user who is not root is one in a user namespace, and cannot go back to the network outside.
void be_root() {
    if (::geteuid() == 0) {
        return;
    }
    const auto user = ::geteuid();
    const auto group = ::getegid();
    checked(::unshare(CLONE_NEWUSER | CLONE_NEWNET), "a user namespace of one's own");
    std::ofstream("/proc/self/setgroups") << "deny";
    std::ofstream("/proc/self/uid_map") << fmt::format("0 {} 1", user);
    std::ofstream("/proc/self/gid_map") << fmt::format("0 {} 1", group);
}

int current_namespace() {
    return checked(::open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), "/proc/self/ns/net");
}

sockaddr_in endpoint(std::string_view a, std::uint16_t port) {
    sockaddr_in out{};
    out.sin_family = AF_INET;
    out.sin_port = htons(port);
    out.sin_addr.s_addr = htonl(address(a).v4_host_order());
    return out;
}

/// A link that has carrier drops what is sent until the kernel has dealt with that news.
void wait_for_link(const NetworkNamespace& host, const char* interface) {
    const Inside inside(host);
    const int any = checked(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), "socket");
    ifreq request{};
    std::snprintf(request.ifr_name, sizeof request.ifr_name, "%s", interface);
    const auto end = std::chrono::steady_clock::now() + 20s;
    while (::ioctl(any, SIOCGIFFLAGS, &request) == 0 && (request.ifr_flags & IFF_RUNNING) == 0 &&
           std::chrono::steady_clock::now() < end) {
        ::poll(nullptr, 0, 1);
    }
    ::close(any);
}

}  // namespace

NetworkNamespace::NetworkNamespace() {
    be_root();
    const int before = current_namespace();
    checked(::unshare(CLONE_NEWNET), "a network namespace");
    descriptor_ = current_namespace();
    checked(::setns(before, CLONE_NEWNET), "back from the network namespace");
    ::close(before);
}

NetworkNamespace::~NetworkNamespace() {
    ::close(descriptor_);
}

Inside::Inside(const NetworkNamespace& there) : before_(current_namespace()) {
    checked(::setns(there.descriptor(), CLONE_NEWNET), "into the network namespace");
}

Inside::~Inside() {
    if (::setns(before_, CLONE_NEWNET) != 0) {
        std::abort();  // all that follows would be in the wrong place
    }
    ::close(before_);
}

Address address(std::string_view text) {
    return Address::parse(text).value();
}

TwoHosts::TwoHosts() {
    const auto there = fmt::format("/proc/{}/fd/{}", ::getpid(), second.descriptor());
    ip(first, fmt::format("link set lo up\n"
                          "link add eth0 type veth peer name eth0 netns {0}\n"
                          "link add eth1 type veth peer name eth1 netns {0}\n"
                          "link set eth0 up\nlink set eth1 up\n"
                          "addr add 10.0.0.9/24 dev eth0\naddr add 192.168.10.9/24 dev eth1\n"
                          "addr add 2001:db8::9/64 dev eth0 nodad\n",
                          there));
    ip(second,
       "link set lo up\nlink set eth0 up\nlink set eth1 up\n"
       "addr add 10.0.0.10/24 dev eth0\naddr add 192.168.10.10/24 dev eth1\n"
       "addr add 2001:db8::10/64 dev eth0 nodad\n");
    for (const auto* host : {&first, &second}) {
        wait_for_link(*host, "eth0");
        wait_for_link(*host, "eth1");
    }
}

std::string TwoHosts::ip(const NetworkNamespace& host, const std::string& commands) {
    const Inside inside(host);
    char name[] = "/tmp/ip_batch_XXXXXX";
    const int file = checked(::mkstemp(name), "a file for ip's commands");
    checked(static_cast<int>(::write(file, commands.data(), commands.size())), name);
    ::close(file);
    const auto command = fmt::format("ip -o -batch {} 2>&1", name);
    std::FILE* pipe = ::popen(command.c_str(), "r");
    std::string out;
    for (char buffer[4096]; std::fgets(buffer, sizeof buffer, pipe) != nullptr;) {
        out += buffer;
    }
    const int status = ::pclose(pipe);
    ::unlink(name);
    if (status != 0) {
        throw std::runtime_error(fmt::format("ip -batch: {}\n{}", out, commands));
    }
    return out;
}

bool TwoHosts::until(const std::function<bool()>& it_is_so) {
    const auto end = std::chrono::steady_clock::now() + 20s;
    while (!it_is_so()) {
        if (std::chrono::steady_clock::now() > end) {
            return false;
        }
        loop.restart();
        loop.run_one_for(5ms);
    }
    return true;
}

void TwoHosts::settle() {
    loop.restart();
    while (loop.poll() != 0) {
    }
}

config::LvsConfig TwoHosts::pair() {
    config::LvsConfig config;
    config.location.file = "lvs.cf";
    config.primary = address("10.0.0.9");
    config.backup = address("10.0.0.10");
    config.primary_private = address("192.168.10.9");
    config.backup_private = address("192.168.10.10");
    return config;
}

void wait_for_input(int descriptor) {
    pollfd readable{descriptor, POLLIN, 0};
    ::poll(&readable, 1, 20'000);
}

PlainSocket::PlainSocket(const NetworkNamespace& host, std::string_view own, std::uint16_t port) {
    const Inside inside(host);
    socket_ = checked(::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), "socket");
    const auto to = endpoint(own, port);
    checked(::bind(socket_, reinterpret_cast<const sockaddr*>(&to), sizeof to), "bind");
}

PlainSocket::~PlainSocket() {
    ::close(socket_);
}

void PlainSocket::send(std::string_view to, std::uint16_t port,
                       const std::vector<std::uint8_t>& bytes) {
    const auto where = endpoint(to, port);
    checked(static_cast<int>(::sendto(socket_, bytes.data(), bytes.size(), 0,
                                      reinterpret_cast<const sockaddr*>(&where), sizeof where)),
            "sendto");
}

std::vector<PlainSocket::Datagram> PlainSocket::received() {
    wait_for_input(socket_);
    std::vector<Datagram> out;
    std::vector<std::uint8_t> buffer(65536);
    for (;;) {
        sockaddr_in from{};
        socklen_t size = sizeof from;
        const auto length = ::recvfrom(socket_, buffer.data(), buffer.size(), 0,
                                       reinterpret_cast<sockaddr*>(&from), &size);
        if (length < 0) {
            return out;
        }
        const auto sender = Endpoint{Address::v4(ntohl(from.sin_addr.s_addr)),
                                     Port{static_cast<std::uint16_t>(ntohs(from.sin_port))}};
        out.push_back({{buffer.begin(), buffer.begin() + length}, sender.to_string()});
    }
}

}  // namespace lvslab::realmode::testing
