// SPDX-License-Identifier: GPL-2.0-only
#include "realmode/lab/network_namespace.hpp"

#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <utility>

#include <fmt/format.h>

namespace lvslab::lab {
namespace {

constexpr const char* own_namespace = "/proc/thread-self/ns/net";

[[noreturn]] void fail(const std::string& what) {
    throw std::system_error(errno, std::generic_category(), what);
}

int open_own() {
    const int descriptor = ::open(own_namespace, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) {
        fail(own_namespace);
    }
    return descriptor;
}

/// Where this process was started.
int home() {
    static const int descriptor = open_own();
    return descriptor;
}

void go_home() {
    if (::setns(home(), CLONE_NEWNET) != 0) {
        fail("setns");
    }
}

void write_sysctl(const std::string& name, const std::string& value) {
    auto path = "/proc/sys/" + name;
    const int file = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
    const bool good = file >= 0 && ::write(file, value.data(), value.size()) ==
                                       static_cast<ssize_t>(value.size());
    const int reason = errno;
    if (file >= 0) {
        ::close(file);
    }
    if (!good) {
        errno = reason;
        fail(fmt::format("{} = {}", path, value));
    }
}

void loopback_up() {
    const int socket = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    ifreq request{};
    std::strncpy(request.ifr_name, "lo", sizeof request.ifr_name - 1);
    request.ifr_flags = IFF_UP | IFF_LOOPBACK;
    const bool good = socket >= 0 && ::ioctl(socket, SIOCSIFFLAGS, &request) == 0;
    const int reason = errno;
    if (socket >= 0) {
        ::close(socket);
    }
    if (!good) {
        errno = reason;
        fail("loopback");
    }
}

std::string path_of(std::string sysctl) {
    std::replace(sysctl.begin(), sysctl.end(), '.', '/');
    return sysctl;
}

}  // namespace

NetworkNamespace::NetworkNamespace() {
    home();
    if (::unshare(CLONE_NEWNET) != 0) {
        fail("a new network namespace");
    }
    descriptor_ = open_own();
    for (const auto* scope : {"all", "default"}) {
        write_sysctl(fmt::format("net/ipv6/conf/{}/disable_ipv6", scope), "1");
    }
    loopback_up();
    go_home();
}

NetworkNamespace::~NetworkNamespace() {
    if (descriptor_ >= 0) {
        ::close(descriptor_);
    }
}

NetworkNamespace::NetworkNamespace(NetworkNamespace&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)) {}

NetworkNamespace& NetworkNamespace::operator=(NetworkNamespace&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
}

std::string NetworkNamespace::path() const {
    return fmt::format("/proc/{}/fd/{}", ::getpid(), descriptor_);
}

Inside::Inside(const NetworkNamespace& where) {
    home();
    if (::setns(where.descriptor(), CLONE_NEWNET) != 0) {
        fail("setns");
    }
}

Inside::~Inside() {
    // To go on in another namespace than one thinks would be worse than to end.
    go_home();
}

bool has_sysctl(const NetworkNamespace& where, const std::string& name) {
    const Inside inside(where);
    return ::access(("/proc/sys/" + path_of(name)).c_str(), W_OK) == 0;
}

void set_sysctl(const NetworkNamespace& where, const std::string& name, const std::string& value) {
    const Inside inside(where);
    write_sysctl(path_of(name), value);
}

}  // namespace lvslab::lab
